/* SPDX-License-Identifier: ISC
 *
 * merge_tree.h - the merge of three trees, for merges of commits.
 */
#ifndef MERGE_TREE_H
#define MERGE_TREE_H

#include "merge_state.h"

/* bough_merge_tree for a state that is set up but for its path. */
BOUGH_MUST_CHECK enum bough_err merge_tree_merge(struct merge_state *state,
                                                 const struct bough_tree *base,
                                                 const struct bough_tree *ours,
                                                 const struct bough_tree *theirs,
                                                 struct bough_tree *merged);

#endif
