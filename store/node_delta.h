/* SPDX-License-Identifier: ISC
 *
 * node_delta.h - a node as its difference from the one that it takes the place of.
 */
#ifndef NODE_DELTA_H
#define NODE_DELTA_H

#include "node_put.h"

/* Makes the patches (base/patch.h) that lead from `base`, which is kept whole, to the draft, in
 * `arena`; *patch is empty when they are not worth it: more than a third of a leaf, or a quarter of
 * an inner node.  BOUGH_NO_MEMORY.  O(items). */
BOUGH_MUST_CHECK enum bough_err node_delta_make(const struct cache_object *base,
                                                const struct node_draft *draft,
                                                struct bough_arena *arena,
                                                struct bough_bytes *patch);

#endif
