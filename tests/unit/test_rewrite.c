/* SPDX-License-Identifier: ISC
 *
 * test_rewrite.c - commits picked, taken back, squashed and moved onto another base.
 *
 * How: two branches are written by hand, rewritten, and read back: trees, authors, parents and refs
 * must be as the words say.  A rebase is also compared with picking the same commits one by one.
 */
#include "bough/rewrite.h"
#include "merge_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define KEYS   30u
#define ROUNDS 40u

static const struct bough_merge_options plain;

static struct bough_rewrite_request request(const char *name, struct bough_link commit)
{
    return (struct bough_rewrite_request){
        .branch = bough_bytes_text(name),
        .commit.name = commit.name, /* its address is looked up */
        .options = &plain,
        .committer = {.name = bough_bytes_text("Bob"), .email = bough_bytes_text("b@example.org")},
    };
}

typedef enum bough_err rewrite_call(struct bough_store *store,
                                    const struct bough_rewrite_request *request,
                                    struct bough_arena *arena, struct bough_rewrite_result *result);

/* Does it, and expects that it ends well; the branch's head must be what is said. */
static struct bough_rewrite_result does(struct bough_store *store, rewrite_call *call,
                                        struct bough_rewrite_request asked)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_rewrite_result result;
    struct bough_ref ref;

    assert_int_equal(call(store, &asked, &arena, &result), BOUGH_OK);
    assert_int_equal(bough_ref_get(store, asked.branch, &ref), BOUGH_OK);
    assert_memory_equal(&ref.link, &result.head, sizeof(ref.link));
    bough_arena_release(&arena);
    return result;
}

static enum bough_err fails(struct bough_store *store, rewrite_call *call,
                            struct bough_rewrite_request asked)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_rewrite_result result;
    struct bough_link main_before = merge_head(store, MAIN);
    struct bough_link main_after;
    enum bough_err err = call(store, &asked, &arena, &result);

    main_after = merge_head(store, MAIN);
    assert_memory_equal(&main_before, &main_after, sizeof(main_before));
    bough_arena_release(&arena);
    return err;
}

static void assert_message(struct bough_store *store, const char *name, const char *author,
                           const char *begin)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = merge_head(store, name);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.parent_count, 1);
    assert_true(bough_bytes_equal(commit.author.name, bough_bytes_text(author)));
    assert_true(bough_bytes_equal(commit.committer.name, bough_bytes_text("Bob")));
    assert_true(bough_bytes_starts(commit.message, bough_bytes_text(begin)));
    bough_arena_release(&arena);
}

static void test_rewrite__a_picked_change_is_the_commits_alone(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_rewrite_result result;

    (void)unused;
    merge_put(store, SIDE, "first", "1");
    merge_put(store, SIDE, "second", "1");
    merge_put(store, MAIN, "ours", "1");
    result = does(store, bough_rewrite_pick, request(MAIN, merge_head(store, SIDE)));
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_string_equal(merge_value(store, MAIN, "second"), "1");
    assert_string_equal(merge_value(store, MAIN, "first"), "");
    assert_string_equal(merge_value(store, MAIN, "ours"), "1");
    assert_message(store, MAIN, "Ann", "write\n");
    result = does(store, bough_rewrite_pick, request(MAIN, merge_head(store, SIDE)));
    assert_int_equal(result.outcome, BOUGH_MERGE_UP_TO_DATE); /* it is there */
    bough_store_close(store);
}

static void test_rewrite__a_reverted_change_is_taken_back_alone(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_rewrite_result result;
    struct bough_link bad;

    (void)unused;
    merge_put(store, MAIN, "k", "2");
    bad = merge_head(store, MAIN);
    merge_put(store, MAIN, "later", "1");
    result = does(store, bough_rewrite_revert, request(MAIN, bad));
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    assert_string_equal(merge_value(store, MAIN, "later"), "1");
    assert_message(store, MAIN, "Bob", "Revert \"write\"\n\nThis reverts commit ");
    merge_put(store, MAIN, "k", "3");
    result = does(store, bough_rewrite_revert, request(MAIN, bad));
    assert_int_equal(result.outcome, BOUGH_MERGE_CONFLICTS);
    assert_memory_equal(&result.stopped_at.name, &bad.name, BOUGH_HASH_BYTES);
    bough_store_close(store);
}

static void test_rewrite__a_merge_needs_a_mainline(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_request merge = {.branch = bough_bytes_text(MAIN), .options = &plain};
    struct bough_rewrite_request asked;
    struct bough_merge_result merged;
    struct bough_link at;

    (void)unused;
    merge_put(store, SIDE, "theirs", "1");
    merge_put(store, MAIN, "ours", "1");
    merge.theirs = merge_head(store, SIDE);
    assert_int_equal(bough_merge_commit(store, &merge, &arena, &merged, &at), BOUGH_OK);
    asked = request(MAIN, at);
    assert_int_equal(fails(store, bough_rewrite_revert, asked), BOUGH_INVALID);
    asked.mainline = 3;
    assert_int_equal(fails(store, bough_rewrite_revert, asked), BOUGH_INVALID);
    asked.mainline = 1;
    does(store, bough_rewrite_revert, asked);
    assert_string_equal(merge_value(store, MAIN, "theirs"), "");
    assert_string_equal(merge_value(store, MAIN, "ours"), "1");
    merge_branch(store, MAIN, at);
    asked.mainline = 2;
    asked.message = bough_bytes_text("in words of its own\n");
    does(store, bough_rewrite_revert, asked);
    assert_message(store, MAIN, "Bob", "in words of its own\n");
    assert_string_equal(merge_value(store, MAIN, "theirs"), "1");
    assert_string_equal(merge_value(store, MAIN, "ours"), "");
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* For policies, what takes back is as late as whoever asks for it. */
static void test_rewrite__a_revert_happens_now(void **unused)
{
    const struct bough_merge_options options = {
        .fallback = bough_merge_policy_find(bough_bytes_text("lww"))};
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_rewrite_request asked;
    struct bough_link bad;
    struct bough_link last;
    struct bough_commit commit;

    (void)unused;
    merge_put(store, MAIN, "k", "2");
    bad = merge_head(store, MAIN);
    merge_put(store, MAIN, "k", "3");
    last = merge_head(store, MAIN);
    assert_int_equal(bough_commit_get(store, &last, &arena, &commit), BOUGH_OK);
    asked = request(MAIN, bad);
    asked.options = &options;
    asked.committer.time_s = commit.committer.time_s - 1;
    does(store, bough_rewrite_revert, asked);
    assert_string_equal(merge_value(store, MAIN, "k"), "3");
    asked.committer.time_s = commit.committer.time_s + 1;
    does(store, bough_rewrite_revert, asked);
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* A branch's last commit once more, with other times. */
static void date(struct bough_store *store, const char *name, int64_t author_s, int64_t committer_s)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = merge_head(store, name);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    commit.author.time_s = author_s;
    commit.committer.time_s = committer_s;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    merge_branch(store, name, link);
    bough_arena_release(&arena);
}

static void test_rewrite__policies_are_told_when_it_was_committed(void **unused)
{
    const struct bough_merge_options options = {
        .fallback = bough_merge_policy_find(bough_bytes_text("lww"))};
    struct bough_store *store = merge_forked();
    struct bough_rewrite_request asked;
    struct bough_link head;
    struct bough_hash ours;
    unsigned won = 0;
    bool theirs_wins;

    (void)unused;
    merge_put(store, MAIN, "k", "2");
    date(store, MAIN, 10, 30);
    merge_put(store, SIDE, "k", "3");
    date(store, SIDE, 20, 20);
    asked = request(MAIN, merge_head(store, SIDE));
    asked.options = &options;
    assert_int_equal(does(store, bough_rewrite_pick, asked).outcome, BOUGH_MERGE_UP_TO_DATE);
    date(store, MAIN, 30, 10);
    head = merge_head(store, MAIN);
    does(store, bough_rewrite_pick, asked);
    assert_string_equal(merge_value(store, MAIN, "k"), "3");
    for (int64_t i = 0; i < 16; i++) { /* in the same second the name decides */
        merge_branch(store, MAIN, head);
        date(store, MAIN, i, 20);
        ours = merge_head(store, MAIN).name;
        theirs_wins = memcmp(asked.commit.name.at, ours.at, BOUGH_HASH_BYTES) > 0;
        does(store, bough_rewrite_pick, asked);
        assert_string_equal(merge_value(store, MAIN, "k"), theirs_wins ? "3" : "2");
        won += theirs_wins;
    }
    assert_true(won > 0 && won < 16);
    bough_store_close(store);
}

static void test_rewrite__a_dry_run_moves_nothing(void **unused)
{
    rewrite_call *const calls[] = {bough_rewrite_pick, bough_rewrite_squash, bough_rewrite_rebase,
                                   bough_rewrite_revert};
    struct bough_store *store = merge_forked();

    (void)unused;
    merge_put(store, SIDE, "theirs", "1");
    merge_put(store, MAIN, "ours", "1");
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct bough_link before = merge_head(store, MAIN);
        struct bough_rewrite_request asked =
            request(MAIN, calls[i] == bough_rewrite_revert ? before : merge_head(store, SIDE));
        struct bough_link after;

        asked.dry_run = true;
        assert_int_equal(does(store, calls[i], asked).outcome, BOUGH_MERGE_CLEAN);
        after = merge_head(store, MAIN);
        assert_memory_equal(&before, &after, sizeof(before));
    }
    bough_store_close(store);
}

static void test_rewrite__what_is_no_line_is_not_rebased(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_request merge = {.branch = bough_bytes_text(MAIN), .options = &plain};
    struct bough_merge_result merged;
    struct bough_link at;

    (void)unused;
    for (char c = 'a'; c < 'f'; c++) /* enough below to go on to, if it went on */
        merge_put(store, MAIN, (char[2]){c, '\0'}, "1");
    merge_branch(store, SIDE, merge_head(store, MAIN));
    merge_branch(store, "heads/other", merge_head(store, MAIN));
    merge_put(store, "heads/other", "other", "1");
    merge_put(store, SIDE, "theirs", "1");
    merge_put(store, MAIN, "ours", "1");
    merge.theirs = merge_head(store, "heads/other");
    assert_int_equal(bough_merge_commit(store, &merge, &arena, &merged, &at), BOUGH_OK);
    assert_int_equal(fails(store, bough_rewrite_rebase, request(MAIN, merge_head(store, SIDE))),
                     BOUGH_UNSUPPORTED);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_rewrite__many_commits_are_squashed_into_one(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_rewrite_request asked;
    struct bough_rewrite_result result;

    (void)unused;
    merge_put(store, SIDE, "a", "1");
    merge_put(store, SIDE, "b", "1");
    asked = request(MAIN, merge_head(store, SIDE));
    asked.message = bough_bytes_text("both\n");
    result = does(store, bough_rewrite_squash, asked);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_string_equal(merge_value(store, MAIN, "a"), "1");
    assert_string_equal(merge_value(store, MAIN, "b"), "1");
    assert_message(store, MAIN, "Bob", "both\n");
    result = does(store, bough_rewrite_squash, asked);
    assert_int_equal(result.outcome, BOUGH_MERGE_UP_TO_DATE); /* nothing is new in it */
    bough_store_close(store);
}

static void test_rewrite__a_rebase_is_all_or_nothing(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_rewrite_result result;
    struct bough_link before;
    struct bough_link second;

    (void)unused;
    merge_put(store, SIDE, "a", "1");
    merge_put(store, SIDE, "k", "side");
    second = merge_head(store, SIDE);
    merge_put(store, SIDE, "b", "1");
    merge_put(store, MAIN, "k", "main");
    before = merge_head(store, SIDE);
    result = does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
    assert_int_equal(result.outcome, BOUGH_MERGE_CONFLICTS);
    assert_memory_equal(&result.head, &before, sizeof(before));
    assert_memory_equal(&result.stopped_at, &second, sizeof(second));
    merge_put(store, MAIN, "k", "side"); /* then that commit's change is there already */
    result = does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(result.commit_count, 2);
    assert_string_equal(merge_value(store, SIDE, "a"), "1");
    assert_string_equal(merge_value(store, SIDE, "b"), "1");
    result = does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
    assert_int_equal(result.outcome, BOUGH_MERGE_UP_TO_DATE);
    result = does(store, bough_rewrite_rebase, request(MAIN, merge_head(store, SIDE)));
    assert_int_equal(result.outcome, BOUGH_MERGE_FAST_FORWARD);
    bough_store_close(store);
}

/* Puts a line of `count` commits on side, each with a key of its own out of a few. */
static void put_line(struct bough_store *store, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char path[8];
        char text[12];

        snprintf(path, sizeof(path), "l%u", i % 10);
        snprintf(text, sizeof(text), "%u", i);
        merge_put(store, SIDE, path, text);
    }
}

static void test_rewrite__a_rebase_has_a_limit(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_rewrite_request asked;
    struct bough_rewrite_result result;
    struct bough_link before;

    (void)unused;
    put_line(store, 0, BOUGH_REWRITE_COMMITS_MAX);
    merge_put(store, MAIN, "m", "1");
    result = does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(result.commit_count, BOUGH_REWRITE_COMMITS_MAX);
    merge_put(store, MAIN, "m", "2");
    put_line(store, BOUGH_REWRITE_COMMITS_MAX, 1);
    before = merge_head(store, SIDE);
    asked = request(SIDE, merge_head(store, MAIN));
    assert_int_equal(bough_rewrite_rebase(store, &asked, &arena, &result), BOUGH_TOO_BIG);
    result.head = merge_head(store, SIDE);
    assert_memory_equal(&result.head, &before, sizeof(before));
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_rewrite__what_a_rebase_left_is_on_record(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_ref_log_entry entry;
    struct bough_link before;

    (void)unused;
    merge_put(store, SIDE, "a", "1");
    merge_put(store, MAIN, "b", "1");
    before = merge_head(store, SIDE);
    does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
    assert_int_equal(bough_ref_log_prev(store, bough_bytes_text(SIDE), 0, &arena, &entry),
                     BOUGH_OK);
    assert_memory_equal(&entry.old.link.name, &before.name, BOUGH_HASH_BYTES);
    assert_true(bough_bytes_equal(entry.why, bough_bytes_text("rebase")));
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_rewrite__a_merge_is_not_rebased(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_request merge = {.branch = bough_bytes_text(MAIN), .options = &plain};
    struct bough_merge_result merged;
    struct bough_link base = merge_head(store, MAIN);
    struct bough_link at;

    (void)unused;
    merge_put(store, SIDE, "theirs", "1");
    merge_put(store, MAIN, "ours", "1");
    merge.theirs = merge_head(store, SIDE);
    assert_int_equal(bough_merge_commit(store, &merge, &arena, &merged, &at), BOUGH_OK);
    merge_branch(store, "heads/other", base);
    merge_put(store, "heads/other", "other", "1");
    assert_int_equal(
        fails(store, bough_rewrite_rebase, request(MAIN, merge_head(store, "heads/other"))),
        BOUGH_UNSUPPORTED);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* A random change of a branch. */
static void change(struct bough_store *store, const char *name, uint64_t *seed)
{
    char path[20];
    char text[20];

    snprintf(path, sizeof(path), "d%u/k%u", (unsigned)test_below(seed, 3),
             (unsigned)test_below(seed, KEYS));
    snprintf(text, sizeof(text), "%u", (unsigned)test_below(seed, 5));
    merge_put(store, name, path, test_below(seed, 4) == 0 ? NULL : text);
}

static void test_rewrite__a_rebase_is_picking_one_by_one(void **unused)
{
    uint64_t seed = test_seed();
    unsigned moved = 0;

    (void)unused;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bough_store *store = merge_forked();
        struct bough_link line[9];
        bool clean = true;
        struct bough_rewrite_result result;
        struct bough_link rebased;
        struct bough_arena arena = store_setup_arena();

        for (unsigned i = 0; i < 20; i++)
            change(store, MAIN, &seed);
        merge_branch(store, SIDE, merge_head(store, MAIN));
        line[0] = merge_head(store, SIDE);
        for (unsigned i = 1; i <= 8; i++) {
            change(store, SIDE, &seed);
            line[i] = merge_head(store, SIDE);
            change(store, MAIN, &seed);
        }
        merge_branch(store, "heads/picked", merge_head(store, MAIN));
        for (unsigned i = 1; i <= 8 && clean; i++) {
            struct bough_link onto = merge_head(store, MAIN);
            bool there; /* both branches may have made the same commit */

            assert_int_equal(bough_merge_base_is_ancestor(store, &line[i], &onto, &arena, &there),
                             BOUGH_OK);
            if (there || bough_hash_equal(&line[i].name, &line[i - 1].name))
                continue;
            clean = does(store, bough_rewrite_pick, request("heads/picked", line[i])).outcome !=
                    BOUGH_MERGE_CONFLICTS;
        }
        result = does(store, bough_rewrite_rebase, request(SIDE, merge_head(store, MAIN)));
        assert_int_equal(result.outcome != BOUGH_MERGE_CONFLICTS, clean);
        if (clean && result.outcome == BOUGH_MERGE_CLEAN) {
            rebased = merge_head(store, "heads/picked");
            assert_memory_equal(&rebased.name, &result.head.name, BOUGH_HASH_BYTES);
            moved++;
        }
        bough_store_close(store);
    }
    assert_true(moved > 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewrite__a_picked_change_is_the_commits_alone),
        cmocka_unit_test(test_rewrite__a_reverted_change_is_taken_back_alone),
        cmocka_unit_test(test_rewrite__a_merge_needs_a_mainline),
        cmocka_unit_test(test_rewrite__a_revert_happens_now),
        cmocka_unit_test(test_rewrite__policies_are_told_when_it_was_committed),
        cmocka_unit_test(test_rewrite__a_dry_run_moves_nothing),
        cmocka_unit_test(test_rewrite__what_is_no_line_is_not_rebased),
        cmocka_unit_test(test_rewrite__many_commits_are_squashed_into_one),
        cmocka_unit_test(test_rewrite__a_rebase_is_all_or_nothing),
        cmocka_unit_test(test_rewrite__a_rebase_has_a_limit),
        cmocka_unit_test(test_rewrite__what_a_rebase_left_is_on_record),
        cmocka_unit_test(test_rewrite__a_merge_is_not_rebased),
        cmocka_unit_test(test_rewrite__a_rebase_is_picking_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
