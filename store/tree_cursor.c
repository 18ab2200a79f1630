/* SPDX-License-Identifier: ISC
 *
 * tree_cursor.c - one directory, entry by entry, in order.
 *
 * levels[0] holds the root node, each further one the child before the gap of the node above, down
 * to a leaf.  The cursor stands in a gap between two entries: hold.at of a leaf is the item behind
 * it, hold.at of an inner node the item behind the child that was entered.
 *   (1) level_count 0 = before the first entry, or behind the last if at_end; the way down is made
 *       by the next call.
 *   (2) Otherwise levels[level_count - 1] is a leaf.
 */
#include "tree_cursor.h"
#include "node_hold.h"
#include "node_page.h"

struct tree_cursor_level {
    struct node_hold hold;
};

enum bough_err bough_tree_cursor_open(struct bough_tree_cursor *cursor, struct bough_store *store,
                                      const struct bough_tree *tree, struct bough_arena *arena)
{
    *cursor = (struct bough_tree_cursor){.store = store, .arena = arena, .tree = *tree};
    cursor->levels = bough_arena_zeros(arena, NODE_LEVELS_MAX, sizeof(*cursor->levels));
    return cursor->levels == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

void tree_cursor_restart(struct bough_tree_cursor *cursor, const struct bough_tree *tree)
{
    assert(cursor->levels != NULL);
    cursor->tree = *tree;
    cursor->level_count = 0;
    cursor->at_end = false;
}

/* Opens the node that `link` names one level further down. */
static enum bough_err push(struct bough_tree_cursor *cursor, const struct bough_link *link)
{
    struct node_hold *hold = &cursor->levels[cursor->level_count].hold;
    uint32_t depth = cursor->level_count;

    assert(depth < NODE_LEVELS_MAX);
    BOUGH_TRY(node_hold_get(cursor->store, link, cursor->arena, hold));
    if (depth > 0 && hold->node.level + 1 != cursor->levels[depth - 1].hold.node.level)
        return object_corrupt(cursor->store, link, "a node of the wrong level");
    cursor->level_count++;
    assert(cursor->level_count <= NODE_LEVELS_MAX);
    return BOUGH_OK;
}

/* Goes down to a leaf: at each node to the first item whose key is >= `key`, to the first of all if
 * `key` is empty.  The leaf is left before that item.  BOUGH_NOT_FOUND: all are smaller.
 */
static enum bough_err descend(struct bough_tree_cursor *cursor, struct bough_bytes key)
{
    for (;;) {
        struct node_hold *hold = &cursor->levels[cursor->level_count - 1].hold;
        struct node_item item;
        struct bough_link child;

        hold->at = node_page_search(&hold->node, key);
        if (hold->at == hold->node.item_count)
            return BOUGH_NOT_FOUND;
        if (hold->node.level == 0)
            return BOUGH_OK;
        node_item(&hold->node, hold->at++, &item);
        child = node_child(&item);
        BOUGH_TRY(push(cursor, &child));
    }
}

void tree_cursor_end(struct bough_tree_cursor *cursor)
{
    cursor->level_count = 0;
    cursor->at_end = true;
}

enum bough_err bough_tree_cursor_seek(struct bough_tree_cursor *cursor, struct bough_bytes key)
{
    enum bough_err err;

    cursor->level_count = 0;
    cursor->at_end = false;
    if (bough_hash_is_none(&cursor->tree.root.name))
        return BOUGH_OK;
    BOUGH_TRY(push(cursor, &cursor->tree.root));
    err = descend(cursor, key);
    if (err != BOUGH_NOT_FOUND)
        return err;
    tree_cursor_end(cursor);
    return BOUGH_OK;
}

enum bough_err bough_tree_cursor_seek_last(struct bough_tree_cursor *cursor, struct bough_bytes key)
{
    struct node_hold *hold;
    struct node_item item;

    BOUGH_TRY(bough_tree_cursor_seek(cursor, key));
    if (cursor->level_count == 0)
        return BOUGH_OK;
    hold = &cursor->levels[cursor->level_count - 1].hold;
    assert(hold->node.level == 0 && hold->at < hold->node.item_count);
    node_item(&hold->node, hold->at, &item);
    if (bough_bytes_equal(node_key(&item), key))
        hold->at++;
    return BOUGH_OK;
}

enum bough_err bough_tree_cursor_next(struct bough_tree_cursor *cursor, struct bough_entry *entry)
{
    assert(cursor->levels != NULL);
    if (cursor->at_end || bough_hash_is_none(&cursor->tree.root.name))
        return BOUGH_NOT_FOUND;
    if (cursor->level_count == 0)
        BOUGH_TRY(bough_tree_cursor_seek(cursor, (struct bough_bytes){0}));
    while (cursor->level_count > 0) {
        struct node_hold *hold = &cursor->levels[cursor->level_count - 1].hold;
        struct node_item item;

        if (hold->at == hold->node.item_count) {
            cursor->level_count--;
            continue;
        }
        node_item(&hold->node, hold->at++, &item);
        if (hold->node.level == 0) {
            node_entry(&item, entry);
            return BOUGH_OK;
        }
        /* From one leaf to the next: whoever reads that far will probably read on. */
        if (hold->node.level == 1)
            node_page_soon(cursor->store, &hold->node, hold->at - 1, hold->at == 1);
        struct bough_link child = node_child(&item);

        BOUGH_TRY(push(cursor, &child));
    }
    tree_cursor_end(cursor);
    return BOUGH_NOT_FOUND;
}

/* Opens the child and stands behind its last item. */
static enum bough_err push_behind(struct bough_tree_cursor *cursor, const struct bough_link *child)
{
    struct node_hold *hold = &cursor->levels[cursor->level_count].hold;

    BOUGH_TRY(push(cursor, child));
    hold->at = hold->node.item_count;
    return BOUGH_OK;
}

enum bough_err bough_tree_cursor_prev(struct bough_tree_cursor *cursor, struct bough_entry *entry)
{
    assert(cursor->levels != NULL);
    if (bough_hash_is_none(&cursor->tree.root.name) ||
        (cursor->level_count == 0 && !cursor->at_end))
        return BOUGH_NOT_FOUND;
    if (cursor->level_count == 0)
        BOUGH_TRY(push_behind(cursor, &cursor->tree.root));
    cursor->at_end = false;
    while (cursor->level_count > 0) {
        struct node_hold *hold = &cursor->levels[cursor->level_count - 1].hold;
        struct node_item item;
        struct bough_link child;

        if (hold->at == 0) {
            cursor->level_count--;
            if (cursor->level_count > 0) /* the gap is now before the node that was left */
                cursor->levels[cursor->level_count - 1].hold.at--;
            continue;
        }
        node_item(&hold->node, hold->at - 1, &item);
        if (hold->node.level == 0) {
            hold->at--;
            node_entry(&item, entry);
            return BOUGH_OK;
        }
        child = node_child(&item);
        BOUGH_TRY(push_behind(cursor, &child));
    }
    return BOUGH_NOT_FOUND;
}
