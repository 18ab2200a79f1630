/* SPDX-License-Identifier: ISC
 *
 * tree_spot.h - a place in one level of a stored tree: a node, and the way down to it.
 */
#ifndef TREE_SPOT_H
#define TREE_SPOT_H

#include "node_page.h"

/* Nodes that stay pinned until the work that uses them is done. */
struct tree_spot_pins {
    struct bough_store *store;
    struct bough_arena *arena; /* of the list */
    struct tree_spot_pin *newest;
};

struct tree_spot_step {
    const struct cache_object *page;
    uint32_t at; /* the item that leads down */
};

/* A plain value: copy it to remember a place, with tree_spot_copy where there are many. */
struct tree_spot {
    struct tree_spot_pins *pins;
    const struct cache_object *page;
    uint8_t level;                             /* of `page` */
    uint8_t depth;                             /* steps in `up` */
    struct tree_spot_step up[NODE_LEVELS_MAX]; /* from the root down to `page`'s parent */
};

/* Copies a place, and no more of the room for its steps than it uses. */
void tree_spot_copy(struct tree_spot *into, const struct tree_spot *spot);

/* Pins the node that `link` names until the pins are released.  BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_spot_pin(struct tree_spot_pins *pins,
                                              const struct bough_link *link,
                                              const struct cache_object **page);

/* Lets go of all of them. */
void tree_spot_release(struct tree_spot_pins *pins);

/* Goes to the node of `level` that holds the first key >= `key`, or to the level's last node.
 * `root` is the tree's root node, of at least that level.  BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_spot_open(struct tree_spot *spot, struct tree_spot_pins *pins,
                                               const struct cache_object *root, uint8_t level,
                                               struct bough_bytes key);

/* The same, from a place whose keys are all smaller than `key`; reads only what it has not. */
BOUGH_MUST_CHECK enum bough_err tree_spot_forward(struct tree_spot *spot, struct bough_bytes key);

/* Whether there is no node before it on the same level.  O(levels). */
bool tree_spot_is_first(const struct tree_spot *spot);
/* Whether there is no node after it. */
bool tree_spot_is_last(const struct tree_spot *spot);

/* Moves to the node before, which must exist. */
BOUGH_MUST_CHECK enum bough_err tree_spot_prev(struct tree_spot *spot);
/* Moves to the node after, which must exist. */
BOUGH_MUST_CHECK enum bough_err tree_spot_next(struct tree_spot *spot);

/* The parent's item that leads to this node; false at the root. */
bool tree_spot_item(const struct tree_spot *spot, struct node_item *item);

/* The parent's item that leads to the node before, if they have the same parent; else false. */
bool tree_spot_item_before(const struct tree_spot *spot, struct node_item *item);

/* The last key of a node. */
struct bough_bytes tree_spot_last_key(const struct cache_object *page);

#endif
