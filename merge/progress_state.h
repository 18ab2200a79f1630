/* SPDX-License-Identifier: ISC
 *
 * progress_state.h - a merge in progress as it is kept: the commit on its ref (merge_progress.h).
 */
#ifndef PROGRESS_STATE_H
#define PROGRESS_STATE_H

#include "bough/limits.h"
#include "bough/merge_progress.h"
#include "merge_record.h"

/* The ref of a branch's merge in progress, in `room`.  BOUGH_INVALID: no branch's name. */
BOUGH_MUST_CHECK enum bough_err progress_state_ref(struct bough_bytes branch,
                                                   uint8_t room[BOUGH_REF_BYTES_MAX],
                                                   struct bough_bytes *name);

/* BOUGH_EXISTS if the branch has a merge in progress; BOUGH_INVALID as above. */
BOUGH_MUST_CHECK enum bough_err progress_state_absent(struct bough_store *store,
                                                      struct bough_bytes branch);

/* Stages the commit that holds all of `progress` but for its ours_tree, and sets its state. */
BOUGH_MUST_CHECK enum bough_err progress_state_put(struct bough_store *store,
                                                   struct bough_arena *arena,
                                                   struct bough_merge_progress *progress);

/* As bough_merge_progress_get. */
BOUGH_MUST_CHECK enum bough_err progress_state_get(struct bough_store *store,
                                                   struct bough_bytes branch,
                                                   struct bough_arena *arena,
                                                   struct bough_merge_progress *progress);

/* The move of a merge's ref from what it was, NULL for nothing, to `next`, NULL for nothing. */
struct bough_ref_move progress_state_move(struct bough_bytes name, const struct bough_link *was,
                                          const struct bough_link *next);

/* Keeps what has come out with conflicts, which `record` has, as the merge in progress of a branch
 * that has none.  Errors as bough_ref_move. */
BOUGH_MUST_CHECK enum bough_err progress_state_keep(struct bough_store *store,
                                                    struct bough_bytes branch,
                                                    struct merge_record *record,
                                                    struct bough_arena *arena,
                                                    struct bough_merge_progress *progress);

#endif
