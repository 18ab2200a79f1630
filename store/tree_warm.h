/* SPDX-License-Identifier: ISC
 *
 * tree_warm.h - leaves that will be looked at soon are brought near.
 */
#ifndef TREE_WARM_H
#define TREE_WARM_H

#include "cache.h"
#include "store_internal.h"

/* A step that will be looked up in a directory. */
struct tree_warm_step {
    const struct bough_tree *tree;
    struct bough_bytes step;
};

/* Brings the leaves of `count` <= CACHE_WARM_MAX steps near, as far as they and the way to them are
 * in the cache.  Reads nothing from the backend. */
void tree_warm_steps(struct bough_store *store, const struct tree_warm_step *steps, size_t count);

#endif
