/* SPDX-License-Identifier: ISC
 *
 * merge_step.h - what is to become of one step, from what the three sides have there.
 */
#ifndef MERGE_STEP_H
#define MERGE_STEP_H

#include "merge_state.h"

enum merge_step_verdict {
    MERGE_STEP_OURS,
    MERGE_STEP_THEIRS,
    MERGE_STEP_INTO,    /* directories on both sides, or on one and nothing on the other */
    MERGE_STEP_INTO_NO, /* the same, and nothing is known of the base */
    MERGE_STEP_VALUES,  /* values on both sides */
    MERGE_STEP_CONFLICT
};

/* Decides; *kind is set for a conflict only.  A mark in place of the base equals nothing.  Reads
 * only where a value meets a directory that the base has, too: as much as changed in it.  Errors as
 * bough_tree_diff_next. */
BOUGH_MUST_CHECK enum bough_err merge_step_decide(struct merge_state *state,
                                                  const struct merge_step *step,
                                                  enum merge_step_verdict *verdict,
                                                  enum bough_merge_conflict_kind *kind);

/* Whether two entries are the same, or both are not there. */
bool merge_step_same(const struct bough_entry *a, const struct bough_entry *b);

#endif
