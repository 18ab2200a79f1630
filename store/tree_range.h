/* SPDX-License-Identifier: ISC
 *
 * tree_range.h - edits of whole stretches of a tree, for tree_edit.c.
 */
#ifndef TREE_RANGE_H
#define TREE_RANGE_H

#include "bough/tree.h"

/* The tree without the values whose path p is from <= p < to, bytewise; `to` empty = to the end.
 * Directories that lose their last value vanish.  Reads and writes only nodes at the two ends, on
 * every level of every directory they pass.  Scratch comes from `arena`.  BOUGH_TOO_BIG, and what
 * tree_level_apply may answer. */
BOUGH_MUST_CHECK enum bough_err tree_range_remove(struct bough_store *store,
                                                  const struct bough_tree *base,
                                                  struct bough_bytes from, struct bough_bytes to,
                                                  struct bough_arena *arena,
                                                  struct bough_tree *result);

#endif
