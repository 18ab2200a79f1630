/* SPDX-License-Identifier: ISC
 *
 * merge_state.h - what the files of one tree merge share.
 */
#ifndef MERGE_STATE_H
#define MERGE_STATE_H

#include "merge_rules.h"

#define MERGE_STATE_DEPTH_MAX  (BOUGH_PATH_STEPS_MAX + 1u)
#define MERGE_STATE_PATH_BYTES (MERGE_STATE_DEPTH_MAX * (BOUGH_STEP_BYTES_MAX + 1u))

/* The mode of a mark in a virtual base, for "not known": no file has it, and its value is a number
 * that is never used twice, so that it equals nothing. */
#define MERGE_STATE_TORN 0170000u

struct merge_state {
    struct bough_store *store;
    struct bough_arena *arena;
    const struct bough_merge_options *options;
    uint64_t *torn; /* NULL: for the result.  Else the result is a base: conflicts become marks, and
                       this is the number of the last one */
    uint64_t conflict_count;
    struct merge_rules rules;
    uint8_t *path; /* MERGE_STATE_PATH_BYTES */
    size_t path_len;
    unsigned depth;
};

/* The three sides of one step; NULL = not there. */
struct merge_step {
    const struct bough_entry *base;
    const struct bough_entry *ours;
    const struct bough_entry *theirs;
};

/* Whether an entry is a mark. */
static inline bool merge_state_is_torn(const struct bough_entry *entry)
{
    return entry != NULL && entry->kind == BOUGH_ENTRY_VALUE && entry->mode == MERGE_STATE_TORN;
}

/* Whether two values have the same bytes: how a value is kept follows from them. */
static inline bool merge_state_same_value(const struct bough_entry *a, const struct bough_entry *b)
{
    return a->kind == b->kind && a->value.size_bytes == b->value.size_bytes &&
           bough_bytes_equal(a->value.data, b->value.data) &&
           bough_hash_equal(&a->value.link.name, &b->value.link.name) &&
           bough_hash_equal(&a->link.name, &b->link.name);
}

#endif
