/* SPDX-License-Identifier: ISC
 *
 * test_merge_commit.c - a merge moves a branch to what it should, or leaves it where it is.
 *
 * How: two branches are written by hand, merged, and read back; refs, parents and trees must be as
 * the outcome says.
 */
#include "bough/merge.h"
#include "merge_setup.h"

static const struct bough_merge_options plain;

/* Main has not moved from `link`. */
static void assert_main_at(struct bough_store *store, struct bough_link link)
{
    struct bough_link now = merge_head(store, MAIN);

    assert_memory_equal(&link.name, &now.name, BOUGH_HASH_BYTES);
}

/* Merges side into main. */
static struct bough_merge_request request(struct bough_store *store)
{
    return (struct bough_merge_request){
        .branch = bough_bytes_text(MAIN),
        .theirs.name = merge_head(store, SIDE).name, /* its address is looked up */
        .options = &plain,
        .author = {.name = bough_bytes_text("Ann"), .email = bough_bytes_text("a@example.org")},
        .message = bough_bytes_text("merge\n"),
    };
}

static enum bough_merge_outcome merge(struct bough_store *store,
                                      const struct bough_merge_request *asked)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_result result;
    struct bough_link at;
    struct bough_link now;

    assert_int_equal(bough_merge_commit(store, asked, &arena, &result, &at), BOUGH_OK);
    now = merge_head(store, MAIN);
    assert_memory_equal(&at, &now, sizeof(at));
    bough_arena_release(&arena);
    return result.outcome;
}

/* Whether main's head has the two parents, and `count` keys. */
static void assert_merge_of(struct bough_store *store, struct bough_link ours,
                            struct bough_link theirs, uint64_t count)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = merge_head(store, MAIN);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.parent_count, 2);
    assert_memory_equal(&commit.parents[0], &ours, sizeof(ours));
    assert_memory_equal(&commit.parents[1], &theirs, sizeof(theirs));
    assert_int_equal(commit.tree.key_count, count);
    bough_arena_release(&arena);
}

static void test_merge_commit__both_sides_end_in_one_commit(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_request asked;
    struct bough_link ours;

    (void)unused;
    merge_put(store, MAIN, "ours", "1");
    merge_put(store, SIDE, "theirs", "1");
    asked = request(store);
    ours = merge_head(store, MAIN);
    asked.expect = BOUGH_EXPECT_NAME;
    asked.expected = ours.name;
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_CLEAN);
    assert_merge_of(store, ours, merge_head(store, SIDE), 3);
    asked.expect = BOUGH_EXPECT_ANY;
    ours = merge_head(store, MAIN);
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_UP_TO_DATE);
    assert_main_at(store, ours);
    bough_store_close(store);
}

static void test_merge_commit__a_fast_forward_makes_a_commit_only_if_asked(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link ours = merge_head(store, MAIN);
    struct bough_merge_request asked;

    (void)unused;
    merge_put(store, SIDE, "theirs", "1");
    asked = request(store);
    asked.always_commit = true;
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_FAST_FORWARD);
    assert_merge_of(store, ours, merge_head(store, SIDE), 2);
    bough_store_close(store);
    store = merge_forked();
    merge_put(store, SIDE, "theirs", "1");
    asked = request(store);
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_FAST_FORWARD);
    assert_main_at(store, merge_head(store, SIDE));
    bough_store_close(store);
}

static void test_merge_commit__conflicts_leave_the_branch_until_they_are_resolved(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_request asked;
    struct bough_arena arena = store_setup_arena();
    struct bough_link ours;
    struct bough_commit theirs;

    (void)unused;
    merge_put(store, MAIN, "k", "ours");
    merge_put(store, SIDE, "k", "theirs");
    asked = request(store);
    ours = merge_head(store, MAIN);
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_CONFLICTS);
    assert_main_at(store, ours);
    asked.theirs = merge_head(store, SIDE);
    assert_int_equal(bough_commit_get(store, &asked.theirs, &arena, &theirs), BOUGH_OK);
    asked.resolved = &theirs.tree;
    assert_int_equal(merge(store, &asked), BOUGH_MERGE_CONFLICTS);
    assert_merge_of(store, ours, asked.theirs, 1);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_commit__a_head_that_moved_is_stale(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_request asked;
    struct bough_merge_result result;
    struct bough_link ours;
    struct bough_link at;

    (void)unused;
    merge_put(store, SIDE, "theirs", "1");
    asked = request(store);
    asked.expect = BOUGH_EXPECT_NAME;
    asked.expected = merge_head(store, MAIN).name;
    merge_put(store, MAIN, "ours", "1");
    ours = merge_head(store, MAIN);
    assert_int_equal(bough_merge_commit(store, &asked, &arena, &result, &at), BOUGH_STALE);
    assert_main_at(store, ours);
    asked.expect = BOUGH_EXPECT_ABSENT;
    assert_int_equal(bough_merge_commit(store, &asked, &arena, &result, &at), BOUGH_STALE);
    asked.expect = BOUGH_EXPECT_ANY;
    asked.branch = bough_bytes_text("heads/none");
    assert_int_equal(bough_merge_commit(store, &asked, &arena, &result, &at), BOUGH_NOT_FOUND);
    asked.branch = bough_bytes_text(MAIN);
    asked.theirs.name.at[0] ^= 1;
    assert_int_equal(bough_merge_commit(store, &asked, &arena, &result, &at), BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_commit__both_sides_end_in_one_commit),
        cmocka_unit_test(test_merge_commit__a_fast_forward_makes_a_commit_only_if_asked),
        cmocka_unit_test(test_merge_commit__conflicts_leave_the_branch_until_they_are_resolved),
        cmocka_unit_test(test_merge_commit__a_head_that_moved_is_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
