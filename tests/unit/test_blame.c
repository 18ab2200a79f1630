/* SPDX-License-Identifier: ISC
 *
 * test_blame.c - which commit each key is from, and where looking back ends.
 *
 * How: keys are written one a commit, so that it is known which is from where, as many as make sets
 * of one word, of several, and full to their last bit.  (test_merge_git.c has the random
 * histories.)
 */
#include "bough/blame.h"
#include "bough/collect.h"
#include "bough/merge.h"
#include "bough/path_log.h"
#include "bough/retention.h"
#include "merge_setup.h"

#define KEYS_MAX 200u

static void key_of(unsigned number, char key[16])
{
    snprintf(key, 16, "k%05u", number);
}

/* All keys below "k" must be from these commits, the first `count` of which are theirs. */
static void check(struct bough_store *store, const char *name, const struct bough_link *from,
                  size_t count)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link head = merge_head(store, name);
    struct bough_blame_key *keys;
    size_t found;
    char key[16];

    assert_int_equal(bough_blame_keys(store, &head, bough_bytes_text("k"), (struct bough_bytes){0},
                                      KEYS_MAX + 1, &arena, &keys, &found),
                     BOUGH_OK);
    assert_int_equal(found, count);
    for (unsigned i = 0; i < count; i++) {
        key_of(i, key);
        assert_true(bough_bytes_equal(keys[i].path, bough_bytes_text(key)));
        assert_memory_equal(&keys[i].commit.name, &from[i].name, BOUGH_HASH_BYTES);
    }
    bough_arena_release(&arena);
}

static void test_blame__any_number_of_keys_is_told_apart(void **unused)
{
    static const unsigned counts[] = {1, 63, 64, 65, 127, 128, 129, KEYS_MAX};

    (void)unused;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct bough_store *store = store_setup();
        static struct bough_link from[KEYS_MAX];
        char key[16];

        for (unsigned i = 0; i < counts[c]; i++) { /* the first is the oldest, and then not */
            key_of(i, key);
            merge_put(store, MAIN, key, "1");
            from[i] = merge_head(store, MAIN);
        }
        check(store, MAIN, from, counts[c]);
        for (unsigned i = 0; i < counts[c]; i += 3) {
            key_of(i, key);
            merge_put(store, MAIN, key, "2");
            from[i] = merge_head(store, MAIN);
        }
        merge_put(store, MAIN, "other", "1");
        check(store, MAIN, from, counts[c]);
        bough_store_close(store);
    }
}

/* Both sides of a merge are asked, and neither answers for the other. */
static void test_blame__sides_of_a_merge_have_their_own(void **unused)
{
    const struct bough_merge_options options = {0};
    struct bough_merge_request merge = {.branch = bough_bytes_text(MAIN), .options = &options};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    static struct bough_link from[KEYS_MAX];
    struct bough_merge_result merged;
    struct bough_link at;
    char key[16];

    (void)unused;
    for (unsigned i = 0; i < KEYS_MAX; i++) {
        key_of(i, key);
        merge_put(store, MAIN, key, "1");
        from[i] = merge_head(store, MAIN);
    }
    merge_branch(store, SIDE, merge_head(store, MAIN));
    for (unsigned i = 0; i < KEYS_MAX; i += 5) {
        key_of(i, key);
        merge_put(store, i % 2 == 0 ? MAIN : SIDE, key, "2");
        from[i] = merge_head(store, i % 2 == 0 ? MAIN : SIDE);
    }
    merge.theirs = merge_head(store, SIDE);
    assert_int_equal(bough_merge_commit(store, &merge, &arena, &merged, &at), BOUGH_OK);
    assert_int_equal(merged.outcome, BOUGH_MERGE_CLEAN);
    check(store, MAIN, from, KEYS_MAX);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* Where older commits were dropped, what they had begins with the oldest that is left. */
static void test_blame__looking_back_ends_where_history_was_cut(void **unused)
{
    const struct bough_retention last = {.pattern = bough_bytes_text("heads/*"), .commits = 2};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_arena into = store_setup_arena();
    struct bough_link from[3];
    struct bough_commit commit;
    struct bough_path_log log;
    struct bough_link link;
    char key[16];

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        key_of(i, key);
        merge_put(store, MAIN, key, "1");
        from[i] = merge_head(store, MAIN);
    }
    assert_int_equal(bough_retention_set(store, &last, 1), BOUGH_OK);
    assert_int_equal(bough_ref_log_clear(store, (struct bough_bytes){0}), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    from[0] = from[1];
    check(store, MAIN, from, 3);
    link = merge_head(store, MAIN);
    assert_int_equal(bough_path_log_open(&log, store, &link, 1, bough_bytes_text("k00000"), &arena),
                     BOUGH_OK);
    assert_int_equal(bough_path_log_next(&log, &into, &link, &commit), BOUGH_OK);
    assert_memory_equal(&link.name, &from[1].name, BOUGH_HASH_BYTES);
    assert_int_equal(bough_path_log_next(&log, &into, &link, &commit), BOUGH_NOT_FOUND);
    bough_arena_release(&into);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* What a side did that did not last is not looked at: the merge has what the other side has. */
static void test_blame__a_log_follows_only_the_side_that_lasted(void **unused)
{
    const struct bough_merge_options options = {0};
    struct bough_merge_request merge = {.branch = bough_bytes_text(MAIN), .options = &options};
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_arena into = store_setup_arena();
    struct bough_link root = merge_head(store, MAIN);
    struct bough_merge_result merged;
    struct bough_commit commit;
    struct bough_path_log log;
    struct bough_link link;

    (void)unused;
    merge_put(store, SIDE, "k", "2");
    merge_put(store, SIDE, "k", "1");
    merge_put(store, MAIN, "other", "1");
    merge.theirs = merge_head(store, SIDE);
    assert_int_equal(bough_merge_commit(store, &merge, &arena, &merged, &link), BOUGH_OK);
    assert_int_equal(bough_path_log_open(&log, store, &link, 1, bough_bytes_text("k"), &arena),
                     BOUGH_OK);
    assert_int_equal(bough_path_log_next(&log, &into, &link, &commit), BOUGH_OK);
    assert_memory_equal(&link.name, &root.name, BOUGH_HASH_BYTES);
    assert_int_equal(bough_path_log_next(&log, &into, &link, &commit), BOUGH_NOT_FOUND);
    bough_arena_release(&into);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* A directory without keys is as good as none: nothing comes with it, and nothing goes. */
static void test_blame__an_empty_directory_changes_nothing(void **unused)
{
    struct bough_edit edit = {
        .path = bough_bytes_text("d"),
        .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY},
    };
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_arena into = store_setup_arena();
    struct bough_commit commit;
    struct bough_path_log log;
    struct bough_link link;

    (void)unused;
    merge_put(store, MAIN, "k", "1");
    link = merge_head(store, MAIN);
    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(bough_tree_edit_level(store, &commit.tree, &edit, 1, &arena, &commit.tree),
                     BOUGH_OK);
    commit.parents = &link;
    commit.parent_count = 1;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    assert_int_equal(bough_path_log_open(&log, store, &link, 1, edit.path, &arena), BOUGH_OK);
    assert_int_equal(bough_path_log_next(&log, &into, &link, &commit), BOUGH_NOT_FOUND);
    bough_arena_release(&into);
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blame__any_number_of_keys_is_told_apart),
        cmocka_unit_test(test_blame__sides_of_a_merge_have_their_own),
        cmocka_unit_test(test_blame__looking_back_ends_where_history_was_cut),
        cmocka_unit_test(test_blame__a_log_follows_only_the_side_that_lasted),
        cmocka_unit_test(test_blame__an_empty_directory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
