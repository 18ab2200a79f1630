/* SPDX-License-Identifier: ISC
 *
 * tree_patch.h - changes that leave the shape of a node as it is.
 */
#ifndef TREE_PATCH_H
#define TREE_PATCH_H

#include "node_put.h"
#include "tree_level.h"
#include "tree_spot.h"

/* Changes of one node, each replacing an item by one of the same length. */
struct tree_patch {
    const struct cache_object *page; /* NULL = there is no patch */
    const struct tree_level_change *changes;
    struct node_put_patch *patches; /* one for each change */
    size_t count;
};

/* Whether all changes (ascending, count > 0) keep the shape of `page`; then *patch is made in
 * `arena`, else its page is NULL.  BOUGH_NO_MEMORY.  O(count * log items). */
BOUGH_MUST_CHECK enum bough_err tree_patch_fit(const struct cache_object *page,
                                               const struct tree_level_change *changes,
                                               size_t count, struct bough_arena *arena,
                                               struct tree_patch *patch);

/* Whether the patch changes anything. */
bool tree_patch_matters(const struct tree_patch *patch);

/* The values at or below the patched node.  `parent` is the inner item that led to the old one,
 * NULL if that was a root. */
uint64_t tree_patch_key_count(const struct tree_patch *patch, const struct node_item *parent);

#endif
