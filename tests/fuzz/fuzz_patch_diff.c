/* SPDX-License-Identifier: ISC
 *
 * fuzz_patch_diff.c - any two rows: their difference makes the one of the other.
 *
 * The first byte says how long the base is, in steps of 8; the base and the result follow.
 */
#include "bough/env_unix.h"
#include "patch_diff.h"
#include <stdlib.h>

#define PATCH_BYTES_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the difference and applies it. */
static void check(struct bough_bytes base, struct bough_bytes result, size_t unit,
                  struct bough_arena *arena)
{
    uint8_t *into = bough_arena_take(arena, PATCH_BYTES_MAX);
    struct encode out = encode_into(into, PATCH_BYTES_MAX);
    struct bough_bytes made;
    struct decode in;

    if (into == NULL || patch_diff(base, result, unit, arena, &out) != BOUGH_OK || out.overflow)
        abort();
    in = decode_from(bough_bytes_of(out.at, out.len));
    if (patch_apply(&in, base, unit, PATCH_BYTES_MAX, arena, &made) != BOUGH_OK || in.left > 0 ||
        !bough_bytes_equal(made, result))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bough_env *env;
    size_t base_len = size > 0 ? data[0] * (size_t)8 : 0;
    struct bough_arena arena;

    if (env == NULL)
        env = bough_env_unix_open((size_t)64 << 20);
    if (env == NULL || size < 1 + base_len || size > (size_t)1 << 16)
        return 0;
    for (size_t unit = 1; unit <= 8; unit += 7) {
        size_t len = (size - 1 - base_len) / unit * unit;

        bough_arena_init(&arena, env->heap, (size_t)32 << 20);
        check(bough_bytes_of(data + 1, base_len), bough_bytes_of(data + 1 + base_len, len), unit,
              &arena);
        bough_arena_release(&arena);
    }
    return 0;
}
