/* SPDX-License-Identifier: ISC
 *
 * node_hold.h - a place that holds a copy of one node at a time, so that a long walk needs fixed
 * memory and no pins.
 */
#ifndef NODE_HOLD_H
#define NODE_HOLD_H

#include "node.h"

/* All zeros to begin with. */
struct node_hold {
    struct cache_object node; /* its own copy */
    uint32_t at;              /* the next item */
    uint64_t *room;           /* addresses, items, bytes */
    size_t room_bytes;
};

/* Copies the node that `link` names into the hold, replacing what it held, and stands before its
 * first item.  Takes from `arena` only when the node is larger than any before it.  BOUGH_CORRUPT,
 * BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_hold_get(struct bough_store *store,
                                              const struct bough_link *link,
                                              struct bough_arena *arena, struct node_hold *hold);

#endif
