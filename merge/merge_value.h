/* SPDX-License-Identifier: ISC
 *
 * merge_value.h - two values at one path, neither of which is as the base has it; and what becomes
 * of a conflict.
 */
#ifndef MERGE_VALUE_H
#define MERGE_VALUE_H

#include "merge_state.h"

/* Merges values and modes of a step that has a value on both sides, at the state's path.  *merged
 * is what the result holds; its short data lives in the state's arena, or where ours or theirs
 * does.  Errors as bough_merge_tree. */
BOUGH_MUST_CHECK enum bough_err merge_value_merge(struct merge_state *state,
                                                  const struct merge_step *step,
                                                  struct bough_entry *merged);

/* Counts and reports a conflict at the state's path, and makes `kept` what the result holds there:
 * what ours has, which is nothing if *there is false then; or a mark. */
BOUGH_MUST_CHECK enum bough_err merge_value_conflict(struct merge_state *state,
                                                     const struct merge_step *step,
                                                     enum bough_merge_conflict_kind kind,
                                                     struct bough_entry *kept, bool *there);

#endif
