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
#include "bough/limits.h"
#include "merge_branch.h"
#include "merge_record.h"

#define HEADS "heads/"
#define MERGE BOUGH_REF_MERGES

enum { PART_BASE, PART_OPEN, PART_SETTLED, PART_TREE, PARTS }; /* in the order of their names */

static const char *const part_names[PARTS] = {"base", "open", "settled", "tree"};

/* The ref of a branch's merge in progress, in `room`. */
static enum bough_err ref_of(struct bough_bytes branch, uint8_t room[BOUGH_REF_BYTES_MAX],
                             struct bough_bytes *name)
{
    size_t prefix_len = sizeof(HEADS) - 1;

    _Static_assert(sizeof(HEADS) == sizeof(MERGE), "a branch's name always has room for the other");
    if (!bough_bytes_starts(branch, bough_bytes_text(HEADS)) || branch.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_INVALID;
    memcpy(room, MERGE, prefix_len);
    memcpy(room + prefix_len, branch.at + prefix_len, branch.len - prefix_len);
    *name = bough_bytes_of(room, branch.len);
    return BOUGH_OK;
}

/* Stages the commit that holds the state of a merge. */
static enum bough_err put_state(struct bough_store *store,
                                const struct bough_merge_progress *progress,
                                struct bough_arena *arena, struct bough_link *link)
{
    const struct bough_tree *parts[PARTS] = {&progress->base, &progress->open, &progress->settled,
                                             &progress->tree};
    const struct bough_link parents[] = {progress->ours, progress->theirs};
    struct bough_commit commit = {
        .parents = parents,
        .parent_count = 2,
        .author = progress->author,
        .committer = progress->author,
        .message = progress->message,
    };
    struct bough_edit edits[PARTS];

    for (unsigned i = 0; i < PARTS; i++)
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(part_names[i]),
            .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY, .tree = *parts[i]}};
    BOUGH_TRY(bough_tree_edit_level(store, &commit.tree, edits, PARTS, arena, &commit.tree));
    return bough_commit_put(store, &commit, arena, link);
}

/* The move of a merge's ref from what it was, NULL for nothing, to `next`, NULL for nothing. */
static struct bough_ref_move ref_move(struct bough_bytes name, const struct bough_link *was,
                                      const struct bough_link *next)
{
    struct bough_ref_move move = {
        .name = name,
        .expect = was == NULL ? BOUGH_EXPECT_ABSENT : BOUGH_EXPECT_NAME,
        .remove = next == NULL,
        .next.kind = BOUGH_KIND_COMMIT,
        .forward = true, /* steps of one merge; only its end is on record */
    };

    if (was != NULL)
        move.expected = was->name;
    if (next != NULL)
        move.next.link = *next;
    return move;
}

/* Keeps a merge that has come out with conflicts. */
static enum bough_err keep(struct bough_store *store, const struct bough_merge_request *request,
                           struct bough_bytes name, struct merge_record *record,
                           const struct bough_tree *tree, const struct bough_link *head,
                           struct bough_arena *arena)
{
    struct bough_merge_progress progress = {
        .ours = *head,
        .tree = *tree,
        .author = request->author,
        .message = request->message,
    };
    struct bough_ref_move move;

    BOUGH_TRY(merge_record_flush(record));
    BOUGH_TRY(merge_branch_find(store, &request->theirs, &progress.theirs));
    progress.open = record->open;
    progress.base = record->base;
    assert(progress.open.key_count > 0);
    BOUGH_TRY(put_state(store, &progress, arena, &progress.state));
    move = ref_move(name, NULL, &progress.state);
    return bough_ref_move(store, &move, 1, NULL);
}

enum bough_err bough_merge_progress_begin(struct bough_store *store,
                                          const struct bough_merge_request *request,
                                          struct bough_arena *arena,
                                          struct bough_merge_result *result,
                                          struct bough_link *head)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_merge_request asked = *request;
    struct bough_merge_options options = *request->options;
    struct merge_record record;
    struct bough_bytes name;
    struct bough_ref there;
    enum bough_err err = ref_of(request->branch, room, &name);

    merge_record_init(&record, store, request->options);
    options.conflict = merge_record_add;
    options.conflict_context = &record;
    asked.options = &options;
    asked.resolved = NULL;
    if (err == BOUGH_OK && request->more_count > 0)
        err = BOUGH_UNSUPPORTED;
    if (err == BOUGH_OK)
        err = bough_ref_get(store, name, &there);
    if (err == BOUGH_OK)
        err = BOUGH_EXISTS;
    else if (err == BOUGH_NOT_FOUND)
        err = bough_merge_commit(store, &asked, arena, result, head);
    if (err == BOUGH_OK && result->outcome == BOUGH_MERGE_CONFLICTS)
        err = keep(store, request, name, &record, &result->tree, head, arena);
    merge_record_release(&record);
    return err;
}

/* One of the directories; the empty one if it is not there. */
static enum bough_err get_part(struct bough_store *store, const struct bough_tree *whole,
                               const char *name, struct bough_arena *arena, struct bough_tree *tree)
{
    struct bough_entry entry;
    enum bough_err err = bough_tree_find(store, whole, bough_bytes_text(name), arena, &entry);

    *tree = (struct bough_tree){0};
    if (err == BOUGH_OK && entry.kind != BOUGH_ENTRY_TREE)
        return BOUGH_CORRUPT;
    if (err == BOUGH_OK)
        *tree = entry.tree;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

enum bough_err bough_merge_progress_get(struct bough_store *store, struct bough_bytes branch,
                                        struct bough_arena *arena,
                                        struct bough_merge_progress *progress)
{
    struct bough_tree *parts[PARTS] = {&progress->base, &progress->open, &progress->settled,
                                       &progress->tree};
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_bytes name;
    struct bough_ref ref;
    struct bough_commit state;
    struct bough_commit side;

    memset(progress, 0, sizeof(*progress));
    BOUGH_TRY(ref_of(branch, room, &name));
    BOUGH_TRY(bough_ref_get(store, name, &ref));
    if (ref.kind != BOUGH_KIND_COMMIT)
        return BOUGH_CORRUPT;
    BOUGH_TRY(bough_commit_get(store, &ref.link, arena, &state));
    if (state.parent_count != 2)
        return BOUGH_CORRUPT;
    progress->state = ref.link;
    progress->ours = state.parents[0];
    progress->theirs = state.parents[1];
    progress->author = state.author;
    progress->message = state.message;
    for (unsigned i = 0; i < PARTS; i++)
        BOUGH_TRY(get_part(store, &state.tree, part_names[i], arena, parts[i]));
    BOUGH_TRY(bough_commit_get(store, &progress->ours, arena, &side));
    progress->ours_tree = side.tree;
    BOUGH_TRY(bough_commit_get(store, &progress->theirs, arena, &side));
    progress->theirs_tree = side.tree;
    return BOUGH_OK;
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
    BOUGH_TRY(bough_merge_progress_get(store, branch, arena, &progress));
    BOUGH_TRY(ref_of(branch, room, &name));
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
    BOUGH_TRY(put_state(store, &progress, arena, &progress.state));
    move = ref_move(name, &was, &progress.state);
    return bough_ref_move(store, &move, 1, NULL);
}

enum bough_err bough_merge_progress_finish(struct bough_store *store, struct bough_bytes branch,
                                           struct bough_arena *arena, struct bough_link *head)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_merge_progress progress;
    struct bough_ref_move moves[2];
    struct bough_link parents[2];
    struct bough_commit commit = {.parents = parents, .parent_count = 2};
    struct bough_bytes name;

    BOUGH_TRY(bough_merge_progress_get(store, branch, arena, &progress));
    BOUGH_TRY(ref_of(branch, room, &name));
    BOUGH_TRY(merge_branch_head(store, branch, BOUGH_EXPECT_NAME, &progress.ours.name, head));
    if (progress.open.key_count > 0)
        return BOUGH_CONFLICT;
    parents[0] = progress.ours;
    parents[1] = progress.theirs;
    commit.tree = progress.tree;
    commit.author = progress.author;
    commit.committer = progress.author;
    commit.message = progress.message;
    BOUGH_TRY(bough_commit_put(store, &commit, arena, head));
    moves[0] = ref_move(branch, &progress.ours, head);
    moves[1] = ref_move(name, &progress.state, NULL);
    return bough_ref_move(store, moves, 2, NULL);
}

enum bough_err bough_merge_progress_abort(struct bough_store *store, struct bough_bytes branch)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_ref_move move;
    struct bough_bytes name;

    BOUGH_TRY(ref_of(branch, room, &name));
    move = ref_move(name, NULL, NULL);
    move.expect = BOUGH_EXPECT_ANY;
    return bough_ref_move(store, &move, 1, NULL);
}
