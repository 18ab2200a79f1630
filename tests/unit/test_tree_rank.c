/* SPDX-License-Identifier: ISC
 *
 * test_tree_rank.c - ranks and numbers of values agree with a sorted list.
 *
 * How: seeded trees with directories in directories, beside the sorted list of their paths.  Every
 * number must give its path and value, every path its number, and paths that are not there the
 * count of those before them.  Windows are small here, so that trees are deep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/memory.h"
#include "bough/tree.h"
#include "host_env.h"
#include "test_seed.h"

#define PATHS_MAX  1500u
#define PATH_BYTES 64u

static char paths[PATHS_MAX][PATH_BYTES];
static size_t path_count;

static const struct bough_identity identity = {
    .salt = "salt of a test", .leaf_window_bytes = 64, .inner_window_bytes = 64};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A path of one to four steps.  Values have a digit at the end, directories have not, so that none
 * is both. */
static void draw_path(uint64_t *seed, char *path)
{
    static const char *const steps[] = {"a", "a.b", "a-b", "a!", "b", "zz", ".x", "\xff"};
    size_t depth = test_below(seed, 3) == 0 ? 0 : (size_t)test_below(seed, 4);
    size_t len = 0;

    for (size_t i = 0; i < depth; i++)
        len += (size_t)sprintf(path + len, "%s/", steps[test_below(seed, 8)]);
    sprintf(path + len, "%s%u", steps[test_below(seed, 8)], (unsigned)test_below(seed, 300));
}

/* Draws the list and builds its tree. */
static struct bough_tree draw_tree(struct bough_store *store, uint64_t *seed)
{
    static struct bough_edit edits[PATHS_MAX];
    struct bough_tree tree = {0};
    struct bough_arena arena;
    size_t drawn = 1 + (size_t)test_below(seed, PATHS_MAX);

    for (size_t i = 0; i < drawn; i++)
        draw_path(seed, paths[i]);
    qsort(paths, drawn, PATH_BYTES, by_text);
    path_count = 0;
    for (size_t i = 0; i < drawn; i++) {
        if (path_count == 0 || strcmp(paths[path_count - 1], paths[i]) != 0)
            memmove(paths[path_count++], paths[i], PATH_BYTES);
    }
    for (size_t i = 0; i < path_count; i++)
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(paths[i]),
            .entry = {.mode = BOUGH_MODE_FILE,
                      .value = {.size_bytes = strlen(paths[i]),
                                .data = bough_bytes_text(paths[i])}},
        };
    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    assert_int_equal(bough_tree_edit(store, &tree, edits, path_count, &arena, NULL, &tree),
                     BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

static uint64_t rank_of(struct bough_store *store, const struct bough_tree *tree, const char *path)
{
    uint64_t rank;

    assert_int_equal(bough_tree_rank(store, tree, bough_bytes_text(path), &rank), BOUGH_OK);
    return rank;
}

static struct bough_store *open_store(void)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &store), BOUGH_OK);
    return store;
}

static void test_tree_rank__every_number_is_its_path_and_back(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 20; round++) {
        struct bough_store *store = open_store();
        struct bough_tree tree = draw_tree(store, &seed);
        struct bough_arena arena;
        struct bough_bytes path;
        struct bough_entry entry;

        bough_arena_init(&arena, host_env()->heap, 64 << 20);
        for (size_t i = 0; i < path_count; i++) {
            struct bough_arena_mark mark = bough_arena_now(&arena);

            assert_int_equal(bough_tree_rank_nth(store, &tree, i, &arena, &path, &entry), BOUGH_OK);
            assert_true(bough_bytes_equal(path, bough_bytes_text(paths[i])));
            assert_true(bough_bytes_equal(entry.value.data, path));
            assert_int_equal(rank_of(store, &tree, paths[i]), i);
            bough_arena_back(&arena, mark);
        }
        assert_int_equal(bough_tree_rank_nth(store, &tree, path_count, &arena, &path, &entry),
                         BOUGH_NOT_FOUND);
        assert_int_equal(bough_tree_rank_nth(store, &tree, UINT64_MAX, &arena, &path, &entry),
                         BOUGH_NOT_FOUND);
        assert_int_equal(tree.key_count, path_count);
        bough_arena_release(&arena);
        bough_store_close(store);
    }
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_tree_rank__any_bytes_have_a_rank(void **unused)
{
    static const char *const bounds[] = {"",   "/",    "a",      "a/",   "a!",
                                         "a0", "a/a/", "b/zz/",  "\xff", "\xff\xff",
                                         "//", "a//b", "zz/\xff"};
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 20; round++) {
        struct bough_store *store = open_store();
        struct bough_tree tree = draw_tree(store, &seed);

        for (size_t i = 0; i < 500; i++) {
            char bound[PATH_BYTES];
            uint64_t before = 0;

            if (i < sizeof(bounds) / sizeof(bounds[0]))
                strcpy(bound, bounds[i]);
            else
                draw_path(&seed, bound);
            while (before < path_count && strcmp(paths[before], bound) < 0)
                before++;
            assert_int_equal(rank_of(store, &tree, bound), before);
        }
        bough_store_close(store);
    }
}

static void test_tree_rank__an_empty_tree_has_nothing(void **unused)
{
    struct bough_store *store = open_store();
    struct bough_tree tree = {0};
    struct bough_arena arena;
    struct bough_bytes path;
    struct bough_entry entry;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    assert_int_equal(rank_of(store, &tree, "a/b"), 0);
    assert_int_equal(bough_tree_rank_nth(store, &tree, 0, &arena, &path, &entry), BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_rank__every_number_is_its_path_and_back),
        cmocka_unit_test(test_tree_rank__any_bytes_have_a_rank),
        cmocka_unit_test(test_tree_rank__an_empty_tree_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
