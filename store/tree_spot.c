/* SPDX-License-Identifier: ISC
 *
 * tree_spot.c - a place in one level of a stored tree: a node, and the way down to it.
 *
 *   (1) up[0] is the root (if depth > 0); up[i].page's item `at` leads to up[i + 1].page, the last
 *       one to `page`; levels fall by one at each step.
 * Pages are laid out once and stay in the arena, so going on to a place near by reads little.
 */
#include "tree_spot.h"

/* A page of `expected` level, so that a malformed tree cannot make us walk in circles. */
static enum bough_err page_of_level(struct bough_store *store, const struct bough_link *link,
                                    uint8_t expected, struct bough_arena *arena,
                                    const struct tree_page **page)
{
    struct tree_page *found;

    BOUGH_TRY(tree_spot_page(store, link, arena, &found));
    if (found->node.level != expected)
        return object_corrupt(store, link, "a node of the wrong level");
    *page = found;
    return BOUGH_OK;
}

enum bough_err tree_spot_page(struct bough_store *store, const struct bough_link *link,
                              struct bough_arena *arena, struct tree_page **page)
{
    struct tree_page *new_page = bough_arena_zeros(arena, 1, sizeof(*new_page));
    struct node_reader reader = node_start();
    struct node_item item;
    size_t max = 0;
    enum bough_err err;

    if (new_page == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(node_get(store, link, arena, &new_page->node));
    while ((err = node_next(store, &new_page->node, &reader, &item)) == BOUGH_OK)
        max++;
    if (err != BOUGH_NOT_FOUND)
        return err;
    new_page->items = bough_arena_take(arena, max * sizeof(*new_page->items));
    if (new_page->items == NULL)
        return BOUGH_NO_MEMORY;
    reader = node_start();
    while (new_page->count < max) {
        struct node_item *next = &new_page->items[new_page->count];

        BOUGH_TRY(node_next(store, &new_page->node, &reader, next));
        if (new_page->count > 0 && bough_bytes_compare(next[-1].key, next->key) >= 0)
            return object_corrupt(store, link, "node items out of order");
        new_page->count++;
    }
    assert(new_page->count > 0);
    *page = new_page;
    return BOUGH_OK;
}

/* The first item with a key >= `key`, or the last item. */
static size_t search(const struct tree_page *page, struct bough_bytes key)
{
    size_t low = 0;
    size_t high = page->count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bough_bytes_compare(page->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* From spot->page, of any level not below spot->level, down to the node for `key`; NULL = always
 * the first item, or the last one if `to_last`. */
static enum bough_err descend(struct tree_spot *spot, const struct bough_bytes *key, bool to_last)
{
    while (spot->page->node.level > spot->level) {
        const struct tree_page *page = spot->page;
        size_t at = key != NULL ? search(page, *key) : to_last ? page->count - 1 : 0;
        struct bough_link child = node_child(&page->items[at]);

        assert(spot->depth < NODE_LEVELS_MAX);
        spot->up[spot->depth++] = (struct tree_spot_step){.page = page, .at = at};
        BOUGH_TRY(page_of_level(spot->store, &child, (uint8_t)(page->node.level - 1), spot->arena,
                                &spot->page));
    }
    return BOUGH_OK;
}

enum bough_err tree_spot_open(struct tree_spot *spot, struct bough_store *store,
                              const struct tree_page *root, uint8_t level, struct bough_bytes key,
                              struct bough_arena *arena)
{
    assert(root->node.level >= level);
    spot->store = store;
    spot->arena = arena;
    spot->level = level;
    spot->depth = 0;
    spot->page = root;
    return descend(spot, &key, false);
}

enum bough_err tree_spot_forward(struct tree_spot *spot, struct bough_bytes key)
{
    while (spot->depth > 0) {
        const struct tree_page *page = spot->page;

        if (bough_bytes_compare(key, page->items[page->count - 1].key) <= 0)
            break;
        spot->page = spot->up[--spot->depth].page;
    }
    return descend(spot, &key, false);
}

bool tree_spot_is_first(const struct tree_spot *spot)
{
    for (uint8_t i = 0; i < spot->depth; i++) {
        if (spot->up[i].at > 0)
            return false;
    }
    return true;
}

bool tree_spot_is_last(const struct tree_spot *spot)
{
    for (uint8_t i = 0; i < spot->depth; i++) {
        if (spot->up[i].at + 1 < spot->up[i].page->count)
            return false;
    }
    return true;
}

/* Goes to the item beside up[depth - 1].at and down its near edge. */
static enum bough_err sidestep(struct tree_spot *spot, bool forward)
{
    struct tree_spot_step *parent = &spot->up[spot->depth - 1];
    const struct tree_page *page = parent->page;
    struct bough_link child;

    parent->at = forward ? parent->at + 1 : parent->at - 1;
    assert(parent->at < page->count);
    child = node_child(&page->items[parent->at]);
    BOUGH_TRY(page_of_level(spot->store, &child, (uint8_t)(page->node.level - 1), spot->arena,
                            &spot->page));
    return descend(spot, NULL, !forward);
}

enum bough_err tree_spot_prev(struct tree_spot *spot)
{
    assert(!tree_spot_is_first(spot));
    while (spot->up[spot->depth - 1].at == 0)
        spot->depth--;
    return sidestep(spot, false);
}

enum bough_err tree_spot_next(struct tree_spot *spot)
{
    assert(!tree_spot_is_last(spot));
    while (spot->up[spot->depth - 1].at + 1 == spot->up[spot->depth - 1].page->count)
        spot->depth--;
    return sidestep(spot, true);
}

const struct node_item *tree_spot_item(const struct tree_spot *spot)
{
    if (spot->depth == 0)
        return NULL;
    return &spot->up[spot->depth - 1].page->items[spot->up[spot->depth - 1].at];
}

const struct node_item *tree_spot_item_before(const struct tree_spot *spot)
{
    uint8_t i = spot->depth;

    assert(!tree_spot_is_first(spot));
    /* Where the way down turns off a first item, the node before ends with the same key as the
     * nearest earlier item further up; but only the direct parent's item tells hard from soft, so
     * that case is left to the caller by going there (tree_spot_prev). */
    if (spot->up[i - 1].at == 0)
        return NULL;
    return &spot->up[i - 1].page->items[spot->up[i - 1].at - 1];
}
