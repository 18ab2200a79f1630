/* SPDX-License-Identifier: ISC
 *
 * test_tree_walk_back.c - walks backwards meet what walks forwards do, the other way round.
 *
 * How: a seeded tree of paths that are hard to order is compared with the sorted list of the same
 * paths, for random prefixes and bounds.
 */
#include "hard_paths.h"

static void test_tree_walk_back__meets_what_has_the_prefix_and_comes_before(void **unused)
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
        struct bough_bytes before = {.at = (const uint8_t *)start,
                                     .len = test_below(&seed, strlen(start) + 1)};
        struct bough_tree_walk walk;
        struct bough_bytes path;
        struct bough_entry entry;

        if (test_below(&seed, 2) == 0)
            before.len = 0;
        if (test_below(&seed, 3) == 0)
            prefix.len = 0;
        assert_int_equal(bough_tree_walk_back_open(&walk, store, &tree, prefix, before, &arena),
                         BOUGH_OK);
        for (size_t at = path_count; at > 0; at--) {
            struct bough_bytes expected = bough_bytes_text(paths[at - 1]);

            if (!bough_bytes_starts(expected, prefix) ||
                (before.len > 0 && bough_bytes_compare(expected, before) >= 0))
                continue;
            assert_int_equal(bough_tree_walk_back_next(&walk, &path, &entry), BOUGH_OK);
            assert_true(bough_bytes_equal(path, expected));
            assert_true(bough_bytes_equal(entry.value.data, expected));
        }
        assert_int_equal(bough_tree_walk_back_next(&walk, &path, &entry), BOUGH_NOT_FOUND);
        bough_arena_release(&arena);
    }
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_tree_walk_back__skip_leaves_out_all_that_has_the_prefix(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_tree tree = hard_paths_build(store, &seed);
    struct bough_arena arena = store_setup_arena();
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry entry;
    size_t at = path_count;

    (void)unused;
    assert_int_equal(bough_tree_walk_back_open(&walk, store, &tree, (struct bough_bytes){0},
                                               (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    while (bough_tree_walk_back_next(&walk, &path, &entry) == BOUGH_OK) {
        struct bough_bytes prefix;

        assert_true(at > 0);
        prefix = bough_bytes_text(paths[at - 1]);
        assert_true(bough_bytes_equal(path, prefix));
        prefix.len = 1 + test_below(&seed, prefix.len);
        assert_int_equal(bough_tree_walk_back_skip(&walk, prefix), BOUGH_OK);
        while (at > 0 && bough_bytes_starts(bough_bytes_text(paths[at - 1]), prefix))
            at--;
    }
    assert_int_equal(at, 0);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_walk_back__meets_what_has_the_prefix_and_comes_before),
        cmocka_unit_test(test_tree_walk_back__skip_leaves_out_all_that_has_the_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
