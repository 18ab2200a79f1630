/* SPDX-License-Identifier: ISC
 *
 * test_patch.c - a patch makes what it was made for, and bad ones are refused.
 *
 * How: random rows of units are edited at random, the patch is made along with the edit and then
 * applied; the result must be the edited row.  Then each patch is cut short and changed: it may be
 * refused or make something else, but nothing is read or written out of bounds (the sanitizers
 * watch).
 */
#include "host_env.h"
#include "patch.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define UNITS_MAX 400

static uint8_t base[UNITS_MAX * 8];
static uint8_t edited[UNITS_MAX * 2 * 8];
static uint8_t encoded[UNITS_MAX * 2 * 8 + 4000];

static void fill(uint64_t *seed, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)test_below(seed, 256);
}

/* Edits `count` units of the base; the patch is left in `encoded`. */
static size_t edit(uint64_t *seed, size_t unit, uint64_t count, uint64_t *edited_count)
{
    struct patch patch;
    struct encode out;
    uint64_t at = 0;
    uint64_t plan[3 * UNITS_MAX];
    size_t steps = 0;

    *edited_count = 0;
    while (at < count && steps < 3 * (UNITS_MAX - 1)) {
        uint64_t keep = test_below(seed, 20);
        uint64_t drop = test_below(seed, 3);
        uint64_t add = test_below(seed, 4);

        keep = keep > count - at ? count - at : keep;
        drop = drop > count - at - keep ? count - at - keep : drop;
        if (*edited_count + keep + add > UNITS_MAX * 2)
            break;
        memcpy(edited + *edited_count * unit, base + at * unit, keep * unit);
        *edited_count += keep;
        fill(seed, edited + *edited_count * unit, add * unit);
        *edited_count += add;
        at += keep + drop;
        plan[steps++] = keep;
        plan[steps++] = drop;
        plan[steps++] = add;
    }
    patch_begin(&patch, encode_into(encoded, sizeof(encoded)), unit, *edited_count);
    at = 0;
    for (size_t i = 0; i < steps; i += 3) {
        at += plan[i];
        patch_keep(&patch, plan[i]);
        patch_drop(&patch, plan[i + 1]);
        patch_add(&patch, bough_bytes_of(edited + at * unit, plan[i + 2] * unit));
        at += plan[i + 2];
    }
    out = patch_end(&patch);
    assert_false(out.overflow);
    return out.len;
}

static void test_patch__makes_what_it_was_made_for(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 3000; round++) {
        size_t unit = test_below(&seed, 2) == 0 ? 1 : 8;
        uint64_t count = test_below(&seed, UNITS_MAX);
        uint64_t edited_count;
        struct bough_arena arena;
        struct bough_bytes result;
        struct decode in;
        size_t len;

        fill(&seed, base, count * unit);
        len = edit(&seed, unit, count, &edited_count);
        bough_arena_init(&arena, host_env()->heap, 1 << 20);
        in = decode_from(bough_bytes_of(encoded, len));
        assert_int_equal(patch_apply(&in, bough_bytes_of(base, count * unit), unit, sizeof(edited),
                                     &arena, &result),
                         BOUGH_OK);
        assert_int_equal(in.left, 0);
        assert_int_equal(result.len, edited_count * unit);
        if (result.len > 0)
            assert_memory_equal(result.at, edited, result.len);
        bough_arena_release(&arena);
    }
}

static void test_patch__bad_ones_are_refused_or_harmless(void **unused)
{
    uint64_t seed = test_seed();
    unsigned refused = 0;

    (void)unused;
    for (int round = 0; round < 3000; round++) {
        uint64_t count = test_below(&seed, UNITS_MAX);
        uint64_t edited_count;
        struct bough_arena arena;
        struct bough_bytes result;
        struct decode in;
        size_t len;

        fill(&seed, base, count);
        len = edit(&seed, 1, count, &edited_count);
        if (test_below(&seed, 2) == 0)
            len = test_below(&seed, len);
        else
            encoded[test_below(&seed, len < 8 ? len : 8)] ^= (uint8_t)(1 + test_below(&seed, 255));
        bough_arena_init(&arena, host_env()->heap, 1 << 20);
        in = decode_from(bough_bytes_of(encoded, len));
        refused += patch_apply(&in, bough_bytes_of(base, count), 1, sizeof(edited), &arena,
                               &result) == BOUGH_CORRUPT;
        bough_arena_release(&arena);
    }
    assert_true(refused > 1000);
}

static void test_patch__one_that_makes_too_much_is_refused(void **unused)
{
    struct bough_arena arena;
    struct bough_bytes result;
    struct patch patch;
    struct encode out;
    struct decode in;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    patch_begin(&patch, encode_into(encoded, sizeof(encoded)), 1, 100);
    patch_keep(&patch, 100);
    out = patch_end(&patch);
    in = decode_from(bough_bytes_of(encoded, out.len));
    assert_int_equal(patch_apply(&in, bough_bytes_of(base, 100), 1, 99, &arena, &result),
                     BOUGH_CORRUPT);
    in = decode_from(bough_bytes_of(encoded, out.len));
    assert_int_equal(patch_apply(&in, bough_bytes_of(base, 100), 1, 100, &arena, &result),
                     BOUGH_OK);
    in = decode_from(bough_bytes_of(encoded, out.len));
    assert_int_equal(patch_apply(&in, bough_bytes_of(base, 99), 1, 100, &arena, &result),
                     BOUGH_CORRUPT);
    bough_arena_release(&arena);
}

/* Behind a patch another one may stand, so no hunk is left over. */
static void test_patch__nothing_is_left_behind_an_empty_result(void **unused)
{
    struct bough_arena arena;
    struct bough_bytes result;
    struct patch patch;
    struct encode out;
    struct decode in;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    patch_begin(&patch, encode_into(encoded, sizeof(encoded)), 8, 0);
    patch_drop(&patch, 5);
    out = patch_end(&patch);
    in = decode_from(bough_bytes_of(encoded, out.len));
    assert_int_equal(patch_apply(&in, bough_bytes_of(base, 40), 8, 100, &arena, &result), BOUGH_OK);
    assert_int_equal(result.len, 0);
    assert_int_equal(in.left, 0);
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patch__makes_what_it_was_made_for),
        cmocka_unit_test(test_patch__bad_ones_are_refused_or_harmless),
        cmocka_unit_test(test_patch__nothing_is_left_behind_an_empty_result),
        cmocka_unit_test(test_patch__one_that_makes_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
