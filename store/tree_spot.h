/* SPDX-License-Identifier: ISC
 *
 * tree_spot.h - a place in one level of a stored tree: a node, and the way down to it.
 */
#ifndef TREE_SPOT_H
#define TREE_SPOT_H

#include "node.h"

/* A node with its items laid out; in an arena. */
struct tree_page {
    struct node node;
    struct node_item *items;
    size_t count;
};

struct tree_spot_step {
    const struct tree_page *page;
    size_t at; /* the item that leads down */
};

/* A plain value: copy it to remember a place. */
struct tree_spot {
    struct bough_store *store;
    struct bough_arena *arena;
    uint8_t level;                             /* of `page` */
    uint8_t depth;                             /* steps in `up` */
    struct tree_spot_step up[NODE_LEVELS_MAX]; /* from the root down to `page`'s parent */
    const struct tree_page *page;
};

/* Goes to the node of `level` that holds the first key >= `key`, or to the level's last node.
 * `root` is the tree's root node, of at least that level.  Pages are put in `arena`.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_spot_open(struct tree_spot *spot, struct bough_store *store,
                                               const struct tree_page *root, uint8_t level,
                                               struct bough_bytes key, struct bough_arena *arena);

/* The same, from a place whose keys are all smaller than `key`; reads only what it has not. */
BOUGH_MUST_CHECK enum bough_err tree_spot_forward(struct tree_spot *spot, struct bough_bytes key);

/* Whether there is a node before / after on the same level.  O(levels). */
bool tree_spot_is_first(const struct tree_spot *spot);
/* Whether this is the last node of its level. */
bool tree_spot_is_last(const struct tree_spot *spot);

/* Moves to the node before, which must exist. */
BOUGH_MUST_CHECK enum bough_err tree_spot_prev(struct tree_spot *spot);
/* Moves to the node after, which must exist. */
BOUGH_MUST_CHECK enum bough_err tree_spot_next(struct tree_spot *spot);

/* The parent's item that leads to this node, NULL at the root. */
const struct node_item *tree_spot_item(const struct tree_spot *spot);

/* The parent's item that leads to the node before, which must exist. */
const struct node_item *tree_spot_item_before(const struct tree_spot *spot);

/* Reads a node and lays out its items in `arena`. */
BOUGH_MUST_CHECK enum bough_err tree_spot_page(struct bough_store *store,
                                               const struct bough_link *link,
                                               struct bough_arena *arena, struct tree_page **page);

#endif
