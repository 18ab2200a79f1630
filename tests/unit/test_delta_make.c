/* SPDX-License-Identifier: ISC
 *
 * test_delta_make.c - whatever the two objects are, a delta that was made and is applied gives the
 * target; and where the two are alike it is short.  Histories are random, their seed is printed.
 */
#include "delta.h"
#include "delta_make.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define OBJECT_BYTES_MAX (256u << 10)

/* Makes, applies and compares; the delta's length, or 0 when there was none of `max_bytes`. */
static size_t round_trip(struct bough_bytes base, struct bough_bytes target, size_t max_bytes)
{
    uint8_t *result = malloc(target.len + 1);
    struct buffer out;
    enum bough_err err;
    size_t len;

    buffer_init(&out, host_env()->heap, 4u << 20);
    assert_int_equal(buffer_text(&out, "kept"), BOUGH_OK);
    err = delta_make(host_env()->heap, base, target, max_bytes, &out);
    assert_memory_equal(out.at, "kept", 4);
    len = out.len - 4;
    if (err == BOUGH_OK) {
        assert_in_range(len, 1, max_bytes);
        assert_int_equal(delta_apply(base, bough_bytes_of(out.at + 4, len), result, target.len),
                         BOUGH_OK);
        assert_memory_equal(result, target.at, target.len);
    } else {
        assert_int_equal(err, BOUGH_NOT_FOUND);
        assert_int_equal(len, 0);
    }
    buffer_release(&out);
    free(result);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return len;
}

/* A number below `below`. */
static size_t dice(uint64_t *state, size_t below)
{
    return (size_t)(test_random(state) % below);
}

/* Fills bytes: random ones, text of few words, or long runs of one byte. */
static void fill(uint64_t *state, uint8_t *at, size_t len)
{
    size_t how = dice(state, 3);

    for (size_t i = 0; i < len; i++) {
        if (how == 0)
            at[i] = (uint8_t)dice(state, 256);
        else if (how == 1)
            at[i] = (uint8_t) "the tree of a commit\n"[(i / 7 * dice(state, 2) + i) % 21];
        else
            at[i] = (uint8_t)(i / 5000);
    }
}

/* A changed copy of `base`: runs are kept, dropped, doubled, moved, or written anew. */
static size_t change(uint64_t *state, struct bough_bytes base, uint8_t *into)
{
    size_t len = 0;

    for (size_t at = 0; at < base.len;) {
        size_t part = 1 + dice(state, base.len / (1 + dice(state, 20)) + 1);
        size_t from = at;
        size_t what = dice(state, 10);

        if (part > base.len - at)
            part = base.len - at;
        if (len + 2 * part > 2 * OBJECT_BYTES_MAX)
            break;
        if (what == 0)
            from = dice(state, base.len - part + 1);
        memcpy(into + len, base.at + from, part);
        if (what == 1)
            part = part < 60 ? part : 60;
        if (what == 2) {
            part = part < 60 ? part : 60;
            fill(state, into + len, part);
        }
        len += what == 3 ? 0 : part;
        at += what == 4 ? 0 : part;
    }
    return len;
}

static void test_delta_make__applied_it_gives_the_target(void **unused)
{
    uint64_t state = test_seed();
    uint8_t *base = malloc(OBJECT_BYTES_MAX);
    uint8_t *target = malloc(2 * OBJECT_BYTES_MAX);
    unsigned found = 0;

    (void)unused;
    for (unsigned i = 0; i < 600; i++) {
        size_t len = dice(&state, i % 10 == 0 ? OBJECT_BYTES_MAX : 3000);
        size_t target_len;

        fill(&state, base, len);
        if (i % 7 == 0) {
            target_len = dice(&state, 5000);
            fill(&state, target, target_len);
        } else {
            target_len = change(&state, bough_bytes_of(base, len), target);
        }
        found += round_trip(bough_bytes_of(base, len), bough_bytes_of(target, target_len),
                            target_len) > 0;
    }
    assert_in_range(found, 300, 600);
    free(base);
    free(target);
}

static void test_delta_make__one_change_in_the_middle_costs_a_few_bytes(void **unused)
{
    static uint8_t base[100000];
    static uint8_t target[100000];
    uint64_t state = 7;

    (void)unused;
    for (size_t i = 0; i < sizeof(base); i++)
        base[i] = (uint8_t)dice(&state, 256);
    memcpy(target, base, sizeof(base));
    memset(target + 50000, 'x', 20);
    assert_in_range(round_trip(bough_bytes_of(base, sizeof(base)),
                               bough_bytes_of(target, sizeof(target)), 1000),
                    1, 50);
}

static void test_delta_make__what_moved_is_found(void **unused)
{
    static uint8_t base[40000];
    static uint8_t target[40000];
    uint64_t state = 9;

    (void)unused;
    for (size_t i = 0; i < sizeof(base); i++)
        base[i] = (uint8_t)dice(&state, 256);
    memcpy(target, base + 20011, 19989);
    memcpy(target + 19989, base, 20011);
    assert_in_range(round_trip(bough_bytes_of(base, sizeof(base)),
                               bough_bytes_of(target, sizeof(target)), 1000),
                    1, 60);
}

static void test_delta_make__the_limit_holds(void **unused)
{
    static const char base[] = "The quick brown fox jumps over the lazy dog, and then again.";
    static const char target[] = "The quick brown fox does not jump over the lazy dog, then again.";
    size_t len = round_trip(bough_bytes_text(base), bough_bytes_text(target), 1000);

    (void)unused;
    assert_in_range(len, 1, sizeof(target));
    assert_int_equal(round_trip(bough_bytes_text(base), bough_bytes_text(target), len), len);
    assert_int_equal(round_trip(bough_bytes_text(base), bough_bytes_text(target), len - 1), 0);
}

static void test_delta_make__short_and_equal_objects_are_no_trouble(void **unused)
{
    char text[70];

    (void)unused;
    memset(text, 'a', sizeof(text));
    for (size_t base = 0; base < sizeof(text); base++) {
        for (size_t target = 0; target < sizeof(text); target++)
            (void)round_trip(bough_bytes_of(text, base), bough_bytes_of(text, target), 1000);
    }
    assert_int_equal(round_trip(bough_bytes_text(""), bough_bytes_text("x"), 1000), 0);
    assert_in_range(round_trip(bough_bytes_of(text, 70), bough_bytes_of(text, 70), 1000), 4, 5);
}

static void test_delta_make__without_memory_nothing_is_left(void **unused)
{
    static uint8_t base[4000];
    static uint8_t target[4000];
    struct bough_heap *heap = host_env()->heap;
    size_t limit_bytes = heap->limit_bytes;
    uint64_t state = 11;
    struct buffer out;

    (void)unused;
    for (size_t i = 0; i < sizeof(base); i++)
        base[i] = target[i] = (uint8_t)dice(&state, 256);
    for (size_t i = 100; i < sizeof(base); i += 500)
        target[i] ^= 1;
    buffer_init(&out, heap, 1 << 20);
    assert_int_equal(buffer_reserve(&out, 4000), BOUGH_OK);
    heap->limit_bytes = heap->taken_bytes;
    assert_int_equal(delta_make(heap, bough_bytes_of(base, sizeof(base)),
                                bough_bytes_of(target, sizeof(target)), 4000, &out),
                     BOUGH_NO_MEMORY);
    assert_int_equal(out.len, 0);
    heap->limit_bytes = limit_bytes;
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta_make__applied_it_gives_the_target),
        cmocka_unit_test(test_delta_make__one_change_in_the_middle_costs_a_few_bytes),
        cmocka_unit_test(test_delta_make__what_moved_is_found),
        cmocka_unit_test(test_delta_make__the_limit_holds),
        cmocka_unit_test(test_delta_make__short_and_equal_objects_are_no_trouble),
        cmocka_unit_test(test_delta_make__without_memory_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
