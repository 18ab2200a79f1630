/* SPDX-License-Identifier: ISC
 *
 * fuzz_delta.c - the first byte says how long the base is; then the base, then a delta of any
 * bytes.  Buffers have their exact size.
 */
#include "delta.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t base_len = size > 0 && data[0] < size ? data[0] : 0;
    struct bough_bytes base = bough_bytes_of(data + (size > 0), base_len);
    struct bough_bytes delta;
    uint64_t base_bytes;
    uint64_t result_bytes;
    size_t head;
    uint8_t *into;

    if (size == 0)
        return 0;
    delta = bough_bytes_of(data + 1 + base_len, size - 1 - base_len);
    if (delta_sizes(delta, &base_bytes, &result_bytes, &head) != BOUGH_OK || result_bytes > 1 << 20)
        return 0;
    if (head > delta.len)
        abort();
    into = malloc(result_bytes + 1);
    (void)!delta_apply(base, delta, into, result_bytes);
    free(into);
    return 0;
}
