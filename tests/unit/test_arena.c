/* SPDX-License-Identifier: ISC
 *
 * test_arena.c - arenas stay within their limit, align, and give everything back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/arena.h"
#include "host_env.h"
#include "test_seed.h"

static void test_arena__pieces_do_not_overlap_and_marks_nest(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_arena arena;
    struct bough_arena_mark marks[8];
    struct {
        uint8_t *at;
        size_t len;
        uint8_t fill;
    } pieces[64];
    size_t counts[8];
    size_t count = 0;
    size_t depth = 0;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    for (int step = 0; step < 20000; step++) {
        unsigned what = (unsigned)test_below(&seed, 8);

        if (what < 6 && count < 64) {
            size_t len = test_below(&seed, test_below(&seed, 9) == 0 ? 100000 : 200);

            pieces[count].at = bough_arena_take(&arena, len);
            assert_non_null(pieces[count].at);
            assert_int_equal((uintptr_t)pieces[count].at % 16, 0);
            pieces[count].len = len;
            pieces[count].fill = (uint8_t)step;
            memset(pieces[count++].at, step & 255, len);
        } else if (what == 6 && depth < 8) {
            counts[depth] = count;
            marks[depth++] = bough_arena_now(&arena);
        } else if (depth > 0) {
            bough_arena_back(&arena, marks[--depth]);
            count = counts[depth];
        } else {
            bough_arena_release(&arena);
            count = 0;
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < pieces[i].len; k += 97)
                assert_int_equal(pieces[i].at[k], pieces[i].fill);
        }
    }
    bough_arena_release(&arena);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_arena__the_limit_holds(void **unused)
{
    struct bough_arena arena;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 10000);
    assert_non_null(bough_arena_take(&arena, 9900));
    assert_null(bough_arena_take(&arena, 200));
    assert_true(arena.taken_bytes <= 10000);
    assert_null(bough_arena_take(&arena, SIZE_MAX));
    assert_null(bough_arena_zeros(&arena, SIZE_MAX / 2, 3));
    bough_arena_release(&arena);
    bough_arena_init(&arena, host_env()->heap, 10000);
    assert_null(bough_arena_take(&arena, 10000)); /* its own header counts */
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__pieces_do_not_overlap_and_marks_nest),
        cmocka_unit_test(test_arena__the_limit_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
