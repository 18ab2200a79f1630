/* SPDX-License-Identifier: ISC
 *
 * tree_batch.c - nodes of one level that are written together.
 *
 * Nodes of a level do not depend on each other, so they are put together first and named at once.
 *   (1) drafts[i] and nodes[i], i < count, wait for the flush; their bytes are in `scratch`.
 *   (2) They are staged in the order in which they came.
 */
#include "tree_batch.h"

#define SCRATCH_BYTES_MAX ((size_t)1 << 30) /* the heap is the limit */

enum bough_err tree_batch_init(struct tree_batch *batch, struct bough_store *store,
                               struct bough_arena *arena, size_t change_count)
{
    size_t max = change_count < TREE_BATCH_MAX / 2 ? 2 * change_count : TREE_BATCH_MAX;

    *batch = (struct tree_batch){
        .store = store,
        .arena = arena,
        .max = max,
        .nodes = bough_arena_take(arena, max * sizeof(*batch->nodes)),
        .drafts = bough_arena_take(arena, max * sizeof(*batch->drafts)),
    };
    bough_arena_init(&batch->scratch, store->env->heap, SCRATCH_BYTES_MAX);
    if (batch->nodes == NULL || batch->drafts == NULL ||
        bough_arena_take(&batch->scratch, 0) == NULL)
        return BOUGH_NO_MEMORY;
    batch->begin = bough_arena_now(&batch->scratch); /* its first piece of memory is kept */
    return BOUGH_OK;
}

void tree_batch_release(struct tree_batch *batch)
{
    bough_arena_release(&batch->scratch);
    batch->count = 0;
}

enum bough_err tree_batch_flush(struct tree_batch *batch)
{
    if (batch->count == 0)
        return BOUGH_OK;
    BOUGH_TRY(node_put_all(batch->store, batch->drafts, batch->count, &batch->scratch));
    for (size_t i = 0; i < batch->count; i++) {
        const struct tree_batch_node *node = &batch->nodes[i];

        BOUGH_TRY(node_inner_item(node->last_key, &batch->drafts[i].link, node->key_count,
                                  node->soft, batch->arena, node->into));
    }
    bough_arena_back(&batch->scratch, batch->begin);
    batch->count = 0;
    return BOUGH_OK;
}

/* Counts the draft that was made at the end. */
static enum bough_err added(struct tree_batch *batch, const struct tree_batch_node *node)
{
    assert(batch->count < batch->max);
    batch->nodes[batch->count++] = *node;
    return batch->count == batch->max ? tree_batch_flush(batch) : BOUGH_OK;
}

enum bough_err tree_batch_add(struct tree_batch *batch, uint8_t level,
                              const struct node_item *items, size_t count, uint64_t key_count,
                              bool soft, struct node_item *into)
{
    struct tree_batch_node node = {.last_key = node_key(&items[count - 1]),
                                   .key_count = key_count,
                                   .soft = soft,
                                   .into = into};

    BOUGH_TRY(node_put_draft(level, items, count, &batch->scratch, &batch->drafts[batch->count]));
    return added(batch, &node);
}

enum bough_err tree_batch_patch(struct tree_batch *batch, const struct tree_patch *patch,
                                const struct node_item *parent, struct node_item *into)
{
    struct tree_batch_node node = {.last_key = tree_spot_last_key(patch->page),
                                   .key_count = tree_patch_key_count(patch, parent),
                                   .soft = parent != NULL && node_is_soft(parent),
                                   .into = into};

    assert(patch->page != NULL);
    BOUGH_TRY(node_put_patched(patch->page, patch->patches, patch->count, &batch->scratch,
                               &batch->drafts[batch->count]));
    return added(batch, &node);
}
