/* SPDX-License-Identifier: ISC
 *
 * test_rewrite_kept.c - changes picked, taken back and squashed whose conflicts are kept, resolved
 * and finished.
 *
 * How: two branches that disagree on "k" are written by hand; what is kept is looked at, resolved,
 * and read back from the branch: parents, authors, messages and values must be as the words say.
 */
#include "bough/collect.h"
#include "bough/merge_progress.h"
#include "bough/retention.h"
#include "bough/rewrite.h"
#include "merge_setup.h"

static const struct bough_merge_options plain;

static struct bough_bytes text(const char *chars)
{
    return bough_bytes_text(chars);
}

typedef enum bough_err rewrite_call(struct bough_store *store,
                                    const struct bough_rewrite_request *request,
                                    struct bough_arena *arena, struct bough_rewrite_result *result);

/* Does it on main as Bob; *outcome is what came out. */
static enum bough_err rewrite(struct bough_store *store, rewrite_call *call,
                              struct bough_link commit, bool keep, bool dry,
                              enum bough_merge_outcome *outcome)
{
    const struct bough_rewrite_request asked = {
        .branch = text(MAIN),
        .commit.name = commit.name,
        .keep = keep,
        .dry_run = dry,
        .options = &plain,
        .committer = {.name = text("Bob"), .email = text("b@example.org")},
        .message = call == bough_rewrite_squash ? text("squash\n") : (struct bough_bytes){0},
    };
    struct bough_arena arena = store_setup_arena();
    struct bough_link before = merge_head(store, MAIN);
    struct bough_rewrite_result result = {0};
    enum bough_err err = call(store, &asked, &arena, &result);

    *outcome = result.outcome;
    if (err == BOUGH_OK && result.outcome == BOUGH_MERGE_CONFLICTS) {
        struct bough_link after = merge_head(store, MAIN);

        assert_memory_equal(&before, &after, sizeof(before));
        assert_memory_equal(&result.stopped_at.name, &commit.name, BOUGH_HASH_BYTES);
    }
    bough_arena_release(&arena);
    return err;
}

/* Expects conflicts, which are kept. */
static void keeps(struct bough_store *store, rewrite_call *call, struct bough_link commit,
                  enum bough_merge_task task)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link ours = merge_head(store, MAIN);
    struct bough_merge_progress progress;
    enum bough_merge_outcome outcome;

    assert_int_equal(rewrite(store, call, commit, true, false, &outcome), BOUGH_OK);
    assert_int_equal(outcome, BOUGH_MERGE_CONFLICTS);
    assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress), BOUGH_OK);
    assert_int_equal(progress.task, task);
    assert_int_equal(progress.open.key_count, 1);
    assert_memory_equal(&progress.ours, &ours, sizeof(ours));
    assert_memory_equal(&progress.theirs, &commit, sizeof(commit));
    bough_arena_release(&arena);
}

/* The three sides of the conflict at "k", each "" for nothing. */
static void assert_sides(struct bough_store *store, const char *base, const char *ours,
                         const char *theirs)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    struct bough_merge_conflict conflict;
    const char *texts[] = {base, ours, theirs};

    assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress), BOUGH_OK);
    assert_int_equal(
        bough_merge_progress_next(store, &progress, (struct bough_bytes){0}, &arena, &conflict),
        BOUGH_OK);
    assert_true(bough_bytes_equal(conflict.path, text("k")));
    for (unsigned i = 0; i < 3; i++) {
        const struct bough_entry *sides[] = {conflict.base, conflict.ours, conflict.theirs};

        assert_int_equal(sides[i] != NULL, texts[i][0] != '\0');
        assert_true(sides[i] == NULL || bough_bytes_equal(sides[i]->value.data, text(texts[i])));
    }
    bough_arena_release(&arena);
}

/* Resolves "k" and finishes. */
static void resolve(struct bough_store *store, enum bough_merge_take take)
{
    const struct bough_merge_resolution resolution = {.path = bough_bytes_text("k"), .take = take};
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    struct bough_link at;
    struct bough_link now;

    assert_int_equal(bough_merge_progress_finish(store, text(MAIN), &arena, &at), BOUGH_CONFLICT);
    assert_int_equal(bough_merge_progress_resolve(store, text(MAIN), &resolution, 1, &arena, NULL),
                     BOUGH_OK);
    assert_int_equal(bough_merge_progress_finish(store, text(MAIN), &arena, &at), BOUGH_OK);
    now = merge_head(store, MAIN);
    assert_memory_equal(&at, &now, sizeof(now));
    assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress),
                     BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
}

/* Main's head is one commit on `parent`, by Bob. */
static void assert_made(struct bough_store *store, struct bough_link parent, const char *author,
                        const char *begin)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = merge_head(store, MAIN);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.parent_count, 1);
    assert_memory_equal(&commit.parents[0], &parent, sizeof(parent));
    assert_true(bough_bytes_equal(commit.author.name, text(author)));
    assert_true(bough_bytes_equal(commit.committer.name, text("Bob")));
    assert_true(bough_bytes_starts(commit.message, text(begin)));
    bough_arena_release(&arena);
}

static void test_rewrite_kept__a_pick_becomes_the_picked_commit(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link ours;

    (void)unused;
    merge_put(store, SIDE, "first", "1");
    merge_put(store, SIDE, "k", "theirs");
    merge_put(store, MAIN, "k", "ours");
    ours = merge_head(store, MAIN);
    keeps(store, bough_rewrite_pick, merge_head(store, SIDE), BOUGH_MERGE_TASK_PICK);
    assert_sides(store, "1", "ours", "theirs");
    resolve(store, BOUGH_MERGE_TAKE_THEIRS);
    assert_made(store, ours, "Ann", "write\n");
    assert_string_equal(merge_value(store, MAIN, "k"), "theirs");
    assert_string_equal(merge_value(store, MAIN, "first"), "");
    bough_store_close(store);
}

static void test_rewrite_kept__a_revert_takes_what_the_parent_had(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link root = merge_head(store, MAIN);
    struct bough_link bad;
    struct bough_link ours;

    (void)unused;
    merge_put(store, MAIN, "k", "bad");
    bad = merge_head(store, MAIN);
    merge_put(store, MAIN, "k", "ours");
    ours = merge_head(store, MAIN);
    keeps(store, bough_rewrite_revert, bad, BOUGH_MERGE_TASK_REVERT);
    assert_sides(store, "bad", "ours", "1");
    resolve(store, BOUGH_MERGE_TAKE_THEIRS);
    assert_made(store, ours, "Bob", "Revert \"write\"\n\nThis reverts commit ");
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    merge_put(store, MAIN, "k", "more");
    ours = merge_head(store, MAIN);
    keeps(store, bough_rewrite_revert, root, BOUGH_MERGE_TASK_REVERT);
    assert_sides(store, "1", "more", "");
    resolve(store, BOUGH_MERGE_TAKE_THEIRS);
    assert_made(store, ours, "Bob", "Revert");
    assert_string_equal(merge_value(store, MAIN, "k"), "");
    bough_store_close(store);
}

static void test_rewrite_kept__a_squash_has_one_parent(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link ours;

    (void)unused;
    merge_put(store, SIDE, "first", "1");
    merge_put(store, SIDE, "k", "theirs");
    merge_put(store, MAIN, "k", "ours");
    ours = merge_head(store, MAIN);
    keeps(store, bough_rewrite_squash, merge_head(store, SIDE), BOUGH_MERGE_TASK_SQUASH);
    assert_sides(store, "1", "ours", "theirs");
    resolve(store, BOUGH_MERGE_TAKE_BASE);
    assert_made(store, ours, "Bob", "squash\n");
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    assert_string_equal(merge_value(store, MAIN, "first"), "1");
    bough_store_close(store);
}

static void test_rewrite_kept__without_a_change_there_is_no_commit(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link before;
    struct bough_link after;

    (void)unused;
    merge_put(store, SIDE, "k", "theirs");
    merge_put(store, MAIN, "k", "ours");
    before = merge_head(store, MAIN);
    keeps(store, bough_rewrite_pick, merge_head(store, SIDE), BOUGH_MERGE_TASK_PICK);
    resolve(store, BOUGH_MERGE_TAKE_OURS);
    after = merge_head(store, MAIN);
    assert_memory_equal(&before, &after, sizeof(before));
    bough_store_close(store);
}

static void test_rewrite_kept__it_is_kept_only_if_asked_and_once(void **unused)
{
    rewrite_call *const calls[] = {bough_rewrite_pick, bough_rewrite_squash};
    struct bough_store *store = merge_forked();
    enum bough_merge_outcome outcome;
    struct bough_ref ref;

    (void)unused;
    merge_put(store, SIDE, "k", "theirs");
    merge_put(store, MAIN, "k", "ours");
    for (unsigned i = 0; i < 2; i++) {
        struct bough_link side = merge_head(store, SIDE);

        assert_int_equal(rewrite(store, calls[i], side, true, true, &outcome), BOUGH_OK);
        assert_int_equal(rewrite(store, calls[i], side, false, false, &outcome), BOUGH_OK);
        assert_int_equal(outcome, BOUGH_MERGE_CONFLICTS);
        assert_int_equal(bough_ref_get(store, text("merge/main"), &ref), BOUGH_NOT_FOUND);
        keeps(store, calls[i], side, i == 0 ? BOUGH_MERGE_TASK_PICK : BOUGH_MERGE_TASK_SQUASH);
        assert_int_equal(rewrite(store, calls[i], side, true, false, &outcome), BOUGH_EXISTS);
        assert_int_equal(rewrite(store, calls[i], side, true, true, &outcome), BOUGH_OK);
        assert_int_equal(rewrite(store, calls[i], side, false, false, &outcome), BOUGH_OK);
        assert_int_equal(bough_merge_progress_abort(store, text(MAIN)), BOUGH_OK);
    }
    bough_store_close(store);
}

/* What is kept does not need what a policy drops, and keeps what it needs. */
static void test_rewrite_kept__collection_leaves_what_it_needs(void **unused)
{
    const struct bough_retention policy = {.pattern = text("heads/*"), .commits = 1};
    struct bough_store *store = merge_forked();
    struct bough_link bad;

    (void)unused;
    merge_put(store, MAIN, "k", "bad");
    bad = merge_head(store, MAIN);
    merge_put(store, MAIN, "k", "ours");
    keeps(store, bough_rewrite_revert, bad, BOUGH_MERGE_TASK_REVERT);
    assert_int_equal(bough_retention_set(store, &policy, 1), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    assert_sides(store, "bad", "ours", "1");
    resolve(store, BOUGH_MERGE_TAKE_THEIRS);
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    bough_store_close(store);
}

static void test_rewrite_kept__a_task_that_is_none_is_damage(void **unused)
{
    static const char *const tasks[] = {"4", "/", "11"};
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_link parents[2];
    struct bough_merge_progress progress;

    (void)unused;
    parents[0] = parents[1] = merge_head(store, MAIN);
    for (unsigned i = 0; i < 3; i++) {
        struct bough_edit edit = {.path = text("task"), .entry.mode = BOUGH_MODE_FILE};
        struct bough_commit commit = {.parents = parents, .parent_count = 2};
        struct bough_link link;

        assert_int_equal(bough_value_put(store, text(tasks[i]), &arena, &edit.entry.value),
                         BOUGH_OK);
        assert_int_equal(bough_tree_edit(store, &commit.tree, &edit, 1, &arena, NULL, &commit.tree),
                         BOUGH_OK);
        assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
        merge_branch(store, "merge/main", link);
        assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress),
                         BOUGH_CORRUPT);
    }
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewrite_kept__a_pick_becomes_the_picked_commit),
        cmocka_unit_test(test_rewrite_kept__a_revert_takes_what_the_parent_had),
        cmocka_unit_test(test_rewrite_kept__a_squash_has_one_parent),
        cmocka_unit_test(test_rewrite_kept__without_a_change_there_is_no_commit),
        cmocka_unit_test(test_rewrite_kept__it_is_kept_only_if_asked_and_once),
        cmocka_unit_test(test_rewrite_kept__collection_leaves_what_it_needs),
        cmocka_unit_test(test_rewrite_kept__a_task_that_is_none_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
