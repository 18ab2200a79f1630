/* SPDX-License-Identifier: ISC
 *
 * node_put.c - nodes are put together, named, staged and kept in the cache.
 *
 * Most nodes that an edit writes have the shape of one that is there: a leaf with a new value of
 * the same length, an inner node whose child was renamed.  Those are patched copies; only where
 * items come, go or change their length is a node laid out anew.
 */
#include "node_put.h"

/* A node being put together. */
struct assembly {
    uint8_t *bytes;
    size_t len;
    uint64_t *addresses;
    uint32_t address_count;
    struct cache_item *items; /* count + 1 */
};

/* Takes what the items need together. */
static enum bough_err begin_node(struct assembly *node, const struct node_item *items, size_t count,
                                 struct bough_arena *arena)
{
    size_t len = 1;
    size_t address_count = 0;

    for (size_t i = 0; i < count; i++) {
        len += items[i].len;
        address_count += items[i].address_count;
    }
    assert(len <= UINT32_MAX);
    *node = (struct assembly){
        .bytes = bough_arena_take(arena, len),
        .addresses = bough_arena_take(arena, address_count * sizeof(uint64_t)),
        .items = bough_arena_take(arena, (count + 1) * sizeof(struct cache_item)),
    };
    return node->bytes == NULL || node->addresses == NULL || node->items == NULL ? BOUGH_NO_MEMORY
                                                                                 : BOUGH_OK;
}

static void fill_node(struct assembly *node, uint8_t level, const struct node_item *items,
                      size_t count)
{
    node->bytes[node->len++] = level;
    for (size_t i = 0; i < count; i++) {
        node->items[i] =
            (struct cache_item){.at = (uint32_t)node->len, .address_at = node->address_count};
        memcpy(node->bytes + node->len, items[i].at, items[i].len);
        node->len += items[i].len;
        for (uint32_t k = 0; k < items[i].address_count; k++)
            node->addresses[node->address_count++] = items[i].addresses[k];
    }
    node->items[count] =
        (struct cache_item){.at = (uint32_t)node->len, .address_at = node->address_count};
    node_heads(node->bytes, node->items, (uint32_t)count);
}

/* Names and stages a node that was put together, and keeps it in the cache, if that has room. */
static enum bough_err stage(struct bough_store *store, const struct assembly *node,
                            const struct cache_item *items, uint32_t item_count,
                            struct bough_link *link)
{
    struct bough_object object = {.kind = BOUGH_KIND_NODE,
                                  .bytes = bough_bytes_of(node->bytes, node->len),
                                  .addresses = node->addresses,
                                  .address_count = node->address_count};
    const struct cache_object *pinned;

    BOUGH_TRY(object_put(store, BOUGH_KIND_NODE, object.bytes, node->addresses, node->address_count,
                         link));
    if (cache_add(store->cache, link, &object, items, item_count, &pinned) == BOUGH_OK)
        cache_unpin(store->cache, pinned);
    return BOUGH_OK;
}

enum bough_err node_put(struct bough_store *store, uint8_t level, const struct node_item *items,
                        size_t count, struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct assembly node;
    enum bough_err err;

    assert(count > 0 && level < NODE_LEVELS_MAX);
    err = begin_node(&node, items, count, arena);
    if (err == BOUGH_OK) {
        fill_node(&node, level, items, count);
        err = stage(store, &node, node.items, (uint32_t)count, link);
    }
    bough_arena_back(arena, mark);
    return err;
}

/* Lays an item over the one whose place it takes. */
static void patch_item(struct assembly *node, const struct cache_object *page,
                       const struct node_put_patch *patch)
{
    const struct cache_item *place = &page->items[patch->at];
    const struct node_item *item = patch->item;

    assert(patch->at < page->item_count && place[1].at - place->at == item->len);
    assert(place[1].address_at - place->address_at == item->address_count);
    memcpy(node->bytes + place->at, item->at, item->len);
    for (uint32_t k = 0; k < item->address_count; k++)
        node->addresses[place->address_at + k] = item->addresses[k];
}

enum bough_err node_put_patched(struct bough_store *store, const struct cache_object *page,
                                const struct node_put_patch *patches, size_t count,
                                struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    size_t addresses_len = page->address_count * sizeof(uint64_t);
    struct assembly node = {
        .bytes = bough_arena_take(arena, page->bytes.len),
        .len = page->bytes.len,
        .addresses = bough_arena_take(arena, addresses_len),
        .address_count = page->address_count,
    };
    enum bough_err err = BOUGH_NO_MEMORY;

    if (node.bytes == NULL || node.addresses == NULL)
        goto out;
    memcpy(node.bytes, page->bytes.at, node.len);
    memcpy(node.addresses, page->addresses, addresses_len);
    for (size_t i = 0; i < count; i++)
        patch_item(&node, page, &patches[i]);
    err = stage(store, &node, page->items, page->item_count, link);
out:
    bough_arena_back(arena, mark);
    return err;
}
