/* SPDX-License-Identifier: ISC
 *
 * tree_batch.h - nodes of one level that are written together.
 */
#ifndef TREE_BATCH_H
#define TREE_BATCH_H

#include "node_put.h"
#include "tree_patch.h"

#define TREE_BATCH_MAX 64u /* nodes: enough to keep all lanes busy, and to stay in the L2 cache */

/* A node to be written, and the inner item that is to lead to it. */
struct tree_batch_node {
    struct bough_bytes last_key;
    uint64_t key_count;
    bool soft;
    struct node_item *into;
};

struct tree_batch {
    struct bough_store *store;
    struct bough_arena *arena; /* of the inner items */
    struct bough_arena scratch;
    struct bough_arena_mark begin; /* of the scratch */
    size_t count;
    size_t max;
    struct tree_batch_node *nodes;
    struct node_draft *drafts;
};

/* An empty batch for levels with about `change_count` changes; inner items will be in `arena`.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_batch_init(struct tree_batch *batch, struct bough_store *store,
                                                struct bough_arena *arena, size_t change_count);

/* Gives back what it took, also after init failed; what was not flushed is forgotten. */
void tree_batch_release(struct tree_batch *batch);

/* Adds the node of `count` > 0 items, which hold `key_count` values and end at a soft cut or not.
 * *into is the inner item to it once the batch was flushed; items and it must last until then.
 * Flushes when the batch is full.  Errors as node_put_all. */
BOUGH_MUST_CHECK enum bough_err tree_batch_add(struct tree_batch *batch, uint8_t level,
                                               const struct node_item *items, size_t count,
                                               uint64_t key_count, bool soft,
                                               struct node_item *into);

/* The same for a patched node; `parent` as in tree_patch_key_count. */
BOUGH_MUST_CHECK enum bough_err tree_batch_patch(struct tree_batch *batch,
                                                 const struct tree_patch *patch,
                                                 const struct node_item *parent,
                                                 struct node_item *into);

/* Writes what is in the batch. */
BOUGH_MUST_CHECK enum bough_err tree_batch_flush(struct tree_batch *batch);

#endif
