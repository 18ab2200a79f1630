/* SPDX-License-Identifier: ISC
 *
 * merge_tree.c - what two sides made of one base, directory by directory.
 *
 * In a directory that both sides changed, the comparisons of the base with ours and with theirs
 * go on in turns, and whichever ends first is the side with fewer changes: the small one.  Only
 * what it changed can meet a change of the other, so its changes are looked up there, and made to
 * the other's directory, which is compared no further.
 *   (1) A step is dealt with at the first of its keys (as a value, as a directory) in which the
 *       base and the small side differ, with all that the three sides have there.
 *   (2) path[0..path_len) is the path of the directory, with a '/' behind it, or empty.
 *   (3) A directory's edits are in the arena until they are made, and no more than EDITS_MAX.
 * Where the base is not known, ours and theirs are compared, and a mark stands for the base.
 */
#include "merge_tree.h"
#include "bough/diff.h"
#include "bough/limits.h"
#include "merge_step.h"
#include "merge_value.h"

#define EDITS_FIRST 16u
#define EDITS_MAX   4096u
#define STEPS_ALONE 128u /* of theirs, before ours is looked at */

enum { BASE, OURS, THEIRS, SIDES };

static const struct bough_entry unknown = {.kind = BOUGH_ENTRY_VALUE, .mode = MERGE_STATE_TORN};

/* A directory being merged. */
struct directory {
    const struct bough_tree *trees[SIDES]; /* base NULL: not known */
    unsigned small;
    unsigned large;
    unsigned from; /* the small one is compared with this one */
    struct bough_tree_diff_level diff;
    struct bough_tree result;
    struct bough_edit *edits;
    size_t edit_count;
    size_t edit_max;
    struct bough_arena_mark mark; /* where edits and what they hold begin */
};

static enum bough_err merge_directory(struct merge_state *state,
                                      const struct bough_tree *trees[SIDES],
                                      struct bough_tree *result);

/* Finds the side with fewer changes; or theirs, if it has so few that it does not matter. */
static enum bough_err find_small(struct merge_state *state, struct directory *directory)
{
    struct bough_tree_diff_level diffs[SIDES] = {0};
    struct bough_diff_change change;
    enum bough_err err = BOUGH_OK;
    unsigned side = THEIRS;
    unsigned steps = 0;

    for (unsigned i = OURS; i <= THEIRS && err == BOUGH_OK; i++)
        err = bough_tree_diff_level_open(&diffs[i], state->store, directory->trees[BASE],
                                         directory->trees[i], state->arena);
    while (err == BOUGH_OK) {
        if (steps++ >= STEPS_ALONE)
            side = OURS + THEIRS - side;
        err = bough_tree_diff_level_next(&diffs[side], &change);
    }
    bough_tree_diff_level_close(&diffs[OURS]);
    bough_tree_diff_level_close(&diffs[THEIRS]);
    directory->small = side;
    directory->large = OURS + THEIRS - side;
    directory->from = BASE;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Makes the edits that are pending, and gives their memory back. */
static enum bough_err flush(struct merge_state *state, struct directory *directory)
{
    struct bough_tree base = directory->result;
    size_t count = directory->edit_count;

    assert(count <= directory->edit_max);
    directory->edit_count = 0;
    directory->edit_max = 0;
    if (count > 0)
        BOUGH_TRY(bough_tree_edit_level(state->store, &base, directory->edits, count, state->arena,
                                        &directory->result));
    bough_arena_back(state->arena, directory->mark);
    return BOUGH_OK;
}

/* Makes `entry`, NULL for nothing, what the result has at a step.  Copies the step and, unless it
 * is in the arena already, the short data. */
static enum bough_err put(struct merge_state *state, struct directory *directory,
                          struct bough_bytes step, const struct bough_entry *entry)
{
    struct bough_edit *edit;

    if (directory->edit_count == directory->edit_max) {
        size_t max = directory->edit_max == 0 ? EDITS_FIRST : 4 * directory->edit_max;
        struct bough_edit *edits = bough_arena_take(state->arena, max * sizeof(*edits));

        if (edits == NULL)
            return BOUGH_NO_MEMORY;
        if (directory->edit_count > 0)
            memcpy(edits, directory->edits, directory->edit_count * sizeof(*edits));
        directory->edits = edits;
        directory->edit_max = max;
    }
    edit = &directory->edits[directory->edit_count++];
    *edit = (struct bough_edit){.path = bough_arena_copy(state->arena, step)};
    edit->remove = entry == NULL;
    if (edit->path.at == NULL)
        return BOUGH_NO_MEMORY;
    if (entry == NULL)
        return BOUGH_OK;
    edit->entry = *entry;
    edit->entry.value.data = bough_arena_copy(state->arena, entry->value.data);
    return edit->entry.value.data.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Merges the directories below a step; *there is false when nothing is left in them. */
static enum bough_err merge_below(struct merge_state *state, const struct merge_step *step,
                                  bool base_known, struct bough_entry *merged, bool *there)
{
    static const struct bough_tree empty;
    const struct bough_entry *entries[SIDES] = {step->base, step->ours, step->theirs};
    const struct bough_tree *trees[SIDES];
    size_t path_len = state->path_len;
    enum bough_err err;

    if (state->depth == MERGE_STATE_DEPTH_MAX - 1) {
        bough_log(bough_store_env(state->store)->log, BOUGH_WARN, "merge",
                  "both sides changed something deeper than %u steps", BOUGH_PATH_STEPS_MAX);
        return BOUGH_TOO_BIG;
    }
    for (unsigned i = 0; i < SIDES; i++)
        trees[i] =
            entries[i] != NULL && entries[i]->kind == BOUGH_ENTRY_TREE ? &entries[i]->tree : &empty;
    if (!base_known)
        trees[BASE] = NULL;
    assert(step->ours != NULL || step->theirs != NULL);
    *merged = step->ours != NULL ? *step->ours : *step->theirs;
    state->depth++;
    state->path[state->path_len++] = '/';
    err = merge_directory(state, trees, &merged->tree);
    state->path_len = path_len;
    state->depth--;
    *there = merged->tree.key_count > 0;
    return err;
}

/* What the result has at a step that two sides or more have changed; *there is false for nothing.
 */
static enum bough_err merge_step(struct merge_state *state, const struct merge_step *step,
                                 struct bough_entry *merged, bool *there)
{
    enum bough_merge_conflict_kind kind;
    enum merge_step_verdict verdict;
    const struct bough_entry *side = step->ours;

    BOUGH_TRY(merge_step_decide(state, step, &verdict, &kind));
    switch (verdict) {
    case MERGE_STEP_OURS:
        break;
    case MERGE_STEP_THEIRS:
        side = step->theirs;
        break;
    case MERGE_STEP_INTO:
    case MERGE_STEP_INTO_NO:
        return merge_below(state, step, verdict == MERGE_STEP_INTO, merged, there);
    case MERGE_STEP_VALUES:
        *there = true;
        return merge_value_merge(state, step, merged);
    case MERGE_STEP_CONFLICT:
        return merge_value_conflict(state, step, kind, merged, there);
    }
    *there = side != NULL;
    if (side != NULL)
        *merged = *side;
    return BOUGH_OK;
}

/* What a side has at a step. */
static enum bough_err look_up(struct merge_state *state, const struct bough_tree *tree,
                              struct bough_bytes step, struct bough_entry *entry,
                              const struct bough_entry **found)
{
    enum bough_err err = bough_tree_find(state->store, tree, step, state->arena, entry);

    *found = err == BOUGH_OK ? entry : NULL;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* What the two sides that are compared have at the step of a difference; *again: it was dealt with
 * at its first key. */
static enum bough_err both_sides(struct merge_state *state, const struct directory *directory,
                                 struct bough_diff_change *change,
                                 const struct bough_entry *entries[SIDES], bool *again)
{
    bool has_from = change->kind != BOUGH_DIFF_ADDED;
    bool has_to = change->kind != BOUGH_DIFF_REMOVED;
    const struct bough_entry **from = &entries[directory->from];
    const struct bough_entry **to = &entries[directory->small];

    *from = &change->from;
    *to = &change->to;
    *again = false;
    if (!has_from)
        BOUGH_TRY(
            look_up(state, directory->trees[directory->from], change->path, &change->from, from));
    if (!has_to)
        BOUGH_TRY(
            look_up(state, directory->trees[directory->small], change->path, &change->to, to));
    if (has_from != has_to && *from != NULL && *to != NULL)
        *again = (has_from ? *from : *to)->kind == BOUGH_ENTRY_TREE;
    return BOUGH_OK;
}

/* Deals with one step in which the compared sides differ. */
static enum bough_err merge_change(struct merge_state *state, struct directory *directory,
                                   struct bough_diff_change *change)
{
    const struct bough_entry *entries[SIDES] = {0};
    struct bough_arena_mark mark = bough_arena_now(state->arena);
    size_t path_len = state->path_len;
    struct bough_entry other;
    struct bough_entry merged;
    struct merge_step step;
    bool again;
    bool there;

    BOUGH_TRY(both_sides(state, directory, change, entries, &again));
    if (again)
        return BOUGH_OK;
    if (directory->from == BASE)
        BOUGH_TRY(look_up(state, directory->trees[directory->large], change->path, &other,
                          &entries[directory->large]));
    else
        entries[BASE] = &unknown;
    step = (struct merge_step){entries[BASE], entries[OURS], entries[THEIRS]};
    assert(state->path_len + change->path.len < MERGE_STATE_PATH_BYTES);
    memcpy(state->path + state->path_len, change->path.at, change->path.len);
    state->path_len += change->path.len;
    BOUGH_TRY(merge_step(state, &step, &merged, &there));
    state->path_len = path_len;
    if (merge_step_same(there ? &merged : NULL, entries[directory->large])) {
        bough_arena_back(state->arena, mark);
        return BOUGH_OK;
    }
    return put(state, directory, change->path, there ? &merged : NULL);
}

/* Deals with all differences between the compared sides. */
static enum bough_err merge_changes(struct merge_state *state, struct directory *directory)
{
    for (;;) {
        struct bough_diff_change change;
        enum bough_err err = bough_tree_diff_level_next(&directory->diff, &change);

        if (err == BOUGH_NOT_FOUND)
            return flush(state, directory);
        if (err != BOUGH_OK)
            return err;
        BOUGH_TRY(merge_change(state, directory, &change));
        if (directory->edit_count >= EDITS_MAX)
            BOUGH_TRY(flush(state, directory));
    }
}

/* Merges a directory that three sides have differently.  Recursion is bounded by
 * MERGE_STATE_DEPTH_MAX. */
static enum bough_err merge_three(struct merge_state *state, struct directory *directory)
{
    enum bough_err err = BOUGH_OK;

    if (directory->trees[BASE] != NULL)
        err = find_small(state, directory);
    if (err == BOUGH_OK)
        err = bough_tree_diff_level_open(&directory->diff, state->store,
                                         directory->trees[directory->from],
                                         directory->trees[directory->small], state->arena);
    if (err != BOUGH_OK)
        return err;
    assert(directory->small != directory->large && directory->from != directory->small);
    directory->result = *directory->trees[directory->large];
    directory->mark = bough_arena_now(state->arena);
    err = merge_changes(state, directory);
    bough_tree_diff_level_close(&directory->diff);
    return err;
}

static enum bough_err merge_directory(struct merge_state *state,
                                      const struct bough_tree *trees[SIDES],
                                      struct bough_tree *result)
{
    struct bough_arena_mark mark = bough_arena_now(state->arena);
    struct directory *directory;
    enum bough_err err;

    if (bough_tree_equal(trees[OURS], trees[THEIRS]) ||
        (trees[BASE] != NULL && bough_tree_equal(trees[BASE], trees[THEIRS]))) {
        *result = *trees[OURS];
        return BOUGH_OK;
    }
    if (trees[BASE] != NULL && bough_tree_equal(trees[BASE], trees[OURS])) {
        *result = *trees[THEIRS];
        return BOUGH_OK;
    }
    directory = bough_arena_zeros(state->arena, 1, sizeof(*directory));
    if (directory == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(directory->trees, trees, sizeof(directory->trees));
    directory->small = THEIRS; /* where the base is not known */
    directory->large = OURS;
    directory->from = OURS;
    err = merge_three(state, directory);
    *result = directory->result;
    bough_arena_back(state->arena, mark);
    return err;
}

enum bough_err merge_tree_merge(struct merge_state *state, const struct bough_tree *base,
                                const struct bough_tree *ours, const struct bough_tree *theirs,
                                struct bough_tree *merged)
{
    const struct bough_tree *trees[SIDES] = {base, ours, theirs};
    struct bough_arena_mark mark = bough_arena_now(state->arena);
    enum bough_err err = BOUGH_NO_MEMORY;

    state->path = bough_arena_take(state->arena, MERGE_STATE_PATH_BYTES);
    merge_rules_init(&state->rules, state->store, state->options, base, ours, theirs);
    if (state->path != NULL)
        err = merge_directory(state, trees, merged);
    merge_rules_release(&state->rules);
    bough_arena_back(state->arena, mark);
    return err;
}

enum bough_err bough_merge_tree(struct bough_store *store, const struct bough_tree *base,
                                const struct bough_tree *ours, const struct bough_tree *theirs,
                                const struct bough_merge_options *options,
                                struct bough_arena *arena, struct bough_tree *merged,
                                uint64_t *conflicts)
{
    struct merge_state state = {.store = store, .arena = arena, .options = options};

    BOUGH_TRY(merge_tree_merge(&state, base, ours, theirs, merged));
    *conflicts = state.conflict_count;
    return BOUGH_OK;
}
