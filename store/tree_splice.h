/* SPDX-License-Identifier: ISC
 *
 * tree_splice.h - replace a stretch of one directory, however much is in it.
 */
#ifndef TREE_SPLICE_H
#define TREE_SPLICE_H

#include "node.h"

/* What goes and what comes: items whose keys are from <= key < to (`to` empty = to the end) go, and
 * `items` (ascending, their keys in the same range) take their place. */
struct tree_splice {
    struct bough_bytes from;
    struct bough_bytes to;
    const struct node_item *items;
    size_t count;
};

/* The directory that has `splice` applied to `base`; the verbatim form of `base` is dropped if
 * anything changed.  Reads and writes only nodes near the ends of the range, O(log n); what lies
 * between is dropped unread.  Errors as tree_level_apply. */
BOUGH_MUST_CHECK enum bough_err tree_splice_apply(struct bough_store *store,
                                                  const struct bough_tree *base,
                                                  const struct tree_splice *splice,
                                                  struct bough_arena *arena,
                                                  struct bough_tree *result);

#endif
