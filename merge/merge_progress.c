/* SPDX-License-Identifier: ISC
 *
 * merge_progress.c - a merge with conflicts that is kept and resolved path by path.
 *
 * What is kept is a commit on a ref of its own; each step makes another one with the same parents.
 *   (1) open/ and base/ were written by merge_record.c: no path in them lies below another one,
 *       since a conflict at a path is one for all below it.
 *   (2) Each path that was written to open/ is there or in settled/.
 */
#include "bough/merge_progress.h"
#include "merge_branch.h"
#include "progress_state.h"

/* Keeps a merge that has come out with conflicts. */
static enum bough_err keep(struct bough_store *store, const struct bough_merge_request *request,
                           struct merge_record *record, const struct bough_tree *tree,
                           const struct bough_link *head, struct bough_arena *arena)
{
    struct bough_merge_progress progress = {
        .ours = *head,
        .tree = *tree,
        .author = request->author,
        .committer = request->author,
        .message = request->message,
    };

    BOUGH_TRY(merge_branch_find(store, &request->theirs, &progress.theirs));
    return progress_state_keep(store, request->branch, record, arena, &progress);
}

enum bough_err bough_merge_progress_begin(struct bough_store *store,
                                          const struct bough_merge_request *request,
                                          struct bough_arena *arena,
                                          struct bough_merge_result *result,
                                          struct bough_link *head)
{
    struct bough_merge_request asked = *request;
    struct bough_merge_options options = *request->options;
    struct merge_record record;
    enum bough_err err;

    if (request->more_count > 0)
        return BOUGH_UNSUPPORTED;
    BOUGH_TRY(progress_state_absent(store, request->branch));
    merge_record_init(&record, store, request->options);
    options.conflict = merge_record_add;
    options.conflict_context = &record;
    asked.options = &options;
    asked.resolved = NULL;
    err = bough_merge_commit(store, &asked, arena, result, head);
    if (err == BOUGH_OK && result->outcome == BOUGH_MERGE_CONFLICTS)
        err = keep(store, request, &record, &result->tree, head, arena);
    merge_record_release(&record);
    return err;
}

enum bough_err bough_merge_progress_get(struct bough_store *store, struct bough_bytes branch,
                                        struct bough_arena *arena,
                                        struct bough_merge_progress *progress)
{
    return progress_state_get(store, branch, arena, progress);
}

/* What a tree has at a path, in the arena; NULL for nothing. */
static enum bough_err look_up(struct bough_store *store, const struct bough_tree *tree,
                              struct bough_bytes path, struct bough_arena *arena,
                              const struct bough_entry **found)
{
    struct bough_entry *entry = bough_arena_take(arena, sizeof(*entry));
    enum bough_err err = BOUGH_NO_MEMORY;

    if (entry != NULL)
        err = bough_tree_find(store, tree, path, arena, entry);
    *found = err == BOUGH_OK ? entry : NULL;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* What a record of open/ says. */
static enum bough_err read_open(struct bough_store *store, const struct bough_entry *open,
                                struct bough_arena *arena, struct bough_merge_conflict *conflict)
{
    struct bough_bytes text;
    char *why;

    if (open->kind != BOUGH_ENTRY_VALUE)
        return BOUGH_CORRUPT;
    BOUGH_TRY(bough_value_get(store, &open->value, BOUGH_STEP_BYTES_MAX, arena, &text));
    if (text.len == 0 || text.at[0] < '0' || text.at[0] >= '0' + BOUGH_MERGE_KINDS)
        return BOUGH_CORRUPT;
    conflict->kind = (enum bough_merge_conflict_kind)(text.at[0] - '0');
    if (text.len == 1)
        return BOUGH_OK;
    why = bough_arena_zeros(arena, 1, text.len);
    if (why == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(why, text.at + 1, text.len - 1);
    conflict->why = why;
    return BOUGH_OK;
}

enum bough_err bough_merge_progress_next(struct bough_store *store,
                                         const struct bough_merge_progress *progress,
                                         struct bough_bytes after, struct bough_arena *arena,
                                         struct bough_merge_conflict *conflict)
{
    struct bough_bytes all = {0};
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry open;

    memset(conflict, 0, sizeof(*conflict));
    BOUGH_TRY(bough_tree_walk_open(&walk, store, &progress->open, all, after, arena));
    BOUGH_TRY(bough_tree_walk_next(&walk, &path, &open));
    conflict->path = bough_arena_copy(arena, path);
    if (conflict->path.at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(read_open(store, &open, arena, conflict));
    path = conflict->path;
    BOUGH_TRY(look_up(store, &progress->base, path, arena, &conflict->base));
    BOUGH_TRY(look_up(store, &progress->ours_tree, path, arena, &conflict->ours));
    return look_up(store, &progress->theirs_tree, path, arena, &conflict->theirs);
}

/* Takes a conflict from open/ to settled/, if it is not there already. */
static enum bough_err settle(struct bough_store *store, struct bough_bytes path,
                             struct bough_arena *arena, struct bough_merge_progress *progress)
{
    struct bough_edit open = {.path = path, .remove = true};
    struct bough_edit settled = {.path = path};
    enum bough_err err = bough_tree_find(store, &progress->open, path, arena, &settled.entry);

    if (err == BOUGH_NOT_FOUND) {
        BOUGH_TRY(bough_tree_find(store, &progress->settled, path, arena, &settled.entry));
        return settled.entry.kind == BOUGH_ENTRY_VALUE ? BOUGH_OK : BOUGH_NOT_FOUND;
    }
    if (err != BOUGH_OK)
        return err;
    if (settled.entry.kind != BOUGH_ENTRY_VALUE) /* a directory of conflicts */
        return BOUGH_NOT_FOUND;
    BOUGH_TRY(
        bough_tree_edit(store, &progress->settled, &settled, 1, arena, NULL, &progress->settled));
    return bough_tree_edit(store, &progress->open, &open, 1, arena, NULL, &progress->open);
}

/* Resolves one conflict in the trees of `progress`. */
static enum bough_err resolve_one(struct bough_store *store,
                                  const struct bough_merge_resolution *resolution,
                                  struct bough_arena *arena, struct bough_merge_progress *progress)
{
    const struct bough_tree *sides[] = {&progress->ours_tree, &progress->theirs_tree,
                                        &progress->base};
    struct bough_edit edits[2] = {{.path = resolution->path, .remove = true},
                                  {.path = resolution->path}};
    const struct bough_entry *entry = NULL;

    BOUGH_TRY(settle(store, resolution->path, arena, progress));
    if (resolution->take <= BOUGH_MERGE_TAKE_BASE)
        BOUGH_TRY(look_up(store, sides[resolution->take], resolution->path, arena, &entry));
    else if (resolution->take == BOUGH_MERGE_TAKE_ENTRY)
        entry = &resolution->entry;
    if (entry != NULL)
        edits[1].entry = *entry;
    return bough_tree_edit(store, &progress->tree, edits, entry == NULL ? 1 : 2, arena, NULL,
                           &progress->tree);
}

enum bough_err bough_merge_progress_resolve(struct bough_store *store, struct bough_bytes branch,
                                            const struct bough_merge_resolution *resolutions,
                                            size_t count, struct bough_arena *arena,
                                            size_t *culprit)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_merge_progress progress;
    struct bough_ref_move move;
    struct bough_bytes name;
    struct bough_link was;

    if (culprit != NULL)
        *culprit = count;
    BOUGH_TRY(progress_state_get(store, branch, arena, &progress));
    BOUGH_TRY(progress_state_ref(branch, room, &name));
    for (size_t i = 0; i < count; i++) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        enum bough_err err = resolve_one(store, &resolutions[i], arena, &progress);

        bough_arena_back(arena, mark);
        if (err != BOUGH_OK && culprit != NULL)
            *culprit = i;
        if (err != BOUGH_OK)
            return err;
    }
    was = progress.state;
    BOUGH_TRY(progress_state_put(store, arena, &progress));
    move = progress_state_move(name, &was, &progress.state);
    return bough_ref_move(store, &move, 1, NULL);
}

/* Stages the commit that a merge in progress becomes; *head stays where there is nothing to commit.
 */
static enum bough_err put_commit(struct bough_store *store,
                                 const struct bough_merge_progress *progress,
                                 struct bough_arena *arena, struct bough_link *head)
{
    const struct bough_link parents[] = {progress->ours, progress->theirs};
    struct bough_commit commit = {
        .tree = progress->tree,
        .parents = parents,
        .parent_count = progress->task == BOUGH_MERGE_TASK_MERGE ? 2 : 1,
        .author = progress->author,
        .committer = progress->committer,
        .message = progress->message,
    };

    if (commit.parent_count == 1 && bough_tree_equal(&progress->tree, &progress->ours_tree))
        return BOUGH_OK;
    return bough_commit_put(store, &commit, arena, head);
}

enum bough_err bough_merge_progress_finish(struct bough_store *store, struct bough_bytes branch,
                                           struct bough_arena *arena, struct bough_link *head)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_merge_progress progress;
    struct bough_ref_move moves[2];
    struct bough_bytes name;

    BOUGH_TRY(progress_state_get(store, branch, arena, &progress));
    BOUGH_TRY(progress_state_ref(branch, room, &name));
    BOUGH_TRY(merge_branch_head(store, branch, BOUGH_EXPECT_NAME, &progress.ours.name, head));
    if (progress.open.key_count > 0)
        return BOUGH_CONFLICT;
    BOUGH_TRY(put_commit(store, &progress, arena, head));
    moves[0] = progress_state_move(branch, &progress.ours, head);
    moves[1] = progress_state_move(name, &progress.state, NULL);
    moves[1].unlogged = true; /* the branch has all of it */
    return bough_ref_move(store, moves, 2, NULL);
}

enum bough_err bough_merge_progress_abort(struct bough_store *store, struct bough_bytes branch)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_ref_move move;
    struct bough_bytes name;

    BOUGH_TRY(progress_state_ref(branch, room, &name));
    move = progress_state_move(name, NULL, NULL);
    move.expect = BOUGH_EXPECT_ANY;
    return bough_ref_move(store, &move, 1, NULL);
}
