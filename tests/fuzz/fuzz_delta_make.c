/* SPDX-License-Identifier: ISC
 *
 * fuzz_delta_make.c - the first byte says how long the base is (in sixteenths of the input), the
 * rest is base and target; the delta that is made must give the target when it is applied.
 */
#include "delta.h"
#include "delta_make.h"
#include "host_env.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t base_len = size > 0 ? (size - 1) * (data[0] % 16u) / 16 : 0;
    struct bough_bytes base;
    struct bough_bytes target;
    struct buffer out;
    uint8_t *into;

    if (size == 0)
        return 0;
    base = bough_bytes_of(data + 1, base_len);
    target = bough_bytes_of(data + 1 + base_len, size - 1 - base_len);
    buffer_init(&out, host_env()->heap, 1 << 24);
    if (delta_make(host_env()->heap, base, target, size, &out) == BOUGH_OK) {
        into = malloc(target.len + 1);
        if (out.len > size || delta_apply(base, buffer_bytes(&out), into, target.len) != BOUGH_OK ||
            memcmp(into, target.at, target.len) != 0)
            abort();
        free(into);
    }
    buffer_release(&out);
    return 0;
}
