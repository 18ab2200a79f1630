/* SPDX-License-Identifier: ISC
 *
 * test_patch_diff.c - a difference makes what it was made for, and is short.
 *
 * How: rows like those of nodes (sorted keys that begin alike, values at random) are edited, the
 * difference is taken and applied; the result must be the edited row, and the patches no longer
 * than what was edited and a little for each edit.  Rows that repeat themselves, and unrelated
 * ones, must come out right, too, however long their patch is.
 */
#include "host_env.h"
#include "patch_diff.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define ITEMS_MAX 60
#define ROW_MAX   16000
#define EDIT_COST 24 /* bytes of a patch for one edit beyond what it adds */

struct item {
    uint32_t number;
    size_t len;
    uint8_t bytes[200];
};

struct row {
    struct item items[ITEMS_MAX + 20];
    size_t count;
};

static uint8_t encoded[4 * ROW_MAX];

/* Applies the difference; answers its length. */
static size_t check(struct bough_bytes base, struct bough_bytes result, size_t unit)
{
    struct encode out = encode_into(encoded, sizeof(encoded));
    struct bough_arena arena;
    struct bough_bytes made;
    struct decode in;

    bough_arena_init(&arena, host_env()->heap, (size_t)4 << 20);
    assert_int_equal(patch_diff(base, result, unit, &arena, &out), BOUGH_OK);
    assert_false(out.overflow);
    in = decode_from(bough_bytes_of(out.at, out.len));
    assert_int_equal(patch_apply(&in, base, unit, ROW_MAX, &arena, &made), BOUGH_OK);
    assert_int_equal(in.left, 0);
    assert_true(bough_bytes_equal(made, result));
    bough_arena_release(&arena);
    return out.len;
}

/* An item as a node has it: a key that begins as all others do, and a value or hash. */
static struct item make_item(uint64_t *seed, uint32_t number, size_t value_len)
{
    struct item item = {.number = number};

    item.len =
        (size_t)snprintf((char *)item.bytes, sizeof(item.bytes), "%cuser/profile/%08u", 21, number);
    for (size_t i = 0; i < value_len; i++)
        item.bytes[item.len++] = (uint8_t)test_below(seed, 256);
    return item;
}

static size_t lay_out(const struct row *row, uint8_t *into)
{
    size_t len = 0;

    for (size_t i = 0; i < row->count; i++) {
        memcpy(into + len, row->items[i].bytes, row->items[i].len);
        len += row->items[i].len;
    }
    return len;
}

/* Inserts, removes or changes one item; answers the bytes that came. */
static size_t edit(uint64_t *seed, struct row *row, size_t value_len)
{
    size_t at = test_below(seed, row->count);
    size_t left = row->count - at;
    size_t what = test_below(seed, 3);

    if (what == 0 && row->count > 4) {
        memmove(&row->items[at], &row->items[at + 1], (left - 1) * sizeof(row->items[0]));
        row->count--;
        return 0;
    }
    if (what == 1 && row->count < ITEMS_MAX) {
        memmove(&row->items[at + 1], &row->items[at], left * sizeof(row->items[0]));
        row->count++;
        row->items[at] = make_item(seed, row->items[at + 1].number - 1, value_len);
        return row->items[at].len;
    }
    row->items[at] = make_item(seed, row->items[at].number, value_len);
    return value_len;
}

static void test_patch_diff__edits_of_nodes_cost_what_they_change(void **unused)
{
    static uint8_t before[ROW_MAX];
    static uint8_t after[ROW_MAX];
    static struct row row;
    uint64_t seed = test_seed();
    size_t patches = 0;
    size_t allowed = 0;

    (void)unused;
    for (int round = 0; round < 2000; round++) {
        size_t value_len = test_below(&seed, 2) == 0 ? 33 : 100;
        size_t edits = 1 + test_below(&seed, 6);
        size_t came = 0;
        size_t before_len;

        row.count = 4 + test_below(&seed, ITEMS_MAX - 4);
        for (size_t i = 0; i < row.count; i++)
            row.items[i] =
                make_item(&seed, (uint32_t)(i * 1000 + test_below(&seed, 900) + 10), value_len);
        before_len = lay_out(&row, before);
        for (size_t i = 0; i < edits; i++)
            came += edit(&seed, &row, value_len);
        patches += check(bough_bytes_of(before, before_len),
                         bough_bytes_of(after, lay_out(&row, after)), 1);
        allowed += came + edits * EDIT_COST;
    }
    /* Now and then an anchor is chosen badly, so all are judged together. */
    printf("patches %zu, allowed %zu\n", patches, allowed);
    assert_true(patches <= allowed);
}

static void test_patch_diff__all_children_changed_keeps_their_keys(void **unused)
{
    static uint8_t before[ROW_MAX];
    static uint8_t after[ROW_MAX];
    static struct row row = {.count = 20};
    uint64_t seed = test_seed();
    size_t before_len;

    (void)unused;
    for (size_t i = 0; i < row.count; i++)
        row.items[i] = make_item(&seed, (uint32_t)i * 7919, 32);
    before_len = lay_out(&row, before);
    for (size_t i = 0; i < row.count; i++)
        row.items[i] = make_item(&seed, row.items[i].number, 32);
    assert_true(check(bough_bytes_of(before, before_len),
                      bough_bytes_of(after, lay_out(&row, after)), 1) <= 20 * (32 + 6));
}

static void test_patch_diff__addresses_are_units(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 2000; round++) {
        uint64_t before[100];
        uint64_t after[110];
        size_t count = test_below(&seed, 100);
        size_t after_count = 0;
        size_t changed = 0;

        for (size_t i = 0; i < count; i++) {
            before[i] = test_below(&seed, 8) == 0 ? 0 : test_random(&seed);
            if (test_below(&seed, 10) == 0) {
                changed++;
                if (test_below(&seed, 3) == 0)
                    continue;
                after[after_count++] = test_random(&seed);
                continue;
            }
            after[after_count++] = before[i];
        }
        assert_true(check(bough_bytes_of(before, count * 8), bough_bytes_of(after, after_count * 8),
                          8) <= 16 + changed * 24 + after_count);
    }
}

static void test_patch_diff__any_two_rows(void **unused)
{
    static uint8_t before[ROW_MAX];
    static uint8_t after[ROW_MAX];
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 1000; round++) {
        size_t kinds = 1 + test_below(&seed, 4);
        size_t before_len = test_below(&seed, 2000) & ~(size_t)7;
        size_t after_len = test_below(&seed, 2000) & ~(size_t)7;

        for (size_t i = 0; i < before_len; i++)
            before[i] = (uint8_t)test_below(&seed, kinds);
        for (size_t i = 0; i < after_len; i++)
            after[i] = (uint8_t)test_below(&seed, kinds);
        (void)check(bough_bytes_of(before, before_len), bough_bytes_of(after, after_len), 1);
        (void)check(bough_bytes_of(before, before_len), bough_bytes_of(after, after_len), 8);
    }
}

static void test_patch_diff__too_little_room_is_told(void **unused)
{
    static const uint8_t before[100];
    uint8_t after[100];
    struct encode out = encode_into(encoded, 50);
    struct bough_arena arena;

    (void)unused;
    for (size_t i = 0; i < sizeof(after); i++)
        after[i] = (uint8_t)(i + 1);
    bough_arena_init(&arena, host_env()->heap, 4 << 20);
    assert_int_equal(patch_diff(bough_bytes_of(before, sizeof(before)),
                                bough_bytes_of(after, sizeof(after)), 1, &arena, &out),
                     BOUGH_OK);
    assert_true(out.overflow);
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patch_diff__edits_of_nodes_cost_what_they_change),
        cmocka_unit_test(test_patch_diff__all_children_changed_keeps_their_keys),
        cmocka_unit_test(test_patch_diff__addresses_are_units),
        cmocka_unit_test(test_patch_diff__any_two_rows),
        cmocka_unit_test(test_patch_diff__too_little_room_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
