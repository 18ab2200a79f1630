/* SPDX-License-Identifier: ISC
 *
 * test_no_memory.c - memory may run out at any allocation, and nothing is lost.
 *
 * How: a small device with a history is the start of every attempt.  A piece of work is done on it
 * once to count its allocations; then again for each of them (a seeded sample where they are many),
 * which fails alone, or with all that come after it.  The answer must be BOUGH_NO_MEMORY or
 * success.  Memory being there again, the same work must succeed in the same store, what was
 * acknowledged must be there, by name, too, fsck must find no fault, the next commit must be
 * durable, and after closing the heap must be as it was.  Then the device is opened again.
 */
#include "backup_setup.h"
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/merge_progress.h"
#include "bough/retention.h"
#include "bough/rewrite.h"
#include "failing_heap.h"
#include "journal_checkpoint.h"

#define BLOCK_BYTES 4096u
#define BLOCK_COUNT 1536u
#define CACHE_BYTES ((size_t)128 << 10)
#define SAMPLE_MAX  40u /* allocations of a piece of work that are made to fail */
#define ACKED_MAX   512u
#define VALUE_BYTES 180000u
#define HISTORY     30u
#define TAGS_STAGED 5000u /* more than the map of names keeps in memory */

static struct failing_heap heap;
static struct bough_env env;
static struct bough_block *medium;
static struct block_borrow borrow;
static uint8_t start_bytes[BLOCK_BYTES * BLOCK_COUNT];
static struct bough_hash acked[ACKED_MAX]; /* commits that must be found by name */
static unsigned acked_count;
static uint8_t value_bytes[VALUE_BYTES];
static struct backup_stream dumped;
static uint64_t collected_bytes; /* given back by all collections */

/* A piece of work; it must be possible to do it again. */
struct work {
    const char *name;
    void (*prepare)(struct bough_store *store); /* in the same store, with memory; may be NULL */
    enum bough_err (*run)(struct bough_store *store);
    bool changes;       /* it is of several steps: when it fails, some may have been done */
    bool drops_history; /* old commits need not be found any more */
};

static enum bough_err open_store(struct bough_store **store)
{
    struct bough_backend *backend;

    BOUGH_TRY(bough_journal_open(&env, block_borrow(&borrow, medium), &backend));
    return bough_store_open(&env, backend, CACHE_BYTES, store);
}

static struct bough_arena scratch(void)
{
    struct bough_arena arena;

    bough_arena_init(&arena, env.heap, (size_t)64 << 20);
    return arena;
}

static struct bough_edit put(const char *path, size_t len, struct bough_store *store,
                             struct bough_arena *arena, enum bough_err *err)
{
    struct bough_edit edit = {.path = bough_bytes_text(path), .entry = {.mode = BOUGH_MODE_FILE}};

    assert(len <= sizeof(value_bytes));
    if (*err == BOUGH_OK)
        *err = bough_value_put(store, bough_bytes_of(value_bytes, len), arena, &edit.entry.value);
    return edit;
}

static enum bough_err commit(struct bough_store *store, const struct bough_edit *edits,
                             size_t count, int64_t time_s, struct bough_arena *arena)
{
    const struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = edits,
        .edit_count = count,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a"), .time_s = time_s},
        .message = bough_bytes_text("m\n"),
        .keep_empty = true};
    struct bough_txn_result result;

    return bough_txn_commit(store, &txn, arena, &result);
}

/* ---- the work ---- */

static enum bough_err run_edits(struct bough_store *store)
{
    struct bough_arena arena = scratch();
    enum bough_err err = BOUGH_OK;
    struct bough_edit edits[4];

    edits[0] = put("new/inline", 100, store, &arena, &err);
    edits[1] = put("new/object", 3000, store, &arena, &err);
    edits[2] = put("new/chunked", VALUE_BYTES, store, &arena, &err);
    edits[3] = (struct bough_edit){.path = bough_bytes_text("d1/k4"), .remove = true};
    if (err == BOUGH_OK)
        err = commit(store, edits, 4, 5000, &arena);
    bough_arena_release(&arena);
    return err;
}

static enum bough_err run_append(struct bough_store *store)
{
    struct bough_arena arena = scratch();
    struct bough_edit edit = {.path = bough_bytes_text("large")};
    struct bough_ref head;
    struct bough_commit last;
    enum bough_err err = bough_ref_get(store, bough_bytes_text("heads/main"), &head);

    if (err == BOUGH_OK)
        err = bough_commit_get(store, &head.link, &arena, &last);
    if (err == BOUGH_OK)
        err = bough_tree_find(store, &last.tree, edit.path, &arena, &edit.entry);
    if (err == BOUGH_OK)
        err = bough_value_append(store, &edit.entry.value, bough_bytes_of(value_bytes, 9000),
                                 &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = commit(store, &edit, 1, 5001, &arena);
    bough_arena_release(&arena);
    return err;
}

/* Makes a policy's value of both. */
static enum bough_err join_values(void *context, const struct bough_merge_values *values,
                                  struct bough_arena *arena, struct bough_merge_value *merged)
{
    uint8_t *at = bough_arena_take(arena, values->ours.value.len + values->theirs.value.len);

    (void)context;
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(at, values->ours.value.at, values->ours.value.len);
    memcpy(at + values->ours.value.len, values->theirs.value.at, values->theirs.value.len);
    *merged = (struct bough_merge_value){
        .clean = true,
        .value = bough_bytes_of(at, values->ours.value.len + values->theirs.value.len)};
    return BOUGH_OK;
}

static enum bough_err always_join(void *context, struct bough_bytes path,
                                  const struct bough_merge_policy **policy)
{
    static const struct bough_merge_policy join = {.name = "join", .merge = join_values};

    (void)context;
    (void)path;
    *policy = &join;
    return BOUGH_OK;
}

/* The head and a commit beside it are merged: values of both, and a conflict that is kept. */
static enum bough_err run_merge(struct bough_store *store)
{
    struct bough_arena arena = scratch();
    struct bough_arena kept = scratch();
    struct bough_merge_list list = {.arena = &kept, .max = 10};
    const struct bough_merge_options options = {
        .policy = always_join, .conflict = bough_merge_list_add, .conflict_context = &list};
    struct bough_merge_request request = {
        .branch = bough_bytes_text("heads/main"),
        .options = &options,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a")}};
    struct bough_ref head;
    struct bough_commit theirs;
    struct bough_merge_result result;
    struct bough_edit edits[4];
    enum bough_err err = bough_ref_get(store, request.branch, &head);

    if (err == BOUGH_OK)
        err = bough_commit_get(store, &head.link, &arena, &theirs);
    edits[0] = put("d1/k4", 300, store, &arena, &err);
    edits[1] = put("both", 3000, store, &arena, &err);
    edits[2] = put("theirs", 100, store, &arena, &err);
    edits[3] = (struct bough_edit){.path = bough_bytes_text("d2"), .remove = true};
    if (err == BOUGH_OK)
        err = bough_tree_edit(store, &theirs.tree, edits, 4, &arena, NULL, &theirs.tree);
    theirs.parents = &head.link;
    theirs.parent_count = 1;
    if (err == BOUGH_OK)
        err = bough_commit_put(store, &theirs, &arena, &request.theirs);
    edits[0] = put("d1/k4", 200, store, &arena, &err);
    edits[1] = put("both", 2900, store, &arena, &err);
    edits[2] = put("d2/more", 50, store, &arena, &err);
    if (err == BOUGH_OK)
        err = commit(store, edits, 3, 5003, &arena);
    if (err == BOUGH_OK)
        err = bough_merge_commit(store, &request, &arena, &result, &head.link);
    bough_arena_release(&arena);
    bough_arena_release(&kept);
    return err;
}

/* A change is picked that the head has otherwise: kept, settled, finished. */
static enum bough_err run_kept(struct bough_store *store)
{
    const struct bough_bytes name = bough_bytes_text("heads/main");
    const struct bough_merge_options options = {0};
    const struct bough_merge_resolution theirs = {.path = bough_bytes_text("both"),
                                                  .take = BOUGH_MERGE_TAKE_THEIRS};
    struct bough_arena arena = scratch();
    struct bough_rewrite_request request = {
        .branch = name,
        .keep = true,
        .options = &options,
        .committer = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a")}};
    struct bough_rewrite_result result;
    struct bough_edit edit;
    struct bough_ref head;
    struct bough_commit picked = {0};
    enum bough_err err = bough_merge_progress_abort(store, name); /* that of a try that failed */

    if (err == BOUGH_OK || err == BOUGH_NOT_FOUND)
        err = bough_ref_get(store, name, &head);
    if (err == BOUGH_OK)
        err = bough_commit_get(store, &head.link, &arena, &picked);
    edit = put("both", 3100, store, &arena, &err);
    if (err == BOUGH_OK)
        err = bough_tree_edit(store, &picked.tree, &edit, 1, &arena, NULL, &picked.tree);
    picked.parents = &head.link;
    picked.parent_count = 1;
    if (err == BOUGH_OK)
        err = bough_commit_put(store, &picked, &arena, &request.commit);
    /* Another value than that of a try that failed, so that there is something to commit. */
    edit = put("both", 2700 + picked.generation % 100, store, &arena, &err);
    if (err == BOUGH_OK)
        err = commit(store, &edit, 1, 5004, &arena);
    if (err == BOUGH_OK)
        err = bough_rewrite_pick(store, &request, &arena, &result);
    if (err == BOUGH_OK)
        err = bough_merge_progress_resolve(store, name, &theirs, 1, &arena, NULL);
    if (err == BOUGH_OK)
        err = bough_merge_progress_finish(store, name, &arena, &head.link);
    bough_arena_release(&arena);
    return err;
}

static enum bough_err run_ranges(struct bough_store *store)
{
    const struct bough_edit edits[] = {
        {.kind = BOUGH_EDIT_REMOVE_RANGE,
         .path = bough_bytes_text("d0/k1"),
         .other = bough_bytes_text("d0/k6")},
        {.kind = BOUGH_EDIT_COPY,
         .path = bough_bytes_text("copied"),
         .other = bough_bytes_text("d2")},
        {.kind = BOUGH_EDIT_MOVE,
         .path = bough_bytes_text("moved/there"),
         .other = bough_bytes_text("copied")},
    };
    struct bough_arena arena = scratch();
    enum bough_err err = commit(store, edits, 3, 5002, &arena);

    bough_arena_release(&arena);
    return err;
}

static void stage(struct bough_store *store)
{
    assert_int_equal(run_edits(store), BOUGH_OK);
}

/* Stages a tag of its own. */
static void stage_tag(struct bough_store *store, unsigned number)
{
    struct bough_arena arena = scratch();
    struct bough_tag tag = {.target_kind = BOUGH_KIND_COMMIT};
    struct bough_link link;
    char text[40];

    snprintf(text, sizeof(text), "tag number %u\n", number);
    tag.target = backup_head(store, "heads/main");
    tag.verbatim = bough_bytes_text(text);
    assert_int_equal(bough_tag_put(store, &tag, &arena, &link), BOUGH_OK);
    bough_arena_release(&arena);
}

/* Stages tags until one more name needs memory. */
static void stage_until_full(struct bough_store *store)
{
    const struct journal *journal = (const struct journal *)store->backend;

    for (unsigned i = 0;
         2 * (journal->names.fresh.used_count + 1) <= journal->names.fresh.place_count; i++)
        stage_tag(store, i);
}

/* So many tags are staged that the sync must begin a run of the map of names. */
static void stage_many(struct bough_store *store)
{
    for (unsigned i = 0; i < TAGS_STAGED; i++)
        stage_tag(store, i);
    stage(store);
}

static enum bough_err run_checkpoint(struct bough_store *store)
{
    struct journal *journal = (struct journal *)store->backend;

    /* What an attempt that failed has left in an open group is ended first, as a sync does. */
    BOUGH_TRY(bough_store_sync(store));
    if (journal->group_open)
        return BOUGH_OK;
    return journal_checkpoint_save(journal);
}

/* A collection that has something of everything to do. */
static enum bough_err run_collect(struct bough_store *store)
{
    const struct journal *journal = (const struct journal *)store->backend;
    uint64_t used_bytes = journal->base.used_bytes;
    size_t moves = journal->moves.fresh.used_count + journal->moves.run_count;

    BOUGH_TRY(bough_collect_run(store));
    assert_true(journal->names.run_count > 0 && moves > 0);
    collected_bytes +=
        used_bytes > journal->base.used_bytes ? used_bytes - journal->base.used_bytes : 0;
    return BOUGH_OK;
}

static enum bough_err run_fsck(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    enum bough_err err = bough_fsck(store, &options, &report);

    if (err == BOUGH_OK)
        assert_int_equal(report.fault_count, 0);
    return err;
}

static enum bough_err run_dump(struct bough_store *store)
{
    dumped.len = 0;
    return backup_dump(store, NULL, 0, &dumped);
}

static void prepare_load(struct bough_store *store)
{
    struct bough_arena arena = scratch();
    const struct bough_edit edit = {.path = bough_bytes_text("d0"), .remove = true};

    assert_int_equal(run_dump(store), BOUGH_OK);
    assert_int_equal(commit(store, &edit, 1, 5003, &arena), BOUGH_OK);
    bough_arena_release(&arena);
}

static enum bough_err run_load(struct bough_store *store)
{
    return backup_load(store, dumped.at, dumped.len, true, 0, NULL);
}

static enum bough_err walk_all(struct bough_store *store, const struct bough_tree *tree, bool back,
                               struct bough_arena *arena, uint64_t *count)
{
    const struct bough_bytes none = {0};
    struct bough_tree_walk walk;
    struct bough_entry entry;
    struct bough_bytes path;
    enum bough_err err;

    *count = 0;
    err = back ? bough_tree_walk_back_open(&walk, store, tree, none, none, arena)
               : bough_tree_walk_open(&walk, store, tree, none, none, arena);
    while (err == BOUGH_OK) {
        err = back ? bough_tree_walk_back_next(&walk, &path, &entry)
                   : bough_tree_walk_next(&walk, &path, &entry);
        *count += err == BOUGH_OK;
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Forwards, backwards, by number; values are read. */
static enum bough_err run_walk(struct bough_store *store)
{
    struct bough_arena arena = scratch();
    struct bough_ref head;
    struct bough_commit last;
    struct bough_entry entry;
    struct bough_bytes path;
    uint64_t counts[2] = {0};
    enum bough_err err = bough_ref_get(store, bough_bytes_text("heads/main"), &head);

    if (err == BOUGH_OK)
        err = bough_commit_get(store, &head.link, &arena, &last);
    for (unsigned i = 0; i < 2 && err == BOUGH_OK; i++)
        err = walk_all(store, &last.tree, i == 1, &arena, &counts[i]);
    if (err == BOUGH_OK)
        err = bough_tree_rank_nth(store, &last.tree, counts[0] / 2, &arena, &path, &entry);
    if (err == BOUGH_OK)
        err = bough_tree_find(store, &last.tree, bough_bytes_text("large"), &arena, &entry);
    if (err == BOUGH_OK)
        err = bough_value_get(store, &entry.value, VALUE_BYTES, &arena, &path);
    if (err == BOUGH_OK) {
        assert_int_equal(counts[0], last.tree.key_count);
        assert_int_equal(counts[1], last.tree.key_count);
    }
    bough_arena_release(&arena);
    return err;
}

/* A branch is lost, found in the log, and brought back. */
static enum bough_err run_reflog(struct bough_store *store)
{
    const struct bough_bytes name = bough_bytes_text("heads/side");
    const struct bough_ref_move removal = {.name = name, .remove = true};
    struct bough_arena arena = scratch();
    struct bough_ref_log_entry entry;
    struct bough_bytes found;
    struct bough_ref ref;
    enum bough_err err = bough_ref_move(store, &removal, 1, NULL);

    if (err == BOUGH_NOT_FOUND) /* an attempt before has removed it */
        err = BOUGH_OK;
    if (err == BOUGH_OK)
        err = bough_ref_log_prev(store, name, 0, &arena, &entry);
    if (err == BOUGH_OK)
        err = bough_ref_log_next_name(store, (struct bough_bytes){0}, &arena, &found);
    if (err == BOUGH_OK)
        err = bough_ref_undelete(store, name, &ref);
    if (err == BOUGH_OK)
        err = bough_ref_log_clear(store, name);
    bough_arena_release(&arena);
    return err;
}

/* A policy is set, read, and applied. */
static enum bough_err run_retention(struct bough_store *store)
{
    const struct bough_retention policy = {.pattern = bough_bytes_text("heads/main"), .commits = 4};
    const struct bough_retention *policies;
    struct bough_arena arena = scratch();
    size_t count;
    enum bough_err err = bough_retention_set(store, &policy, 1);

    if (err == BOUGH_OK)
        err = bough_retention_get(store, &arena, &policies, &count);
    bough_arena_release(&arena);
    return err == BOUGH_OK ? bough_collect_run(store) : err;
}

static enum bough_err run_find(struct bough_store *store)
{
    enum bough_err err = BOUGH_OK;

    for (unsigned i = 0; i < acked_count && err == BOUGH_OK; i++) {
        struct bough_link link;

        err = bough_store_find(store, &acked[i], &link);
    }
    return err;
}

/* ---- checks ---- */

/* Everything that was acknowledged is there, and what is there can be read. */
static void check(struct bough_store *store, const struct work *work)
{
    assert_int_equal(run_fsck(store), BOUGH_OK);
    assert_int_equal(run_walk(store), BOUGH_OK);
    if (!work->drops_history)
        assert_int_equal(run_find(store), BOUGH_OK);
}

static void check_found(struct bough_store *store, const struct bough_link *head)
{
    struct bough_link link;

    assert_int_equal(bough_store_find(store, &head->name, &link), BOUGH_OK);
    assert_true(bough_hash_equal(&link.name, &head->name));
}

static void restore(void)
{
    assert_int_equal(bough_block_write(medium, 0, BLOCK_COUNT, start_bytes), BOUGH_OK);
}

/* The device is opened anew, and has what was acknowledged. */
static void check_again(const struct work *work, const struct bough_root *root,
                        const struct bough_link *head)
{
    struct bough_root now;
    struct bough_store *store;

    assert_int_equal(open_store(&store), BOUGH_OK);
    now = backup_root(store);
    assert_int_equal(now.generation, root->generation);
    assert_true(bough_hash_equal(&now.state.name, &root->state.name));
    check(store, work);
    check_found(store, head);
    bough_store_close(store);
    assert_int_equal(env.heap->taken_bytes, 0);
}

/* One attempt; answers how many allocations it asked for. */
static uint64_t attempt(const struct work *work, uint64_t fail_at, bool forever)
{
    struct bough_store *store;
    struct bough_root before;
    struct bough_root after;
    struct bough_link head;
    struct bough_arena arena;
    struct bough_edit edit;
    enum bough_err err;
    uint64_t count;

    restore();
    failing_heap_arm(&heap, 0, false);
    assert_int_equal(open_store(&store), BOUGH_OK);
    if (work->prepare != NULL)
        work->prepare(store);
    before = backup_root(store);
    failing_heap_arm(&heap, fail_at, forever);
    err = work->run(store);
    count = heap.count;
    failing_heap_arm(&heap, 0, false);
    if (err != BOUGH_OK && (err != BOUGH_NO_MEMORY || fail_at == 0))
        fail_msg("%s: allocation %llu%s: %s", work->name, (unsigned long long)fail_at,
                 forever ? " and all after it" : "", bough_err_name(err));
    assert_false(store->backend->read_only);
    after = backup_root(store);
    if (err != BOUGH_OK && !work->changes)
        assert_true(bough_hash_equal(&before.state.name, &after.state.name));
    check(store, work);
    /* The same once more, now that there is memory. */
    if (err != BOUGH_OK)
        assert_int_equal(work->run(store), BOUGH_OK);
    head = backup_head(store, "heads/main");
    check_found(store, &head);
    arena = scratch();
    err = BOUGH_OK;
    edit = put("last", 700, store, &arena, &err);
    assert_int_equal(err, BOUGH_OK);
    assert_int_equal(commit(store, &edit, 1, 6000, &arena), BOUGH_OK);
    bough_arena_release(&arena);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(run_checkpoint(store), BOUGH_OK);
    check(store, work);
    after = backup_root(store);
    bough_store_close(store);
    assert_int_equal(env.heap->taken_bytes, 0);
    check_again(work, &after, &head);
    return count;
}

/* Every allocation of the work, or a sample. */
static void run_out(const struct work *work, uint64_t *seed)
{
    uint64_t count = attempt(work, 0, false);
    const char *longer = getenv("BOUGH_LONG");
    uint64_t most = longer != NULL && longer[0] == '1' ? 3 * SAMPLE_MAX : SAMPLE_MAX;
    bool all = count <= most || getenv("BOUGH_TEST_ALL") != NULL;

    printf("%s: %llu allocations, %s\n", work->name, (unsigned long long)count,
           all ? "each fails" : "a sample fails");
    assert_true(count > 0);
    for (uint64_t i = 1; i <= (all ? count : most); i++) {
        /* The first ones and the last ones, and any between. */
        uint64_t k = all || i <= most / 4 ? i
                     : i > most * 3 / 4   ? count - (most - i)
                                          : 1 + test_below(seed, count);

        (void)attempt(work, k, false);
        (void)attempt(work, k, true);
    }
}

/* ---- the start of every attempt ---- */

static void make_start(void)
{
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    struct bough_store *store;
    uint64_t random = 1;

    failing_heap_init(&heap, host_env()->heap);
    env = *host_env();
    env.heap = &heap.base;
    for (size_t i = 0; i < sizeof(value_bytes); i++)
        value_bytes[i] = (uint8_t)(test_random(&random) >> 24);
    assert_int_equal(bough_ram_open(host_env(), BLOCK_BYTES, BLOCK_COUNT, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(&env, block_borrow(&borrow, medium), &identity),
                     BOUGH_OK);
    assert_int_equal(open_store(&store), BOUGH_OK);
    for (unsigned i = 0; i < HISTORY; i++) {
        struct bough_arena arena = scratch();
        struct bough_edit edits[12];
        char paths[12][24];
        enum bough_err err = BOUGH_OK;
        struct bough_link head;

        for (unsigned k = 0; k < 12; k++) {
            snprintf(paths[k], sizeof(paths[k]), k == 0 && i % 6 == 0 ? "large" : "d%u/k%u", k % 3,
                     (unsigned)test_below(&random, 60) / 12 * 12 + k);
            edits[k] = put(paths[k], k == 0 && i % 6 == 0 ? 100000 + i : 60 + 5 * i + 90 * k, store,
                           &arena, &err);
        }
        for (unsigned k = 0; k < 12; k++) { /* garbage, among what lives */
            struct bough_value value;

            err = bough_value_put(store, bough_bytes_of(value_bytes + 100 * i + k, 4000), &arena,
                                  &value);
            assert_int_equal(err, BOUGH_OK);
        }
        assert_int_equal(commit(store, edits, 12, i, &arena), BOUGH_OK);
        head = backup_head(store, "heads/main");
        acked[acked_count++] = head.name;
        if (i == HISTORY / 2)
            backup_move(store, "heads/side", BOUGH_KIND_COMMIT, &head);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (i == HISTORY / 2)
            assert_int_equal(bough_collect_run(store), BOUGH_OK);
        bough_arena_release(&arena);
    }
    bough_store_close(store);
    assert_int_equal(env.heap->taken_bytes, 0);
    assert_int_equal(bough_block_read(medium, 0, BLOCK_COUNT, start_bytes), BOUGH_OK);
}

/* ---- tests ---- */

static void test_no_memory__opening_fails_clearly(void **state)
{
    uint64_t count = 0;

    (void)state;
    restore();
    for (uint64_t k = 0; k == 0 || k <= count; k++) {
        for (unsigned forever = 0; forever < 2; forever++) {
            struct bough_store *store;
            enum bough_err err;

            failing_heap_arm(&heap, k, forever == 1);
            err = open_store(&store);
            if (k == 0)
                count = heap.count;
            failing_heap_arm(&heap, 0, false);
            if (err == BOUGH_OK) {
                check(store, &(struct work){0});
                bough_store_close(store);
            } else {
                assert_true(k != 0);
                assert_int_equal(err, BOUGH_NO_MEMORY);
            }
            assert_int_equal(env.heap->taken_bytes, 0);
        }
    }
    printf("open: %llu allocations, each fails\n", (unsigned long long)count);
}

static void try_all(const struct work *works, size_t count)
{
    uint64_t seed = test_seed();

    for (size_t i = 0; i < count; i++)
        run_out(&works[i], &seed);
}

static void test_no_memory__writing_fails_clearly_and_works_the_next_time(void **state)
{
    static const struct work works[] = {
        {.name = "edits", .run = run_edits},
        {.name = "a new name", .prepare = stage_until_full, .run = run_edits},
        {.name = "append", .run = run_append},
        {.name = "ranges", .run = run_ranges},
        {.name = "merge", .run = run_merge, .changes = true},
        {.name = "kept", .run = run_kept, .changes = true},
        {.name = "reflog", .run = run_reflog, .changes = true},
    };

    (void)state;
    try_all(works, sizeof(works) / sizeof(works[0]));
}

static void test_no_memory__a_sync_loses_nothing(void **state)
{
    static const struct work works[] = {
        {.name = "sync", .prepare = stage_many, .run = bough_store_sync},
        {.name = "checkpoint", .prepare = stage, .run = run_checkpoint},
    };

    (void)state;
    try_all(works, sizeof(works) / sizeof(works[0]));
}

static void test_no_memory__reading_fails_clearly(void **state)
{
    static const struct work works[] = {
        {.name = "walk", .run = run_walk},
        {.name = "find", .run = run_find},
        {.name = "fsck", .run = run_fsck},
        {.name = "dump", .run = run_dump},
    };

    (void)state;
    try_all(works, sizeof(works) / sizeof(works[0]));
}

static void test_no_memory__a_load_shows_all_or_nothing(void **state)
{
    static const struct work works[] = {
        {.name = "load", .prepare = prepare_load, .run = run_load, .changes = true},
    };

    (void)state;
    try_all(works, 1);
}

static void test_no_memory__a_collection_is_given_up_without_harm(void **state)
{
    static const struct work works[] = {
        {.name = "collect", .run = run_collect, .changes = true},
        {.name = "retention", .run = run_retention, .changes = true, .drops_history = true},
    };

    (void)state;
    collected_bytes = 0;
    try_all(works, sizeof(works) / sizeof(works[0]));
    assert_true(collected_bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory__opening_fails_clearly),
        cmocka_unit_test(test_no_memory__writing_fails_clearly_and_works_the_next_time),
        cmocka_unit_test(test_no_memory__a_sync_loses_nothing),
        cmocka_unit_test(test_no_memory__reading_fails_clearly),
        cmocka_unit_test(test_no_memory__a_load_shows_all_or_nothing),
        cmocka_unit_test(test_no_memory__a_collection_is_given_up_without_harm),
    };
    int failed;

    make_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    bough_block_close(medium);
    free(dumped.at);
    return failed;
}
