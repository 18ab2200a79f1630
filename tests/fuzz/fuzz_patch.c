/* SPDX-License-Identifier: ISC
 *
 * fuzz_patch.c - any bytes as a patch of some base: refused, or a result of the promised length.
 *
 * The first byte says how long the base is, in steps of 8; the base and the patch follow.
 */
#include "bough/env_unix.h"
#include "patch.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bough_env *env;
    size_t base_len = size > 0 ? data[0] * (size_t)8 : 0;
    struct bough_arena arena;
    struct bough_bytes result;

    if (env == NULL)
        env = bough_env_unix_open((size_t)64 << 20);
    if (env == NULL || size < 1 + base_len)
        return 0;
    for (size_t unit = 1; unit <= 8; unit += 7) {
        struct decode in = decode_from(bough_bytes_of(data + 1 + base_len, size - 1 - base_len));

        bough_arena_init(&arena, env->heap, (size_t)32 << 20);
        if (patch_apply(&in, bough_bytes_of(data + 1, base_len), unit, (size_t)16 << 20, &arena,
                        &result) == BOUGH_OK &&
            (result.len % unit != 0 || result.len > (size_t)16 << 20))
            abort();
        bough_arena_release(&arena);
    }
    return 0;
}
