/* SPDX-License-Identifier: ISC
 *
 * node_page.h - nodes as they stand in the cache: pinned, laid out, searched without decoding.
 */
#ifndef NODE_PAGE_H
#define NODE_PAGE_H

#include "node.h"

/* Pins the node that `link` names, reading it if it is not in the cache.  Let go with
 * node_page_unpin.  BOUGH_CORRUPT (also when it is no node), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_page_pin(struct bough_store *store,
                                              const struct bough_link *link,
                                              const struct cache_object **page);

/* Lets go of a pinned node. */
void node_page_unpin(struct bough_store *store, const struct cache_object *page);

/* Says that the children of an inner node will be read one after the other, and now that of item
 * `first`; `all` if it is the first of them.  See cache_soon. */
void node_page_soon(const struct bough_store *store, const struct cache_object *page,
                    uint32_t first, bool all);

/* The first item whose key is >= `key`, or item_count when all are smaller.  O(log items). */
uint32_t node_page_search(const struct cache_object *page, struct bough_bytes key);

#endif
