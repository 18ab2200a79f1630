/* SPDX-License-Identifier: ISC
 *
 * progress_state.c - a merge in progress as it is kept.
 *
 *   (1) What a revert merges in is the tree of the reverted commit's parent, which is no parent of
 *       the state, and may be dropped by a policy: so the state has that tree itself.  For all else
 *       it is the second parent's.
 */
#include "progress_state.h"

#define HEADS "heads/"
#define MERGE BOUGH_REF_MERGES

/* The directories of the state's tree; only a revert has the last one. */
enum { PART_BASE, PART_OPEN, PART_SETTLED, PART_TREE, PART_THEIRS, PARTS };

static const char *const part_names[PARTS] = {"base", "open", "settled", "tree", "theirs"};
static const char task_name[] = "task";

enum bough_err progress_state_ref(struct bough_bytes branch, uint8_t room[BOUGH_REF_BYTES_MAX],
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

enum bough_err progress_state_absent(struct bough_store *store, struct bough_bytes branch)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_bytes name;
    struct bough_ref there;
    enum bough_err err;

    BOUGH_TRY(progress_state_ref(branch, room, &name));
    err = bough_ref_get(store, name, &there);
    if (err == BOUGH_OK)
        return BOUGH_EXISTS;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* The directories of `progress`, in the order of the parts. */
static void list_parts(struct bough_merge_progress *progress, struct bough_tree *parts[PARTS])
{
    parts[PART_BASE] = &progress->base;
    parts[PART_OPEN] = &progress->open;
    parts[PART_SETTLED] = &progress->settled;
    parts[PART_TREE] = &progress->tree;
    parts[PART_THEIRS] = &progress->theirs_tree;
}

/* How many of the parts a task has: invariant (1). */
static unsigned part_count(enum bough_merge_task task)
{
    return task == BOUGH_MERGE_TASK_REVERT ? PARTS : PART_THEIRS;
}

/* The tree of a state. */
static enum bough_err put_parts(struct bough_store *store, struct bough_merge_progress *progress,
                                struct bough_arena *arena, struct bough_tree *tree)
{
    struct bough_tree *parts[PARTS];
    struct bough_edit edits[PARTS + 1];
    size_t count = part_count(progress->task);
    uint8_t digit = (uint8_t)('0' + progress->task);

    list_parts(progress, parts);
    for (unsigned i = 0; i < count; i++)
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(part_names[i]),
            .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY, .tree = *parts[i]}};
    *tree = (struct bough_tree){0};
    if (progress->task != BOUGH_MERGE_TASK_MERGE) {
        edits[count] =
            (struct bough_edit){.path = bough_bytes_text(task_name), .entry.mode = BOUGH_MODE_FILE};
        BOUGH_TRY(
            bough_value_put(store, bough_bytes_of(&digit, 1), arena, &edits[count++].entry.value));
    }
    return bough_tree_edit_level(store, tree, edits, count, arena, tree);
}

enum bough_err progress_state_put(struct bough_store *store, struct bough_arena *arena,
                                  struct bough_merge_progress *progress)
{
    const struct bough_link parents[] = {progress->ours, progress->theirs};
    struct bough_commit commit = {
        .parents = parents,
        .parent_count = 2,
        .author = progress->author,
        .committer = progress->committer,
        .message = progress->message,
    };

    BOUGH_TRY(put_parts(store, progress, arena, &commit.tree));
    return bough_commit_put(store, &commit, arena, &progress->state);
}

struct bough_ref_move progress_state_move(struct bough_bytes name, const struct bough_link *was,
                                          const struct bough_link *next)
{
    struct bough_ref_move move = {
        .name = name,
        .expect = was == NULL ? BOUGH_EXPECT_ABSENT : BOUGH_EXPECT_NAME,
        .remove = next == NULL,
        .next.kind = BOUGH_KIND_COMMIT,
        .forward = true, /* a step of one merge; only giving it up is on record */
    };

    if (was != NULL)
        move.expected = was->name;
    if (next != NULL)
        move.next.link = *next;
    return move;
}

enum bough_err progress_state_keep(struct bough_store *store, struct bough_bytes branch,
                                   struct merge_record *record, struct bough_arena *arena,
                                   struct bough_merge_progress *progress)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_ref_move move;
    struct bough_bytes name;

    BOUGH_TRY(progress_state_ref(branch, room, &name));
    BOUGH_TRY(merge_record_flush(record));
    progress->open = record->open;
    progress->base = record->base;
    assert(progress->open.key_count > 0);
    BOUGH_TRY(progress_state_put(store, arena, progress));
    move = progress_state_move(name, NULL, &progress->state);
    return bough_ref_move(store, &move, 1, NULL);
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

static enum bough_err get_task(struct bough_store *store, const struct bough_tree *whole,
                               struct bough_arena *arena, enum bough_merge_task *task)
{
    struct bough_bytes digit;
    struct bough_entry entry;
    enum bough_err err = bough_tree_find(store, whole, bough_bytes_text(task_name), arena, &entry);

    *task = BOUGH_MERGE_TASK_MERGE;
    if (err != BOUGH_OK)
        return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
    if (entry.kind != BOUGH_ENTRY_VALUE || entry.value.size_bytes != 1)
        return BOUGH_CORRUPT;
    BOUGH_TRY(bough_value_get(store, &entry.value, 1, arena, &digit));
    if (digit.at[0] < '0' || digit.at[0] >= '0' + BOUGH_MERGE_TASKS)
        return BOUGH_CORRUPT;
    *task = (enum bough_merge_task)(digit.at[0] - '0');
    return BOUGH_OK;
}

/* What the state's tree has, and the trees of both sides. */
static enum bough_err get_parts(struct bough_store *store, const struct bough_tree *whole,
                                struct bough_arena *arena, struct bough_merge_progress *progress)
{
    struct bough_tree *parts[PARTS];
    struct bough_commit side;

    list_parts(progress, parts);
    BOUGH_TRY(get_task(store, whole, arena, &progress->task));
    BOUGH_TRY(bough_commit_get(store, &progress->ours, arena, &side));
    progress->ours_tree = side.tree;
    BOUGH_TRY(bough_commit_get(store, &progress->theirs, arena, &side));
    progress->theirs_tree = side.tree;
    for (unsigned i = 0; i < part_count(progress->task); i++)
        BOUGH_TRY(get_part(store, whole, part_names[i], arena, parts[i]));
    return BOUGH_OK;
}

enum bough_err progress_state_get(struct bough_store *store, struct bough_bytes branch,
                                  struct bough_arena *arena, struct bough_merge_progress *progress)
{
    uint8_t room[BOUGH_REF_BYTES_MAX];
    struct bough_bytes name;
    struct bough_ref ref;
    struct bough_commit state;

    memset(progress, 0, sizeof(*progress));
    BOUGH_TRY(progress_state_ref(branch, room, &name));
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
    progress->committer = state.committer;
    progress->message = state.message;
    return get_parts(store, &state.tree, arena, progress);
}
