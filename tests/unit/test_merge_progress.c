/* SPDX-License-Identifier: ISC
 *
 * test_merge_progress.c - merges that are kept until their conflicts are resolved.
 *
 * How: two branches that disagree are written by hand, their merge is begun, and then everything is
 * tried that may be, and that may not.  (test_merge_model.c resolves random merges this way.)
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/journal.h"
#include "bough/merge_progress.h"
#include "merge_setup.h"
#include <stdio.h>

#define MANY        600u /* more than are written down together */
#define BLOCK_BYTES 4096u
#define BLOCK_COUNT 2048u

static const struct bough_merge_options plain;

static struct bough_bytes text(const char *chars)
{
    return bough_bytes_text(chars);
}

/* Main and side disagree on "a" (both changed it) and "d/b" (side removed it). */
static void disagree(struct bough_store *store)
{
    merge_put(store, MAIN, "a", "base");
    merge_put(store, MAIN, "d/b", "base");
    merge_branch(store, SIDE, merge_head(store, MAIN));
    merge_put(store, MAIN, "a", "ours");
    merge_put(store, MAIN, "d/b", "ours");
    merge_put(store, SIDE, "a", "theirs");
    merge_put(store, SIDE, "d/b", NULL);
    merge_put(store, SIDE, "new", "theirs");
}

static enum bough_err begin(struct bough_store *store, const char *name, uint64_t *conflicts)
{
    const struct bough_merge_request request = {
        .branch = text(name),
        .theirs = merge_head(store, SIDE),
        .options = &plain,
        .author = {.name = text("Ann"), .email = text("ann@example.org")},
        .message = text("merge\n")};
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_result result = {0};
    struct bough_link at;
    enum bough_err err = bough_merge_progress_begin(store, &request, &arena, &result, &at);

    *conflicts = result.conflict_count;
    bough_arena_release(&arena);
    return err;
}

static enum bough_err resolve(struct bough_store *store, const char *name, const char *path,
                              enum bough_merge_take take, const char *value)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_resolution resolution = {.path = text(path), .take = take};
    size_t culprit;
    enum bough_err err;

    resolution.entry.mode = BOUGH_MODE_FILE;
    if (value != NULL)
        assert_int_equal(bough_value_put(store, text(value), &arena, &resolution.entry.value),
                         BOUGH_OK);
    err = bough_merge_progress_resolve(store, text(name), &resolution, 1, &arena, &culprit);
    assert_int_equal(culprit, err == BOUGH_NOT_FOUND ? 0 : 1);
    bough_arena_release(&arena);
    return err;
}

static enum bough_err finish(struct bough_store *store, const char *name)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link at;
    enum bough_err err = bough_merge_progress_finish(store, text(name), &arena, &at);

    bough_arena_release(&arena);
    return err;
}

/* How many conflicts are left; -1: nothing is in progress. */
static int left(struct bough_store *store, const char *name)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    enum bough_err err = bough_merge_progress_get(store, text(name), &arena, &progress);

    assert_true(err == BOUGH_OK || err == BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    return err == BOUGH_OK ? (int)progress.open.key_count : -1;
}

static void test_merge_progress__it_is_finished_when_nothing_is_open(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_link ours;
    uint64_t conflicts;

    (void)unused;
    disagree(store);
    ours = merge_head(store, MAIN);
    assert_int_equal(left(store, MAIN), -1);
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(conflicts, 2);
    assert_int_equal(left(store, MAIN), 2);
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_EXISTS);
    assert_int_equal(finish(store, MAIN), BOUGH_CONFLICT);
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_ENTRY, "mine"), BOUGH_OK);
    assert_int_equal(finish(store, MAIN), BOUGH_CONFLICT);
    assert_int_equal(resolve(store, MAIN, "d", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(resolve(store, MAIN, "", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(resolve(store, MAIN, "new", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(resolve(store, MAIN, "d/b", BOUGH_MERGE_TAKE_THEIRS, NULL), BOUGH_OK);
    assert_string_equal(merge_value(store, MAIN, "a"),
                        "ours"); /* until then nothing has happened */
    assert_int_equal(finish(store, MAIN), BOUGH_OK);
    assert_int_equal(left(store, MAIN), -1);
    assert_string_equal(merge_value(store, MAIN, "a"), "mine");
    assert_string_equal(merge_value(store, MAIN, "d/b"), "");
    assert_string_equal(merge_value(store, MAIN, "new"), "theirs");
    {
        struct bough_arena arena = store_setup_arena();
        struct bough_link link = merge_head(store, MAIN);
        struct bough_commit commit;

        assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
        assert_int_equal(commit.parent_count, 2);
        assert_memory_equal(&commit.parents[0].name, &ours.name, BOUGH_HASH_BYTES);
        assert_true(bough_bytes_equal(commit.message, text("merge\n")));
        bough_arena_release(&arena);
    }
    bough_store_close(store);
}

static void test_merge_progress__resolutions_are_all_made_or_none(void **unused)
{
    const struct bough_merge_resolution resolutions[] = {
        {.path = bough_bytes_text("a"), .take = BOUGH_MERGE_TAKE_BASE},
        {.path = bough_bytes_text("nowhere"), .take = BOUGH_MERGE_TAKE_BASE}};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    uint64_t conflicts;
    size_t culprit;

    (void)unused;
    disagree(store);
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(
        bough_merge_progress_resolve(store, text(MAIN), resolutions, 2, &arena, &culprit),
        BOUGH_NOT_FOUND);
    assert_int_equal(culprit, 1);
    assert_int_equal(left(store, MAIN), 2);
    assert_int_equal(
        bough_merge_progress_resolve(store, text(MAIN), resolutions, 1, &arena, &culprit),
        BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "d/b", BOUGH_MERGE_TAKE_NOTHING, NULL), BOUGH_OK);
    assert_int_equal(finish(store, MAIN), BOUGH_OK);
    assert_string_equal(merge_value(store, MAIN, "a"), "base");
    assert_string_equal(merge_value(store, MAIN, "d/b"), "");
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_progress__the_later_resolution_counts(void **unused)
{
    const struct bough_merge_resolution twice[] = {
        {.path = bough_bytes_text("v"), .take = BOUGH_MERGE_TAKE_OURS},
        {.path = bough_bytes_text("v"), .take = BOUGH_MERGE_TAKE_THEIRS}};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    uint64_t conflicts;

    (void)unused;
    merge_put(store, MAIN, "k", "1");
    merge_branch(store, SIDE, merge_head(store, MAIN));
    merge_put(store, MAIN, "a", "ours");
    merge_put(store, SIDE, "a", "theirs");
    merge_put(store, MAIN, "v/x", "ours"); /* a directory where side has a value */
    merge_put(store, SIDE, "v", "theirs");
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(conflicts, 2);
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_THEIRS, NULL), BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_NOTHING, NULL), BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_ENTRY, "mine"), BOUGH_OK);
    assert_int_equal(left(store, MAIN), 1);
    assert_int_equal(resolve(store, MAIN, "k", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(resolve(store, MAIN, "v/x", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(bough_merge_progress_resolve(store, text(MAIN), twice, 2, &arena, NULL),
                     BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "v/x", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(left(store, MAIN), 0);
    assert_int_equal(resolve(store, MAIN, "v", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(finish(store, MAIN), BOUGH_OK);
    assert_string_equal(merge_value(store, MAIN, "a"), "mine");
    assert_string_equal(merge_value(store, MAIN, "v/x"), "ours");
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_progress__what_was_given_up_comes_back(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_ref ref;
    uint64_t conflicts;

    (void)unused;
    disagree(store);
    assert_int_equal(bough_merge_progress_abort(store, text(MAIN)), BOUGH_NOT_FOUND);
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(bough_merge_progress_abort(store, text(MAIN)), BOUGH_OK);
    assert_int_equal(left(store, MAIN), -1);
    assert_int_equal(bough_ref_undelete(store, text("merge/main"), &ref), BOUGH_OK);
    assert_int_equal(left(store, MAIN), 1);
    assert_int_equal(bough_ref_log_clear(store, text("merge/main")), BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "d/b", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(finish(store, MAIN), BOUGH_OK); /* which is not on record */
    assert_int_equal(bough_ref_undelete(store, text("merge/main"), &ref), BOUGH_NOT_FOUND);
    bough_store_close(store);
}

static void test_merge_progress__branches_have_their_own(void **unused)
{
    struct bough_store *store = store_setup();
    const struct bough_ref_move gone = {.name = bough_bytes_text("heads/x/y"), .remove = true};
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    uint64_t conflicts;

    (void)unused;
    disagree(store);
    merge_branch(store, "heads/x/y", merge_head(store, MAIN));
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(begin(store, "heads/x/y", &conflicts), BOUGH_OK);
    assert_int_equal(resolve(store, "heads/x/y", "a", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(left(store, "heads/x/y"), 1);
    assert_int_equal(left(store, MAIN), 2);
    merge_put(store, MAIN, "later", "1"); /* the branch moves on */
    assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(resolve(store, MAIN, "d/b", BOUGH_MERGE_TAKE_OURS, NULL), BOUGH_OK);
    assert_int_equal(finish(store, MAIN), BOUGH_STALE);
    assert_int_equal(bough_ref_move(store, &gone, 1, NULL), BOUGH_OK);
    assert_int_equal(finish(store, "heads/x/y"), BOUGH_NOT_FOUND);
    assert_int_equal(bough_merge_progress_abort(store, text("heads/x/y")), BOUGH_OK);
    assert_int_equal(bough_merge_progress_abort(store, text("tags/x")), BOUGH_INVALID);
    merge_branch(store, "merge/main",
                 merge_head(store, MAIN)); /* somebody puts something else there */
    assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress), BOUGH_CORRUPT);
    assert_int_equal(bough_merge_progress_abort(store, text(MAIN)), BOUGH_OK);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_progress__it_survives_restart_and_collection(void **unused)
{
    static struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store;
    uint64_t conflicts;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_BYTES, BLOCK_COUNT, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), block_borrow(&borrow, medium), NULL),
                     BOUGH_OK);
    for (unsigned round = 0; round < 3; round++) {
        struct bough_backend *backend;

        assert_int_equal(bough_journal_open(host_env(), block_borrow(&borrow, medium), &backend),
                         BOUGH_OK);
        assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &store), BOUGH_OK);
        if (round == 0) {
            disagree(store);
            assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
        } else if (round == 1) {
            assert_int_equal(left(store, MAIN), 2);
            assert_int_equal(resolve(store, MAIN, "a", BOUGH_MERGE_TAKE_THEIRS, NULL), BOUGH_OK);
        } else {
            assert_int_equal(left(store, MAIN), 1);
            assert_int_equal(resolve(store, MAIN, "d/b", BOUGH_MERGE_TAKE_BASE, NULL), BOUGH_OK);
            assert_int_equal(finish(store, MAIN), BOUGH_OK);
            assert_string_equal(merge_value(store, MAIN, "a"), "theirs");
            assert_string_equal(merge_value(store, MAIN, "d/b"), "base");
        }
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_int_equal(bough_collect_run(store), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        bough_store_close(store);
    }
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_merge_progress__many_conflicts_are_all_kept(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    struct bough_merge_conflict conflict = {0};
    uint64_t conflicts;
    char path[30];

    (void)unused;
    merge_put(store, MAIN, "k", "1");
    merge_branch(store, SIDE, merge_head(store, MAIN));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "d%u/k%03u", i / 200, i);
        merge_put(store, MAIN, path, "ours");
        merge_put(store, SIDE, path, "theirs");
    }
    assert_int_equal(begin(store, MAIN, &conflicts), BOUGH_OK);
    assert_int_equal(conflicts, MANY);
    assert_int_equal(bough_merge_progress_get(store, text(MAIN), &arena, &progress), BOUGH_OK);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "d%u/k%03u", i / 200, i);
        assert_int_equal(
            bough_merge_progress_next(store, &progress, conflict.path, &arena, &conflict),
            BOUGH_OK);
        assert_true(bough_bytes_equal(conflict.path, text(path)));
        assert_int_equal(conflict.kind, BOUGH_MERGE_ADD_ADD);
        assert_null(conflict.base);
    }
    assert_int_equal(bough_merge_progress_next(store, &progress, conflict.path, &arena, &conflict),
                     BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_progress__it_is_finished_when_nothing_is_open),
        cmocka_unit_test(test_merge_progress__resolutions_are_all_made_or_none),
        cmocka_unit_test(test_merge_progress__the_later_resolution_counts),
        cmocka_unit_test(test_merge_progress__what_was_given_up_comes_back),
        cmocka_unit_test(test_merge_progress__branches_have_their_own),
        cmocka_unit_test(test_merge_progress__it_survives_restart_and_collection),
        cmocka_unit_test(test_merge_progress__many_conflicts_are_all_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
