/* SPDX-License-Identifier: ISC
 *
 * git_lift_tree.h - git's trees and blobs become native ones.
 */
#ifndef GIT_LIFT_TREE_H
#define GIT_LIFT_TREE_H

#include "git_lift.h"

/* The native tree of id `id`.  `base` is a tree that it probably resembles: only what differs from
 * it is written.  Errors as git_lift_tip. */
BOUGH_MUST_CHECK enum bough_err git_lift_tree(struct git_lift *lift, const struct sha1 *id,
                                              const struct bough_tree *base,
                                              struct bough_tree *tree);

/* The native value of id `id`; short data lives in `arena`. */
BOUGH_MUST_CHECK enum bough_err git_lift_tree_blob(struct git_lift *lift, const struct sha1 *id,
                                                   struct bough_arena *arena,
                                                   struct bough_value *value);

#endif
