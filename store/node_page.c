/* SPDX-License-Identifier: ISC
 *
 * node_page.c - nodes as they stand in the cache.
 *
 * A node is laid out once, when it comes in; from then on an item is found by bisection and read in
 * place.  What is compared are heads (node.h), which stand side by side; keys only where two heads
 * are equal.
 */
#include "node_page.h"

/* Scratch of reading one node: far more than a node that our rules made. */
#define PAGE_ARENA_BYTES_MAX (16u << 20)

/* Reads, checks and lays out a node that is not in the cache. */
static enum bough_err bring_in(struct bough_store *store, const struct bough_link *link,
                               struct bough_arena *arena, const struct cache_object **page)
{
    struct bough_object object;
    struct cache_item *items;
    uint32_t count;

    BOUGH_TRY(object_read(store, link, arena, &object));
    if (object.kind != BOUGH_KIND_NODE)
        return object_corrupt(store, link, "it is of another kind than needed");
    BOUGH_TRY(node_layout(store, link, &object, arena, &items, &count));
    return cache_add(store->cache, link, &object, items, count, page);
}

enum bough_err node_page_pin(struct bough_store *store, const struct bough_link *link,
                             const struct cache_object **page)
{
    struct bough_arena arena;
    enum bough_err err;

    if (link->address == 0)
        return object_corrupt(store, link, "a node without an address");
    *page = cache_pin(store->cache, link);
    if (*page != NULL && (*page)->kind == BOUGH_KIND_NODE)
        return BOUGH_OK;
    if (*page != NULL) {
        cache_unpin(store->cache, *page);
        return object_corrupt(store, link, "it is of another kind than needed");
    }
    bough_arena_init(&arena, store->env->heap, PAGE_ARENA_BYTES_MAX);
    err = bring_in(store, link, &arena, page);
    bough_arena_release(&arena);
    return err;
}

void node_page_unpin(struct bough_store *store, const struct cache_object *page)
{
    cache_unpin(store->cache, page);
}

void node_page_soon(const struct bough_store *store, const struct cache_object *page,
                    uint32_t first, bool all)
{
    assert(page->level > 0 && first <= page->item_count && page->address_count == page->item_count);
    cache_soon(store->cache, page->addresses + first, page->item_count - first, all);
}

/* The order of a key and item `at`, whose heads are equal. */
static int compare_whole(const struct cache_object *page, uint32_t at, struct bough_bytes key)
{
    return bough_bytes_compare(node_key_at(page, at), key);
}

uint32_t node_page_search(const struct cache_object *page, struct bough_bytes key)
{
    uint32_t low = 0;
    uint32_t high = page->item_count;
    size_t common = (size_t)page->items[high].head;
    struct bough_bytes all = {.at = node_key_at(page, 0).at, .len = common};
    struct bough_bytes start = {.at = key.at, .len = key.len < common ? key.len : common};
    int order = common == 0 ? 0 : bough_bytes_compare(all, start);
    uint64_t head;

    if (order != 0)
        return order > 0 ? 0 : page->item_count;
    head = node_head(key, common);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t own = page->items[middle].head;

        if (own < head || (own == head && compare_whole(page, middle, key) < 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
