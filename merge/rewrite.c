/* SPDX-License-Identifier: ISC
 *
 * rewrite.c - history made on top of history.
 *
 * To make a commit's change again on a head is to merge the head and the commit with the commit's
 * parent as the base; to take it back, to merge the head and the parent with the commit as the
 * base.
 *   (1) Commits are staged as they are made; the branch moves once, at the end, or not at all.
 *   (2) What is kept with conflicts is a merge in progress like any other but for its task
 *       (progress_state.c).
 */
#include "bough/rewrite.h"
#include "bough/limits.h"
#include "hex.h"
#include "merge_branch.h"
#include "progress_state.h"
#include <stdio.h>

struct rewrite {
    struct bough_store *store;
    const struct bough_rewrite_request *request;
    struct bough_arena *arena;
    struct bough_rewrite_result *result;
    struct bough_link old_head;
    struct bough_link commit; /* request->commit, with its address */
    struct bough_merge_options options;
    struct merge_record record; /* of the conflicts, if they are to be kept */
};

/* What a commit holds, and, for policies, which side it is. */
struct side {
    struct bough_link link;
    struct bough_commit commit; /* in the arena */
};

/* Whether conflicts are to be kept. */
static bool keeps(const struct rewrite *rewrite)
{
    return rewrite->request->keep && !rewrite->request->dry_run;
}

static enum bough_err begin(struct rewrite *rewrite)
{
    const struct bough_rewrite_request *request = rewrite->request;

    memset(rewrite->result, 0, sizeof(*rewrite->result));
    if (keeps(rewrite))
        BOUGH_TRY(progress_state_absent(rewrite->store, request->branch));
    BOUGH_TRY(merge_branch_head(rewrite->store, request->branch, request->expect,
                                &request->expected, &rewrite->old_head));
    rewrite->result->head = rewrite->old_head;
    return merge_branch_find(rewrite->store, &request->commit, &rewrite->commit);
}

static enum bough_err read_side(struct rewrite *rewrite, const struct bough_link *link,
                                struct side *side)
{
    side->link = *link;
    return bough_commit_get(rewrite->store, link, rewrite->arena, &side->commit);
}

static struct bough_merge_side policy_side(const struct bough_merge_side *given,
                                           const struct side *side)
{
    struct bough_merge_side whole = *given;

    whole.time_s = side->commit.committer.time_s;
    whole.name = bough_bytes_of(side->link.name.at, BOUGH_HASH_BYTES);
    return whole;
}

/* The tree that a commit's change is seen from: its parent's, or the empty one of a root. */
static enum bough_err parent_tree(struct rewrite *rewrite, const struct side *side,
                                  struct bough_tree *tree)
{
    uint32_t mainline = rewrite->request->mainline;
    uint32_t count = side->commit.parent_count;
    struct side parent;

    if (mainline > count || (mainline == 0 && count > 1))
        return BOUGH_INVALID;
    *tree = (struct bough_tree){0};
    if (count == 0)
        return BOUGH_OK;
    if (bough_commit_is_cut(&side->commit.parents[mainline > 0 ? mainline - 1 : 0]))
        return BOUGH_NOT_FOUND;
    BOUGH_TRY(read_side(rewrite, &side->commit.parents[mainline > 0 ? mainline - 1 : 0], &parent));
    *tree = parent.commit.tree;
    return BOUGH_OK;
}

/* Merges `theirs` into a head's tree.  The result is in result->tree. */
static enum bough_err apply(struct rewrite *rewrite, const struct bough_tree *base,
                            const struct side *head, const struct bough_tree *theirs,
                            const struct side *theirs_side)
{
    struct bough_merge_options options = rewrite->options;
    struct bough_rewrite_result *result = rewrite->result;

    assert(bough_hash_equal(&head->link.name, &rewrite->old_head.name) ||
           rewrite->request->resolved == NULL); /* a rebase resolves nothing */
    options.ours = policy_side(&options.ours, head);
    options.theirs = policy_side(&options.theirs, theirs_side);
    BOUGH_TRY(bough_merge_tree(rewrite->store, base, &head->commit.tree, theirs, &options,
                               rewrite->arena, &result->tree, &result->conflict_count));
    if (rewrite->request->resolved != NULL)
        result->tree = *rewrite->request->resolved;
    result->outcome = BOUGH_MERGE_CLEAN;
    if (result->conflict_count > 0 && rewrite->request->resolved == NULL) {
        result->outcome = BOUGH_MERGE_CONFLICTS;
        result->stopped_at = theirs_side->link;
    } else if (bough_tree_equal(&result->tree, &head->commit.tree)) {
        result->outcome = BOUGH_MERGE_UP_TO_DATE;
    }
    return BOUGH_OK;
}

/* Stages a commit of result->tree on `head`. */
static enum bough_err put_commit(struct rewrite *rewrite, const struct bough_link *head,
                                 const struct bough_ident *author, struct bough_bytes message,
                                 struct bough_link *link)
{
    struct bough_commit commit = {
        .tree = rewrite->result->tree,
        .parents = head,
        .parent_count = 1,
        .author = *author,
        .committer = rewrite->request->committer,
        .message = message,
    };

    rewrite->result->commit_count++;
    return bough_commit_put(rewrite->store, &commit, rewrite->arena, link);
}

/* Ends with what has been merged in `made`, whose texts are the commit's: commits it and moves the
 * branch, or keeps it with its conflicts, or does nothing. */
static enum bough_err finish(struct rewrite *rewrite, struct bough_merge_progress *made)
{
    const struct bough_rewrite_request *request = rewrite->request;
    struct bough_rewrite_result *result = rewrite->result;
    struct bough_link next;

    if (result->outcome == BOUGH_MERGE_CONFLICTS && keeps(rewrite)) {
        made->ours = rewrite->old_head;
        made->theirs = rewrite->commit;
        made->tree = result->tree;
        made->committer = request->committer;
        return progress_state_keep(rewrite->store, request->branch, &rewrite->record,
                                   rewrite->arena, made);
    }
    if (result->outcome != BOUGH_MERGE_CLEAN || request->dry_run)
        return BOUGH_OK;
    BOUGH_TRY(put_commit(rewrite, &rewrite->old_head, &made->author, made->message, &next));
    BOUGH_TRY(merge_branch_move(rewrite->store, request->branch, &rewrite->old_head, &next,
                                &request->committer, NULL));
    result->head = next;
    return BOUGH_OK;
}

/* Does one of the things below, which begin with `rewrite` begun. */
static enum bough_err run(struct bough_store *store, const struct bough_rewrite_request *request,
                          struct bough_arena *arena, struct bough_rewrite_result *result,
                          enum bough_err (*work)(struct rewrite *rewrite))
{
    struct rewrite rewrite = {.store = store,
                              .request = request,
                              .arena = arena,
                              .result = result,
                              .options = *request->options};
    enum bough_err err;

    merge_record_init(&rewrite.record, store, request->options);
    if (keeps(&rewrite)) {
        rewrite.options.conflict = merge_record_add;
        rewrite.options.conflict_context = &rewrite.record;
    }
    err = begin(&rewrite);
    if (err == BOUGH_OK)
        err = work(&rewrite);
    merge_record_release(&rewrite.record);
    return err;
}

static struct bough_bytes message_or(const struct rewrite *rewrite, struct bough_bytes other)
{
    return rewrite->request->message.len > 0 ? rewrite->request->message : other;
}

static enum bough_err pick(struct rewrite *rewrite)
{
    struct bough_merge_progress made = {.task = BOUGH_MERGE_TASK_PICK};
    struct side head;
    struct side picked;
    struct bough_tree base;

    BOUGH_TRY(read_side(rewrite, &rewrite->old_head, &head));
    BOUGH_TRY(read_side(rewrite, &rewrite->commit, &picked));
    BOUGH_TRY(parent_tree(rewrite, &picked, &base));
    BOUGH_TRY(apply(rewrite, &base, &head, &picked.commit.tree, &picked));
    made.author = picked.commit.author;
    made.message = message_or(rewrite, picked.commit.message);
    return finish(rewrite, &made);
}

enum bough_err bough_rewrite_pick(struct bough_store *store,
                                  const struct bough_rewrite_request *request,
                                  struct bough_arena *arena, struct bough_rewrite_result *result)
{
    return run(store, request, arena, result, pick);
}

/* What git would say: the first line of the message, and the name. */
static enum bough_err revert_message(struct bough_arena *arena, const struct side *reverted,
                                     struct bough_bytes *message)
{
    static const char form[] = "Revert \"%.*s\"\n\nThis reverts commit %s.\n";
    struct bough_bytes whole = reverted->commit.message;
    const uint8_t *end = whole.len == 0 ? NULL : memchr(whole.at, '\n', whole.len);
    size_t subject_len = end == NULL ? whole.len : (size_t)(end - whole.at);
    size_t max = sizeof(form) + subject_len + 2 * BOUGH_HASH_BYTES;
    char name[2 * BOUGH_HASH_BYTES + 1];
    char *text = bough_arena_take(arena, max);
    int len;

    assert(subject_len <= BOUGH_MESSAGE_BYTES_MAX);
    if (text == NULL)
        return BOUGH_NO_MEMORY;
    hex_print(reverted->link.name.at, BOUGH_HASH_BYTES, name);
    len = snprintf(text, max, form, (int)subject_len, (const char *)whole.at, name);
    *message = bough_bytes_of(text, (size_t)len);
    return BOUGH_OK;
}

static enum bough_err revert(struct rewrite *rewrite)
{
    struct bough_merge_progress made = {.task = BOUGH_MERGE_TASK_REVERT,
                                        .author = rewrite->request->committer};
    struct bough_bytes message;
    struct side head;
    struct side reverted;
    struct side back; /* what theirs is, for policies: it happens now */

    BOUGH_TRY(read_side(rewrite, &rewrite->old_head, &head));
    BOUGH_TRY(read_side(rewrite, &rewrite->commit, &reverted));
    BOUGH_TRY(parent_tree(rewrite, &reverted, &made.theirs_tree));
    BOUGH_TRY(revert_message(rewrite->arena, &reverted, &message));
    back = reverted;
    back.commit.committer = rewrite->request->committer;
    BOUGH_TRY(apply(rewrite, &reverted.commit.tree, &head, &made.theirs_tree, &back));
    made.message = message_or(rewrite, message);
    return finish(rewrite, &made);
}

enum bough_err bough_rewrite_revert(struct bough_store *store,
                                    const struct bough_rewrite_request *request,
                                    struct bough_arena *arena, struct bough_rewrite_result *result)
{
    return run(store, request, arena, result, revert);
}

static enum bough_err squash(struct rewrite *rewrite)
{
    const struct bough_rewrite_request *request = rewrite->request;
    struct bough_rewrite_result *result = rewrite->result;
    struct bough_merge_progress made = {
        .task = BOUGH_MERGE_TASK_SQUASH, .author = request->committer, .message = request->message};
    struct bough_merge_result merged;
    struct side head;

    BOUGH_TRY(read_side(rewrite, &rewrite->old_head, &head));
    BOUGH_TRY(bough_merge(rewrite->store, &rewrite->old_head, &rewrite->commit, &rewrite->options,
                          rewrite->arena, &merged));
    result->outcome = merged.outcome;
    result->conflict_count = merged.conflict_count;
    result->tree = request->resolved != NULL ? *request->resolved : merged.tree;
    result->stopped_at = rewrite->commit;
    if (merged.outcome == BOUGH_MERGE_FAST_FORWARD || request->resolved != NULL)
        result->outcome = BOUGH_MERGE_CLEAN;
    if (result->outcome == BOUGH_MERGE_CLEAN && bough_tree_equal(&result->tree, &head.commit.tree))
        result->outcome = BOUGH_MERGE_UP_TO_DATE;
    return finish(rewrite, &made);
}

enum bough_err bough_rewrite_squash(struct bough_store *store,
                                    const struct bough_rewrite_request *request,
                                    struct bough_arena *arena, struct bough_rewrite_result *result)
{
    return run(store, request, arena, result, squash);
}

/* The commits that are the branch's alone, the newest first; they must be a line. */
static enum bough_err list_line(struct rewrite *rewrite, struct bough_link *line, uint64_t count)
{
    struct bough_link next = rewrite->old_head;

    assert(count <= BOUGH_REWRITE_COMMITS_MAX);
    for (uint64_t i = 0; i < count; i++) {
        struct bough_arena_mark mark = bough_arena_now(rewrite->arena);
        struct side side;

        BOUGH_TRY(read_side(rewrite, &next, &side));
        if (side.commit.parent_count != 1)
            return BOUGH_UNSUPPORTED;
        line[i] = next;
        next = side.commit.parents[0];
        bough_arena_back(rewrite->arena, mark);
    }
    return BOUGH_OK;
}

/* Makes one commit's change again on *head, which moves on. */
static enum bough_err replay(struct rewrite *rewrite, const struct bough_link *link,
                             struct bough_link *head)
{
    struct bough_arena_mark mark = bough_arena_now(rewrite->arena);
    struct side onto;
    struct side picked;
    struct bough_tree base;
    struct bough_link next = *head;

    BOUGH_TRY(read_side(rewrite, head, &onto));
    BOUGH_TRY(read_side(rewrite, link, &picked));
    BOUGH_TRY(parent_tree(rewrite, &picked, &base));
    BOUGH_TRY(apply(rewrite, &base, &onto, &picked.commit.tree, &picked));
    if (rewrite->result->outcome == BOUGH_MERGE_CLEAN)
        BOUGH_TRY(put_commit(rewrite, head, &picked.commit.author, picked.commit.message, &next));
    *head = next;
    bough_arena_back(rewrite->arena, mark);
    return BOUGH_OK;
}

/* Replays a line of commits, and moves the branch to where they end. */
static enum bough_err replay_all(struct rewrite *rewrite, const struct bough_link *line,
                                 uint64_t count)
{
    struct bough_rewrite_result *result = rewrite->result;
    struct bough_link head = rewrite->commit;
    uint64_t commits = count;

    result->outcome = BOUGH_MERGE_FAST_FORWARD; /* without a commit */
    while (count > 0) {
        BOUGH_TRY(replay(rewrite, &line[--count], &head));
        if (result->outcome == BOUGH_MERGE_CONFLICTS)
            return BOUGH_OK;
    }
    result->outcome = result->commit_count > 0 ? BOUGH_MERGE_CLEAN : BOUGH_MERGE_FAST_FORWARD;
    if (rewrite->request->dry_run)
        return BOUGH_OK;
    BOUGH_TRY(merge_branch_move(rewrite->store, rewrite->request->branch, &rewrite->old_head, &head,
                                &rewrite->request->committer, commits > 0 ? "rebase" : NULL));
    result->head = head;
    return BOUGH_OK;
}

static enum bough_err rebase(struct rewrite *rewrite)
{
    struct bough_rewrite_result *result = rewrite->result;
    struct bough_merge_base base;
    struct bough_link *line;

    BOUGH_TRY(bough_merge_base_find(rewrite->store, &rewrite->old_head, 1, &rewrite->commit, 1,
                                    rewrite->arena, &base));
    result->outcome = base.theirs_only == 0 ? BOUGH_MERGE_UP_TO_DATE : BOUGH_MERGE_UNRELATED;
    if (base.theirs_only == 0 || base.base_count == 0)
        return BOUGH_OK;
    if (base.ours_only > BOUGH_REWRITE_COMMITS_MAX)
        return BOUGH_TOO_BIG;
    line = bough_arena_take(rewrite->arena, (size_t)base.ours_only * sizeof(*line));
    if (line == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(list_line(rewrite, line, base.ours_only));
    return replay_all(rewrite, line, base.ours_only);
}

enum bough_err bough_rewrite_rebase(struct bough_store *store,
                                    const struct bough_rewrite_request *request,
                                    struct bough_arena *arena, struct bough_rewrite_result *result)
{
    assert(request->resolved == NULL && request->mainline == 0 && !request->keep);
    return run(store, request, arena, result, rebase);
}
