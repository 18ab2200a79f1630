/* SPDX-License-Identifier: ISC
 *
 * test_env_unix.c - the ports of a host process keep their contracts.
 *
 * Proves it by asking for one byte more than a limit, by keeping a pattern in every piece that was
 * taken, by filling twice and comparing, and by reading what a line becomes on the other end of a
 * pipe put in stderr's place.  Under a sanitizer memory is malloc's, and there are no ranges.
 */
#include "env_unix.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_heap_unix__one_byte_past_the_limit_is_null(void **state)
{
    struct heap_unix heap;
    void *at;

    (void)state;
    heap_unix_init(&heap, 1000);
    at = bough_heap_take(&heap.base, 1000);
    assert_non_null(at);
    assert_null(bough_heap_take(&heap.base, 1));
    bough_heap_give(&heap.base, at, 1000);
    assert_int_equal(heap.base.taken_bytes, 0);
    assert_int_equal(heap.base.taken_bytes_max, 1000);
    assert_null(bough_heap_take(&heap.base, 1001));
}

#define PIECE_COUNT 400u

/* A node, a chunk of an arena, or a table. */
static size_t draw_size(uint64_t *random)
{
    uint64_t kind = test_below(random, 64);

    return 1 + (size_t)test_below(random, kind == 0   ? (uint64_t)3 << 20
                                          : kind < 16 ? (uint64_t)300 << 10
                                                      : 3000);
}

static void test_heap_unix__pieces_of_all_sizes_keep_their_bytes(void **state)
{
    struct {
        uint8_t *at;
        size_t bytes;
    } pieces[PIECE_COUNT] = {0};
    struct heap_unix heap;
    uint64_t random = test_seed();

    (void)state;
    heap_unix_init(&heap, SIZE_MAX);
    for (uint32_t step = 0; step < 20000; step++) {
        size_t i = (size_t)test_below(&random, PIECE_COUNT);

        if (pieces[i].at != NULL) {
            for (size_t k = 0; k < pieces[i].bytes; k += 1 + k / 2)
                assert_int_equal(pieces[i].at[k], (uint8_t)i);
            bough_heap_give(&heap.base, pieces[i].at, pieces[i].bytes);
            pieces[i].at = NULL;
            continue;
        }
        pieces[i].bytes = draw_size(&random);
        pieces[i].at = bough_heap_take(&heap.base, pieces[i].bytes);
        assert_non_null(pieces[i].at);
        assert_int_equal((uintptr_t)pieces[i].at % 16, 0);
        memset(pieces[i].at, (int)i, pieces[i].bytes);
    }
    for (size_t i = 0; i < PIECE_COUNT; i++)
        bough_heap_give(&heap.base, pieces[i].at, pieces[i].bytes);
    assert_int_equal(heap.base.taken_bytes, 0);
    assert_null(heap.pieces.at);
    assert_null(heap.rows.at);
}

static void test_heap_unix__rows_that_grew_large_go_back_before_the_pieces(void **state)
{
    const size_t row_bytes = (size_t)256 << 10;
    struct heap_unix heap;
    void *rows[64];
    void *piece;

    (void)state;
    heap_unix_init(&heap, (size_t)64 << 20);
    piece = bough_heap_take(&heap.base, 100);
    assert_non_null(piece);
    for (size_t i = 0; i < 64; i++) {
        rows[i] = bough_heap_take(&heap.base, row_bytes);
        assert_non_null(rows[i]);
    }
    for (size_t i = 0; i < 64; i++)
        bough_heap_give(&heap.base, rows[i], row_bytes);
    assert_null(heap.rows.at);
    bough_heap_give(&heap.base, piece, 100);
    assert_null(heap.pieces.at);
}

static void test_clock_unix__time_does_not_go_back(void **state)
{
    struct env_unix env;
    uint64_t last = 0;

    (void)state;
    env_unix_open(&env, 1);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = bough_clock_now_ns(env.base.clock);

        assert_true(now >= last);
        last = now;
    }
    assert_true(bough_clock_wall_ns(env.base.clock) > 1577836800ull * 1000000000u); /* 2020 */
}

static void test_entropy_unix__two_fills_differ(void **state)
{
    struct env_unix env;
    unsigned char a[4096] = {0};
    unsigned char b[4096] = {0};

    (void)state;
    env_unix_open(&env, 1);
    assert_int_equal(bough_entropy_fill(env.base.entropy, a, sizeof(a)), BOUGH_OK);
    assert_int_equal(bough_entropy_fill(env.base.entropy, b, sizeof(b)), BOUGH_OK);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void test_log_unix__an_event_is_one_printable_line(void **state)
{
    struct env_unix env;
    char got[512] = {0};
    int pipe_ends[2];
    int saved = dup(STDERR_FILENO);
    ssize_t len;

    (void)state;
    env_unix_open(&env, 1);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    bough_log(env.base.log, BOUGH_DEBUG, "part", "below the level");
    bough_log(env.base.log, BOUGH_WARN, "part", "a\nb\033[1m%d", 7);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    len = read(pipe_ends[0], got, sizeof(got) - 1);
    close(pipe_ends[0]);
    assert_true(len > 0);
    assert_non_null(strstr(got, "] warn  part: a?b?[1m7\n"));
    assert_ptr_equal(strchr(got, '\n'), got + len - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_unix__one_byte_past_the_limit_is_null),
        cmocka_unit_test(test_heap_unix__pieces_of_all_sizes_keep_their_bytes),
        cmocka_unit_test(test_heap_unix__rows_that_grew_large_go_back_before_the_pieces),
        cmocka_unit_test(test_clock_unix__time_does_not_go_back),
        cmocka_unit_test(test_entropy_unix__two_fills_differ),
        cmocka_unit_test(test_log_unix__an_event_is_one_printable_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
