/* SPDX-License-Identifier: ISC
 *
 * node_put.h - nodes are put together; then named, staged and kept in the cache.
 */
#ifndef NODE_PUT_H
#define NODE_PUT_H

#include "node.h"

/* A node that was put together but has no name yet.  Its bytes are in the arena it was made in, or
 * borrowed from what it was made of. */
struct node_draft {
    struct bough_object object;
    const struct cache_item *items;
    uint32_t item_count;
    /* The node that it takes the place of, pinned until the draft was put, or NULL: where that
     * costs less, only the difference is written. */
    const struct cache_object *was;
    struct bough_link link; /* once it was put */
};

/* Puts the node of `count` > 0 items in ascending order of keys together.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_put_draft(uint8_t level, const struct node_item *items,
                                               size_t count, struct bough_arena *arena,
                                               struct node_draft *draft);

/* An item that takes the place of another of the same key, length and number of addresses. */
struct node_put_patch {
    uint32_t at; /* which */
    const struct node_item *item;
};

/* The same for a copy of `page` (pinned until the draft was put) with some items replaced, which
 * costs little more than the copy. */
BOUGH_MUST_CHECK enum bough_err node_put_patched(const struct cache_object *page,
                                                 const struct node_put_patch *patches, size_t count,
                                                 struct bough_arena *arena,
                                                 struct node_draft *draft);

/* Names and stages drafts, in order, and keeps them in the cache; many at once cost less.  `arena`
 * is for scratch.  Errors as bough_backend_put, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_put_all(struct bough_store *store, struct node_draft *drafts,
                                             size_t count, struct bough_arena *arena);

#endif
