/* SPDX-License-Identifier: ISC
 *
 * pack_diff.h - the trees and values of one commit that its parents do not have.
 */
#ifndef PACK_DIFF_H
#define PACK_DIFF_H

#include "pack_list.h"

#define PACK_DIFF_BASES_MAX 8u

/* Adds to the list every tree and value of `tree` that is not in the list, does not stand at the
 * same path in one of the `bases` (up to PACK_DIFF_BASES_MAX), and is not left out by the list's
 * filter.  `arena` is for scratch. */
BOUGH_MUST_CHECK enum bough_err pack_diff(struct pack_list *list, const struct bough_tree *tree,
                                          const struct bough_tree *bases, uint32_t base_count,
                                          struct bough_arena *arena);

/* The same for a tree that was asked for by its id, so that no filter leaves out the tree itself.
 */
BOUGH_MUST_CHECK enum bough_err pack_diff_wanted(struct pack_list *list,
                                                 const struct bough_tree *tree,
                                                 struct bough_arena *arena);

#endif
