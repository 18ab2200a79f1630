/* SPDX-License-Identifier: ISC
 *
 * tree_spot.c - a place in one level of a stored tree: a node, and the way down to it.
 *
 *   (1) up[0] is the root (if depth > 0); up[i].page's item `at` leads to up[i + 1].page, the last
 *       one to `page`; levels fall by one at each step.
 * Pages stay pinned until the whole work is done, so places and items may be kept and compared.
 */
#include "tree_spot.h"

struct tree_spot_pin {
    struct tree_spot_pin *older;
    const struct cache_object *page;
};

void tree_spot_copy(struct tree_spot *into, const struct tree_spot *spot)
{
    memcpy(into, spot, offsetof(struct tree_spot, up) + spot->depth * sizeof(*spot->up));
}

enum bough_err tree_spot_pin(struct tree_spot_pins *pins, const struct bough_link *link,
                             const struct cache_object **page)
{
    struct tree_spot_pin *pin = bough_arena_take(pins->arena, sizeof(*pin));

    if (pin == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(node_page_pin(pins->store, link, page));
    *pin = (struct tree_spot_pin){.older = pins->newest, .page = *page};
    pins->newest = pin;
    return BOUGH_OK;
}

void tree_spot_release(struct tree_spot_pins *pins)
{
    for (; pins->newest != NULL; pins->newest = pins->newest->older)
        node_page_unpin(pins->store, pins->newest->page);
}

struct bough_bytes tree_spot_last_key(const struct cache_object *page)
{
    return node_key_at(page, page->item_count - 1);
}

/* Goes down from an inner page through its item `at`. */
static enum bough_err step_down(struct tree_spot *spot, const struct cache_object *page,
                                uint32_t at)
{
    struct node_item item;
    struct bough_link child;

    assert(spot->depth < NODE_LEVELS_MAX && at < page->item_count);
    node_item(page, at, &item);
    child = node_child(&item);
    spot->up[spot->depth++] = (struct tree_spot_step){.page = page, .at = at};
    BOUGH_TRY(tree_spot_pin(spot->pins, &child, &spot->page));
    /* Checked, so that a malformed tree cannot make us walk in circles. */
    if (spot->page->level + 1 != page->level)
        return object_corrupt(spot->pins->store, &child, "a node of the wrong level");
    return BOUGH_OK;
}

/* Down to the node for `key`. */
static enum bough_err descend_to(struct tree_spot *spot, struct bough_bytes key)
{
    while (spot->page->level > spot->level) {
        uint32_t at = node_page_search(spot->page, key);

        if (at == spot->page->item_count)
            at--;
        BOUGH_TRY(step_down(spot, spot->page, at));
    }
    return BOUGH_OK;
}

/* Down one edge, the last items or the first. */
static enum bough_err descend_edge(struct tree_spot *spot, bool last)
{
    while (spot->page->level > spot->level)
        BOUGH_TRY(step_down(spot, spot->page, last ? spot->page->item_count - 1 : 0));
    return BOUGH_OK;
}

enum bough_err tree_spot_open(struct tree_spot *spot, struct tree_spot_pins *pins,
                              const struct cache_object *root, uint8_t level,
                              struct bough_bytes key)
{
    assert(root->level >= level);
    spot->pins = pins;
    spot->level = level;
    spot->depth = 0;
    spot->page = root;
    return descend_to(spot, key);
}

enum bough_err tree_spot_forward(struct tree_spot *spot, struct bough_bytes key)
{
    while (spot->depth > 0 && bough_bytes_compare(key, tree_spot_last_key(spot->page)) > 0)
        spot->page = spot->up[--spot->depth].page;
    return descend_to(spot, key);
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
        if (spot->up[i].at + 1 < spot->up[i].page->item_count)
            return false;
    }
    return true;
}

enum bough_err tree_spot_prev(struct tree_spot *spot)
{
    const struct tree_spot_step *parent;

    assert(!tree_spot_is_first(spot));
    while (spot->up[spot->depth - 1].at == 0)
        spot->depth--;
    parent = &spot->up[--spot->depth];
    BOUGH_TRY(step_down(spot, parent->page, parent->at - 1));
    return descend_edge(spot, true);
}

enum bough_err tree_spot_next(struct tree_spot *spot)
{
    const struct tree_spot_step *parent;

    assert(!tree_spot_is_last(spot));
    while (spot->up[spot->depth - 1].at + 1 == spot->up[spot->depth - 1].page->item_count)
        spot->depth--;
    parent = &spot->up[--spot->depth];
    BOUGH_TRY(step_down(spot, parent->page, parent->at + 1));
    return descend_edge(spot, false);
}

bool tree_spot_item(const struct tree_spot *spot, struct node_item *item)
{
    const struct tree_spot_step *parent;

    if (spot->depth == 0)
        return false;
    parent = &spot->up[spot->depth - 1];
    node_item(parent->page, parent->at, item);
    return true;
}

bool tree_spot_item_before(const struct tree_spot *spot, struct node_item *item)
{
    const struct tree_spot_step *parent;

    assert(!tree_spot_is_first(spot));
    parent = &spot->up[spot->depth - 1];
    if (parent->at == 0)
        return false;
    node_item(parent->page, parent->at - 1, item);
    return true;
}
