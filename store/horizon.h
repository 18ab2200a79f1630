/* SPDX-License-Identifier: ISC
 *
 * horizon.h - which commits were dropped though others still name them as parents.
 */
#ifndef HORIZON_H
#define HORIZON_H

#include "store_internal.h"

/* Whether a commit was dropped.  O(1) where none was, else O(log n). */
BOUGH_MUST_CHECK enum bough_err horizon_has(struct bough_store *store,
                                            const struct bough_hash *name, bool *yes);

/* The edits of the state that make the horizon `cut`, in `arena`.  Call horizon_forget when they
 * have been made. */
BOUGH_MUST_CHECK enum bough_err horizon_edits(struct bough_store *store,
                                              const struct bough_hash *cut, size_t cut_count,
                                              struct bough_arena *arena, struct bough_edit **edits,
                                              size_t *count);

/* The horizon has changed. */
void horizon_forget(struct bough_store *store);

#endif
