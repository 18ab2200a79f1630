/* SPDX-License-Identifier: ISC
 *
 * merge_step.c - what is to become of one step.
 *
 * The rule is that of paths: what became of the value at a path and what became of the paths below
 * it are two questions, and only if the answer would be both a value and a directory is there a
 * conflict.  A directory without values is as good as none.
 */
#include "merge_step.h"
#include "bough/diff.h"

static bool is_tree(const struct bough_entry *entry)
{
    return entry != NULL && entry->kind == BOUGH_ENTRY_TREE;
}

static bool is_value(const struct bough_entry *entry)
{
    return entry != NULL && entry->kind != BOUGH_ENTRY_TREE;
}

bool merge_step_same(const struct bough_entry *a, const struct bough_entry *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->kind != b->kind || a->mode != b->mode)
        return false;
    return is_tree(a) ? bough_tree_equal(&a->tree, &b->tree) : merge_state_same_value(a, b);
}

/* What is plain because two of the three are the same. */
static bool is_plain(const struct merge_step *step, enum merge_step_verdict *verdict)
{
    bool known = !merge_state_is_torn(step->base);
    bool ours = merge_step_same(step->ours, step->theirs) ||
                (known && merge_step_same(step->base, step->theirs));

    *verdict = ours ? MERGE_STEP_OURS : MERGE_STEP_THEIRS;
    return ours || (known && merge_step_same(step->base, step->ours));
}

static const struct bough_entry *unless_empty(const struct bough_entry *entry)
{
    return is_tree(entry) && entry->tree.key_count == 0 ? NULL : entry;
}

/* Whether anything but removals leads from the base's directory to another one. */
static enum bough_err is_more(struct merge_state *state, const struct bough_tree *base,
                              const struct bough_tree *tree, bool *more)
{
    struct bough_arena_mark mark = bough_arena_now(state->arena);
    struct bough_bytes all = {0};
    struct bough_tree_diff diff;
    struct bough_diff_change change;
    enum bough_err err;

    BOUGH_TRY(bough_tree_diff_open(&diff, state->store, base, tree, all, all, state->arena));
    do {
        err = bough_tree_diff_next(&diff, &change);
    } while (err == BOUGH_OK && change.kind == BOUGH_DIFF_REMOVED);
    bough_tree_diff_close(&diff);
    bough_arena_back(state->arena, mark);
    *more = err == BOUGH_OK;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* A value on one side, a directory on the other. */
static enum bough_err decide_mixed(struct merge_state *state, const struct merge_step *step,
                                   enum merge_step_verdict *verdict,
                                   enum bough_merge_conflict_kind *kind)
{
    bool ours = is_value(step->ours); /* ours has the value */
    bool more = true;

    assert(is_tree(ours ? step->theirs : step->ours));
    if (is_tree(step->base))
        BOUGH_TRY(is_more(state, &step->base->tree, ours ? &step->theirs->tree : &step->ours->tree,
                          &more));
    *kind = ours ? BOUGH_MERGE_VALUE_TREE : BOUGH_MERGE_TREE_VALUE;
    *verdict = more ? MERGE_STEP_CONFLICT : ours ? MERGE_STEP_OURS : MERGE_STEP_THEIRS;
    return BOUGH_OK;
}

enum bough_err merge_step_decide(struct merge_state *state, const struct merge_step *entries,
                                 enum merge_step_verdict *verdict,
                                 enum bough_merge_conflict_kind *kind)
{
    const struct merge_step step = {unless_empty(entries->base), unless_empty(entries->ours),
                                    unless_empty(entries->theirs)};
    bool torn = merge_state_is_torn(step.base);
    bool alone = step.ours == NULL || step.theirs == NULL;

    *kind = step.ours == NULL ? BOUGH_MERGE_DELETE_EDIT : BOUGH_MERGE_EDIT_DELETE;
    *verdict = MERGE_STEP_CONFLICT;
    if (is_plain(entries, verdict) || is_plain(&step, verdict))
        return BOUGH_OK;
    assert(step.ours != NULL || step.theirs != NULL);
    if (alone && torn) {
        *verdict = MERGE_STEP_CONFLICT;
    } else if (is_tree(step.ours) && is_tree(step.theirs)) {
        *verdict = torn ? MERGE_STEP_INTO_NO : MERGE_STEP_INTO;
    } else if (!alone && is_value(step.ours) && is_value(step.theirs)) {
        *verdict = MERGE_STEP_VALUES;
    } else if (!alone) {
        return decide_mixed(state, &step, verdict, kind);
    } else if (is_tree(step.base) && (is_tree(step.ours) || is_tree(step.theirs))) {
        *verdict = MERGE_STEP_INTO; /* nothing is an empty directory */
    } else if (is_value(step.base) && (is_value(step.ours) || is_value(step.theirs))) {
        *verdict = MERGE_STEP_CONFLICT;
    } else { /* both gave up what the base has, and one put something else there */
        *verdict = step.ours != NULL ? MERGE_STEP_OURS : MERGE_STEP_THEIRS;
    }
    return BOUGH_OK;
}
