/* SPDX-License-Identifier: ISC
 *
 * test_txn.c - a transaction is one commit or nothing.
 */
#include "bough/limits.h"
#include "store_setup.h"

static struct bough_commit head_of(struct bough_store *store, struct bough_arena *arena)
{
    struct bough_ref head;
    struct bough_commit commit;

    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/main"), &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(store, &head.link, arena, &commit), BOUGH_OK);
    return commit;
}

static void test_txn__each_is_a_commit_on_the_one_before(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_txn_result first;
    struct bough_txn_result second;
    struct bough_commit commit;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "a/b", "1", &first), BOUGH_OK);
    assert_false(first.unchanged);
    assert_int_equal(store_setup_write(store, "heads/main", "a/c", "2", &second), BOUGH_OK);
    commit = head_of(store, &arena);
    assert_int_equal(commit.generation, 2);
    assert_int_equal(commit.parent_count, 1);
    assert_true(bough_hash_equal(&commit.parents[0].name, &first.commit.name));
    assert_int_equal(commit.tree.key_count, 2);
    assert_int_equal(commit.author.time_s, 1700000000);
    assert_true(bough_bytes_equal(commit.message, bough_bytes_text("write\n")));

    /* What changes nothing makes no commit. */
    assert_int_equal(store_setup_write(store, "heads/main", "a/c", "2", &first), BOUGH_OK);
    assert_true(first.unchanged);
    assert_true(bough_hash_equal(&first.commit.name, &second.commit.name));
    assert_int_equal(store_setup_write(store, "heads/main", "none", NULL, &first), BOUGH_OK);
    assert_true(first.unchanged);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_txn__only_the_default_branch_is_born_by_writing(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result result;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/other", "k", "1", &result), BOUGH_NOT_FOUND);
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &result), BOUGH_OK);
    bough_store_close(store);
}

static void test_txn__a_refused_edit_leaves_everything(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edits[3] = {
        {.path = bough_bytes_text("x"), .entry = {.mode = BOUGH_MODE_FILE}},
        {.path = bough_bytes_text("k/below"), .entry = {.mode = BOUGH_MODE_FILE}},
        {.path = bough_bytes_text("y"), .entry = {.mode = BOUGH_MODE_FILE}},
    };
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = edits,
        .edit_count = 3,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a")},
        .message = bough_bytes_text("m")};
    struct bough_txn_result result;
    struct bough_store_info before;
    struct bough_store_info after;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &result), BOUGH_OK);
    bough_store_info(store, &before);
    assert_int_equal(bough_txn_commit(store, &txn, &arena, &result), BOUGH_CONFLICT);
    assert_int_equal(result.culprit, 1);
    bough_store_info(store, &after);
    assert_int_equal(before.generation, after.generation);
    assert_int_equal(head_of(store, &arena).tree.key_count, 1);
    txn.expect = BOUGH_EXPECT_ABSENT;
    assert_int_equal(bough_txn_commit(store, &txn, &arena, &result), BOUGH_STALE);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_txn__limits_of_a_commit(void **unused)
{
    static char text[BOUGH_MESSAGE_BYTES_MAX + 1];
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {.author = {.name = bough_bytes_text("A")}};
    static struct bough_link parents[BOUGH_PARENTS_MAX + 1];
    struct bough_link link;

    (void)unused;
    memset(text, 'm', sizeof(text));
    commit.message = bough_bytes_of(text, BOUGH_MESSAGE_BYTES_MAX);
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    commit.message.len++;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_TOO_BIG);
    commit.message.len = 1;
    commit.author.name = bough_bytes_of(text, BOUGH_IDENT_BYTES_MAX);
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    commit.author.name.len++;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_TOO_BIG);
    commit.author.name = bough_bytes_text("A<");
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_INVALID);
    commit.author.name = bough_bytes_text("A");
    for (size_t i = 0; i <= BOUGH_PARENTS_MAX; i++)
        parents[i] = link;
    commit.parents = parents;
    commit.parent_count = BOUGH_PARENTS_MAX;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    assert_int_equal(commit.generation, 2);
    commit.parent_count++;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_TOO_BIG);
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_txn__each_is_a_commit_on_the_one_before),
        cmocka_unit_test(test_txn__only_the_default_branch_is_born_by_writing),
        cmocka_unit_test(test_txn__a_refused_edit_leaves_everything),
        cmocka_unit_test(test_txn__limits_of_a_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
