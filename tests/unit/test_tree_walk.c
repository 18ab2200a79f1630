/* SPDX-License-Identifier: ISC
 *
 * test_tree_walk.c - walks and cursors meet exactly what they should, in order.
 *
 * How: a seeded tree of paths that are hard to order is compared with the sorted list of the same
 * paths, for random prefixes and places to start from.
 */
#include "hard_paths.h"

static void test_tree_walk__meets_what_has_the_prefix_and_comes_after(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_tree tree = hard_paths_build(store, &seed);

    (void)unused;
    for (int i = 0; i < 600; i++) {
        struct bough_arena arena = store_setup_arena();
        const char *near = paths[test_below(&seed, path_count)];
        struct bough_bytes prefix = {.at = (const uint8_t *)near,
                                     .len = test_below(&seed, strlen(near) + 1)};
        const char *start = paths[test_below(&seed, path_count)];
        struct bough_bytes after = {.at = (const uint8_t *)start,
                                    .len = test_below(&seed, strlen(start) + 1)};
        struct bough_tree_walk walk;
        struct bough_bytes path;
        struct bough_entry entry;

        if (test_below(&seed, 2) == 0)
            after.len = 0;
        assert_int_equal(bough_tree_walk_open(&walk, store, &tree, prefix, after, &arena),
                         BOUGH_OK);
        for (size_t at = 0; at < path_count; at++) {
            struct bough_bytes expected = bough_bytes_text(paths[at]);

            if (!bough_bytes_starts(expected, prefix) ||
                (after.len > 0 && bough_bytes_compare(expected, after) <= 0))
                continue;
            assert_int_equal(bough_tree_walk_next(&walk, &path, &entry), BOUGH_OK);
            assert_true(bough_bytes_equal(path, expected));
            assert_true(bough_bytes_equal(entry.value.data, expected));
        }
        assert_int_equal(bough_tree_walk_next(&walk, &path, &entry), BOUGH_NOT_FOUND);
        bough_arena_release(&arena);
    }
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_tree_walk__skip_leaves_out_all_that_has_the_prefix(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_tree tree = hard_paths_build(store, &seed);
    struct bough_arena arena = store_setup_arena();
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry entry;
    size_t at = 0;

    (void)unused;
    assert_int_equal(bough_tree_walk_open(&walk, store, &tree, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    while (bough_tree_walk_next(&walk, &path, &entry) == BOUGH_OK) {
        struct bough_bytes prefix = bough_bytes_text(paths[at]);

        assert_true(bough_bytes_equal(path, prefix));
        prefix.len = 1 + test_below(&seed, prefix.len);
        assert_int_equal(bough_tree_walk_skip(&walk, prefix), BOUGH_OK);
        while (at < path_count && bough_bytes_starts(bough_bytes_text(paths[at]), prefix))
            at++;
    }
    assert_int_equal(at, path_count);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_tree_walk__a_long_walk_takes_fixed_memory(void **unused)
{
    static char names[50000][16];
    static struct bough_edit edits[50000];
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree = {0};
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry entry;
    size_t count = 0;
    size_t taken = 0;

    (void)unused;
    for (int i = 0; i < 50000; i++) {
        sprintf(names[i], "k%06d", i);
        edits[i].path = bough_bytes_text(names[i]);
        edits[i].entry.mode = BOUGH_MODE_FILE;
    }
    assert_int_equal(bough_tree_edit(store, &tree, edits, 50000, &arena, NULL, &tree), BOUGH_OK);
    bough_arena_release(&arena);
    assert_int_equal(bough_tree_walk_open(&walk, store, &tree, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    while (bough_tree_walk_next(&walk, &path, &entry) == BOUGH_OK) {
        if (++count == 1000)
            taken = arena.taken_bytes;
    }
    assert_int_equal(count, 50000);
    assert_true(arena.taken_bytes <= taken + (64u << 10));
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_tree_walk__a_cursor_seeks_by_git_s_order(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    static const char *const steps[] = {"a-b", "a.b", "a/x", "a0"};
    struct bough_edit edits[4];
    struct bough_tree tree = {0};
    struct bough_tree_cursor cursor;
    struct bough_entry entry;

    (void)unused;
    for (int i = 0; i < 4; i++)
        edits[i] = (struct bough_edit){.path = bough_bytes_text(steps[3 - i]),
                                       .entry = {.mode = BOUGH_MODE_FILE}};
    assert_int_equal(bough_tree_edit(store, &tree, edits, 4, &arena, NULL, &tree), BOUGH_OK);
    assert_int_equal(bough_tree_cursor_open(&cursor, store, &tree, &arena), BOUGH_OK);
    static const char *const order[] = {"a-b", "a.b", "a", "a0"};

    for (int i = 0; i < 4; i++) {
        assert_int_equal(bough_tree_cursor_next(&cursor, &entry), BOUGH_OK);
        assert_true(bough_bytes_equal(entry.step, bough_bytes_text(order[i])));
        assert_int_equal(entry.kind, i == 2 ? BOUGH_ENTRY_TREE : BOUGH_ENTRY_VALUE);
    }
    assert_int_equal(bough_tree_cursor_next(&cursor, &entry), BOUGH_NOT_FOUND);
    assert_int_equal(bough_tree_cursor_open(&cursor, store, &tree, &arena), BOUGH_OK);
    assert_int_equal(bough_tree_cursor_seek(&cursor, bough_bytes_text("a/")), BOUGH_OK);
    assert_int_equal(bough_tree_cursor_next(&cursor, &entry), BOUGH_OK);
    assert_int_equal(entry.kind, BOUGH_ENTRY_TREE);
    assert_int_equal(bough_tree_cursor_seek(&cursor, bough_bytes_text("b")), BOUGH_OK);
    assert_int_equal(bough_tree_cursor_next(&cursor, &entry), BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_tree_walk__a_cursor_goes_both_ways(void **unused)
{
    static char names[3000][16];
    static struct bough_edit edits[3000];
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree = {0};
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    size_t at = 0; /* the entry behind the cursor */

    (void)unused;
    for (int i = 0; i < 3000; i++) {
        sprintf(names[i], "k%05d", 2 * i);
        edits[i].path = bough_bytes_text(names[i]);
        edits[i].entry.mode = BOUGH_MODE_FILE;
    }
    assert_int_equal(bough_tree_edit(store, &tree, edits, 3000, &arena, NULL, &tree), BOUGH_OK);
    assert_int_equal(bough_tree_cursor_open(&cursor, store, &tree, &arena), BOUGH_OK);
    for (int i = 0; i < 3000; i++) {
        size_t steps = test_below(&seed, test_below(&seed, 20) == 0 ? 4000 : 40);
        int forwards = test_below(&seed, 2) == 0;

        if (test_below(&seed, 4) == 0) {
            size_t sought = test_below(&seed, 6010);
            char key[16];

            sprintf(key, "k%05zu", sought);
            if (forwards) {
                assert_int_equal(bough_tree_cursor_seek(&cursor, bough_bytes_text(key)), BOUGH_OK);
                at = (sought + 1) / 2;
            } else {
                assert_int_equal(bough_tree_cursor_seek_last(&cursor, bough_bytes_text(key)),
                                 BOUGH_OK);
                at = sought / 2 + 1;
            }
            at = at < 3000 ? at : 3000;
        }
        for (; steps > 0; steps--) {
            enum bough_err err = forwards ? bough_tree_cursor_next(&cursor, &entry)
                                          : bough_tree_cursor_prev(&cursor, &entry);

            if (at == (forwards ? 3000 : 0)) {
                assert_int_equal(err, BOUGH_NOT_FOUND);
                break;
            }
            assert_int_equal(err, BOUGH_OK);
            assert_true(
                bough_bytes_equal(entry.step, bough_bytes_text(names[forwards ? at : at - 1])));
            at = forwards ? at + 1 : at - 1;
        }
    }
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_walk__meets_what_has_the_prefix_and_comes_after),
        cmocka_unit_test(test_tree_walk__skip_leaves_out_all_that_has_the_prefix),
        cmocka_unit_test(test_tree_walk__a_long_walk_takes_fixed_memory),
        cmocka_unit_test(test_tree_walk__a_cursor_seeks_by_git_s_order),
        cmocka_unit_test(test_tree_walk__a_cursor_goes_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
