/* SPDX-License-Identifier: ISC
 *
 * tree_warm.c - leaves that will be looked at soon are brought near.
 *
 * The inner nodes of a directory are used so often that they stay in the processor's caches; its
 * leaves do not, and an edit of many keys would wait for the memory of one after the other.  Here
 * it waits for several at once.
 */
#include "tree_warm.h"
#include "node_page.h"

/* The address of the leaf in which `step` would be, 0 if the cache cannot tell. */
static uint64_t leaf_of(struct bough_store *store, const struct tree_warm_step *step)
{
    struct bough_link link = step->tree->root;
    uint8_t above = NODE_LEVELS_MAX;

    while (above > 1) {
        const struct cache_object *page = cache_pin(store->cache, &link);
        struct node_item item;
        uint32_t at;
        bool is_inner;

        if (page == NULL)
            return 0;
        is_inner = page->kind == BOUGH_KIND_NODE && page->level > 0 && page->level < above;
        above = is_inner ? page->level : 0;
        at = is_inner ? node_page_search(page, step->step) : 0;
        is_inner = is_inner && at < page->item_count;
        if (is_inner) {
            node_item(page, at, &item);
            link = node_child(&item);
        }
        cache_unpin(store->cache, page);
        if (!is_inner)
            return 0;
    }
    return link.address;
}

void tree_warm_steps(struct bough_store *store, const struct tree_warm_step *steps, size_t count)
{
    uint64_t addresses[CACHE_WARM_MAX];
    size_t found = 0;

    assert(count <= CACHE_WARM_MAX);
    for (size_t i = 0; i < count; i++) {
        addresses[found] = leaf_of(store, &steps[i]);
        found += addresses[found] != 0 ? 1 : 0;
    }
    cache_warm(store->cache, addresses, found);
}
