/* SPDX-License-Identifier: ISC
 *
 * tree_diff_level.c - the entries in which two directories differ, for callers outside the store.
 *
 * A thin face of tree_pair.c: it owns the pair, whose pins last until close.
 */
#include "bough/diff.h"
#include "tree_pair.h"

enum bough_err bough_tree_diff_level_open(struct bough_tree_diff_level *level,
                                          struct bough_store *store, const struct bough_tree *from,
                                          const struct bough_tree *to, struct bough_arena *arena)
{
    level->pair = bough_arena_zeros(arena, 1, sizeof(*level->pair));
    if (level->pair == NULL)
        return BOUGH_NO_MEMORY;
    level->pair->store = store;
    tree_pair_restart(level->pair, &from->root, &to->root);
    return BOUGH_OK;
}

enum bough_err bough_tree_diff_level_next(struct bough_tree_diff_level *level,
                                          struct bough_diff_change *change)
{
    struct bough_entry entries[2] = {0};
    unsigned there;

    BOUGH_TRY(tree_pair_next(level->pair, &there, entries));
    assert(there != 0);
    change->kind = there == TREE_PAIR_FROM ? BOUGH_DIFF_REMOVED
                   : there == TREE_PAIR_TO ? BOUGH_DIFF_ADDED
                                           : BOUGH_DIFF_CHANGED;
    change->from = entries[0];
    change->to = entries[1];
    change->path = (there & TREE_PAIR_FROM) != 0 ? entries[0].step : entries[1].step;
    return BOUGH_OK;
}

void bough_tree_diff_level_close(struct bough_tree_diff_level *level)
{
    if (level->pair != NULL)
        tree_pair_release(level->pair);
    level->pair = NULL;
}
