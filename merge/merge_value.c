/* SPDX-License-Identifier: ISC
 *
 * merge_value.c - two values at one path.
 *
 * Bytes and mode are merged apart from each other: what one side left as it was is the other's to
 * say.  Bytes that both changed go to the path's policy, whole; only files do, not what a symbolic
 * link or a gitlink holds.
 */
#include "merge_value.h"
#include "bough/limits.h"

#define TYPE_BITS 0170000u /* of a mode: stat(2), S_IFMT */
#define TYPE_FILE 0100000u

/* What a policy has said, or why there is nothing to say. */
struct verdict {
    bool value_clean;
    bool mode_clean;
    const char *why;
    struct bough_bytes draft;
};

static bool same_type(const struct bough_entry *a, const struct bough_entry *b)
{
    return (a->mode & TYPE_BITS) == (b->mode & TYPE_BITS);
}

/* Counts a conflict, reports it, and says what the result holds in its place. */
static enum bough_err settle(struct merge_state *state, const struct merge_step *step,
                             enum bough_merge_conflict_kind kind, const struct verdict *verdict,
                             struct bough_entry *kept, bool *there)
{
    struct bough_merge_conflict conflict = {
        .kind = kind,
        .path = bough_bytes_of(state->path, state->path_len),
        .base = merge_state_is_torn(step->base) ? NULL : step->base,
        .ours = step->ours,
        .theirs = step->theirs,
        .why = verdict->why,
        .draft = verdict->draft,
    };

    assert(step->ours != NULL || step->theirs != NULL);
    state->conflict_count++;
    *there = step->ours != NULL || state->torn != NULL;
    if (state->torn != NULL) {
        struct bough_bytes number = {.len = sizeof(*state->torn)};

        ++*state->torn;
        number.at = (const uint8_t *)state->torn;
        *kept = (struct bough_entry){.kind = BOUGH_ENTRY_VALUE, .mode = MERGE_STATE_TORN};
        return bough_value_put(state->store, number, state->arena, &kept->value);
    }
    if (step->ours != NULL)
        *kept = *step->ours;
    if (state->options->conflict == NULL)
        return BOUGH_OK;
    if (conflict.why == NULL && merge_state_is_torn(step->base))
        conflict.why = "the common ancestor is not known";
    return state->options->conflict(state->options->conflict_context, &conflict);
}

enum bough_err merge_value_conflict(struct merge_state *state, const struct merge_step *step,
                                    enum bough_merge_conflict_kind kind, struct bough_entry *kept,
                                    bool *there)
{
    const struct verdict verdict = {0};

    return settle(state, step, kind, &verdict, kept, there);
}

/* The bytes of a value, if they are not too many. */
static enum bough_err get_value(struct merge_state *state, const struct bough_entry *entry,
                                struct bough_arena *scratch, struct bough_bytes *bytes, bool *fits)
{
    *fits = *fits && entry->value.size_bytes <= BOUGH_MERGE_VALUE_BYTES_MAX;
    return *fits ? bough_value_get(state->store, &entry->value, BOUGH_MERGE_VALUE_BYTES_MAX,
                                   scratch, bytes)
                 : BOUGH_OK;
}

/* Asks the policy; a value that it has merged is staged. */
static enum bough_err ask(struct merge_state *state, const struct merge_step *step,
                          const struct bough_merge_policy *policy, struct bough_arena *scratch,
                          struct bough_entry *merged, struct verdict *verdict)
{
    struct bough_merge_values values = {
        .path = bough_bytes_of(state->path, state->path_len),
        .has_base = step->base != NULL && same_type(step->base, step->ours),
        .ours = state->options->ours,
        .theirs = state->options->theirs,
        .marker_len = state->options->marker_len,
    };
    struct bough_merge_value value = {0};
    bool fits = true;

    assert(step->ours->kind == BOUGH_ENTRY_VALUE && step->theirs->kind == BOUGH_ENTRY_VALUE);
    if (values.has_base)
        BOUGH_TRY(get_value(state, step->base, scratch, &values.base, &fits));
    BOUGH_TRY(get_value(state, step->ours, scratch, &values.ours.value, &fits));
    BOUGH_TRY(get_value(state, step->theirs, scratch, &values.theirs.value, &fits));
    if (!fits) {
        verdict->why = "a value is longer than a policy may merge";
        return BOUGH_OK;
    }
    BOUGH_TRY(policy->merge(policy->context, &values, scratch, &value));
    verdict->value_clean = value.clean;
    verdict->why = value.why;
    verdict->draft = value.value;
    return value.clean ? bough_value_put(state->store, value.value, state->arena, &merged->value)
                       : BOUGH_OK;
}

/* Merges the bytes; *merged is ours on entry. */
static enum bough_err merge_bytes(struct merge_state *state, const struct merge_step *step,
                                  struct bough_arena *scratch, struct bough_entry *merged,
                                  struct verdict *verdict)
{
    const struct bough_merge_policy *policy = NULL;
    bool file =
        step->ours->kind == BOUGH_ENTRY_VALUE && (step->ours->mode & TYPE_BITS) == TYPE_FILE;

    verdict->value_clean = same_type(step->ours, step->theirs);
    if (!verdict->value_clean) {
        verdict->why = "the sides are of different types";
        return BOUGH_OK;
    }
    if (merge_state_same_value(step->ours, step->theirs))
        return BOUGH_OK;
    if (step->base != NULL && merge_state_same_value(step->base, step->theirs))
        return BOUGH_OK;
    if (step->base != NULL && merge_state_same_value(step->base, step->ours)) {
        merged->value = step->theirs->value;
        return BOUGH_OK;
    }
    verdict->value_clean = false;
    if (file)
        BOUGH_TRY(merge_rules_find(&state->rules, bough_bytes_of(state->path, state->path_len),
                                   &policy, &verdict->why));
    return policy == NULL ? BOUGH_OK : ask(state, step, policy, scratch, merged, verdict);
}

/* Merges the mode; false when the sides do not agree. */
static bool merge_mode(const struct merge_step *step, struct bough_entry *merged)
{
    if (step->base != NULL && step->ours->mode == step->base->mode)
        merged->mode = step->theirs->mode;
    return step->ours->mode == step->theirs->mode ||
           (step->base != NULL &&
            (step->ours->mode == step->base->mode || step->theirs->mode == step->base->mode));
}

/* Lets one side settle what is not clear. */
static void favor(enum bough_merge_favor side, const struct merge_step *step,
                  struct bough_entry *merged, struct verdict *verdict)
{
    const struct bough_entry *one = side == BOUGH_MERGE_FAVOR_OURS ? step->ours : step->theirs;

    if (side == BOUGH_MERGE_FAVOR_NONE)
        return;
    if (!verdict->value_clean)
        merged->value = one->value;
    if (!verdict->mode_clean || !same_type(step->ours, step->theirs))
        merged->mode = one->mode;
    verdict->value_clean = true;
    verdict->mode_clean = true;
}

enum bough_err merge_value_merge(struct merge_state *state, const struct merge_step *step,
                                 struct bough_entry *merged)
{
    struct merge_step known = *step; /* without a base that says nothing */
    struct verdict verdict = {0};
    struct bough_arena scratch;
    bool there = true;
    enum bough_err err = BOUGH_OK;

    assert(step->ours->kind != BOUGH_ENTRY_TREE && step->theirs->kind != BOUGH_ENTRY_TREE);
    bough_arena_init(&scratch, bough_store_env(state->store)->heap, BOUGH_MERGE_SCRATCH_BYTES_MAX);
    *merged = *step->ours;
    if (step->base == NULL || step->base->kind != step->ours->kind ||
        merge_state_is_torn(step->base))
        known.base = NULL;
    if (!merge_state_is_torn(step->base))
        err = merge_bytes(state, &known, &scratch, merged, &verdict);
    else
        verdict.value_clean =
            merge_state_same_value(step->ours, step->theirs) && same_type(step->ours, step->theirs);
    verdict.mode_clean = merge_mode(&known, merged);
    favor(state->options->favor, step, merged, &verdict);
    if (err == BOUGH_OK && !(verdict.value_clean && verdict.mode_clean))
        err = settle(state, step,
                     verdict.value_clean ? BOUGH_MERGE_MODE
                     : step->base != NULL && step->base->kind != BOUGH_ENTRY_TREE
                         ? BOUGH_MERGE_EDIT_EDIT
                         : BOUGH_MERGE_ADD_ADD,
                     &verdict, merged, &there);
    assert(err != BOUGH_OK || there);
    bough_arena_release(&scratch);
    return err;
}
