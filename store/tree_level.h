/* SPDX-License-Identifier: ISC
 *
 * tree_level.h - apply changes to the levels of one directory's tree.
 */
#ifndef TREE_LEVEL_H
#define TREE_LEVEL_H

#include "node.h"

/* One change of a level: the item at `key` becomes `item`, or goes. */
struct tree_level_change {
    struct bough_bytes key;
    bool remove;
    struct node_item item; /* unless remove; its key is `key` */
};

/* The directory that has `changes` (ascending keys, none twice) applied to `base`; the verbatim
 * form of `base` is dropped if anything changed.  Reads and writes only nodes near the changes;
 * scratch comes from `arena`.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY, BOUGH_FULL,
 * BOUGH_READ_ONLY. */
BOUGH_MUST_CHECK enum bough_err tree_level_apply(struct bough_store *store,
                                                 const struct bough_tree *base,
                                                 const struct tree_level_change *changes,
                                                 size_t count, struct bough_arena *arena,
                                                 struct bough_tree *result);

#endif
