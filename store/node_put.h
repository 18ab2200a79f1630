/* SPDX-License-Identifier: ISC
 *
 * node_put.h - nodes are put together, named, staged and kept in the cache.
 */
#ifndef NODE_PUT_H
#define NODE_PUT_H

#include "node.h"

/* Encodes and stages the node of `count` > 0 items in ascending order of keys, and keeps it in the
 * cache.  `arena` is for scratch.  Errors as object_put. */
BOUGH_MUST_CHECK enum bough_err node_put(struct bough_store *store, uint8_t level,
                                         const struct node_item *items, size_t count,
                                         struct bough_arena *arena, struct bough_link *link);

/* An item that takes the place of another of the same key, length and number of addresses. */
struct node_put_patch {
    uint32_t at; /* which */
    const struct node_item *item;
};

/* The same for a copy of `page` with some items replaced, which costs little more than the copy. */
BOUGH_MUST_CHECK enum bough_err node_put_patched(struct bough_store *store,
                                                 const struct cache_object *page,
                                                 const struct node_put_patch *patches, size_t count,
                                                 struct bough_arena *arena,
                                                 struct bough_link *link);

#endif
