/* SPDX-License-Identifier: ISC
 *
 * ref_state.h - how the state tree changes: an edit of it is a root move.
 */
#ifndef REF_STATE_H
#define REF_STATE_H

#include "store_internal.h"

/* Scratch of one edit of the state tree. */
#define REF_STATE_ARENA_BYTES_MAX (32u << 20)

/* Applies edits to the state tree and moves the root there, staged.  Nothing happens when they
 * change nothing.  *culprit (optional) as bough_tree_edit. */
BOUGH_MUST_CHECK enum bough_err ref_state_move(struct bough_store *store,
                                               const struct bough_edit *edits, size_t count,
                                               struct bough_arena *arena, size_t *culprit);

/* The short value of a setting, in `arena`; .at NULL when there is none. */
BOUGH_MUST_CHECK enum bough_err ref_state_setting(struct bough_store *store, const char *path,
                                                  struct bough_arena *arena,
                                                  struct bough_bytes *value);

/* Stages a setting; empty removes it. */
BOUGH_MUST_CHECK enum bough_err ref_state_set(struct bough_store *store, const char *path,
                                              struct bough_bytes value);

#endif
