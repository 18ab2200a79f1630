/* SPDX-License-Identifier: ISC
 *
 * node_put.c - nodes are put together; then named, staged and kept in the cache.
 *
 * Most nodes that an edit writes have the shape of one that is there: a leaf with a new value of
 * the same length, an inner node whose child was renamed.  Those are patched copies; only where
 * items come, go or change their length is a node laid out anew.  Naming is the dearest part, and
 * what makes it cheaper is to do many at once (hash_many.h).
 */
#include "node_put.h"
#include "hash_many.h"
#include "node_delta.h"

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

/* What was put together, as a draft. */
static void draft_of(const struct assembly *node, const struct cache_item *items,
                     uint32_t item_count, struct node_draft *draft)
{
    *draft = (struct node_draft){
        .object = {.kind = BOUGH_KIND_NODE,
                   .bytes = bough_bytes_of(node->bytes, node->len),
                   .addresses = node->addresses,
                   .address_count = node->address_count},
        .items = items,
        .item_count = item_count,
    };
}

enum bough_err node_put_draft(uint8_t level, const struct node_item *items, size_t count,
                              struct bough_arena *arena, struct node_draft *draft)
{
    struct assembly node;

    assert(count > 0 && level < NODE_LEVELS_MAX);
    BOUGH_TRY(begin_node(&node, items, count, arena));
    fill_node(&node, level, items, count);
    draft_of(&node, node.items, (uint32_t)count, draft);
    return BOUGH_OK;
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

enum bough_err node_put_patched(const struct cache_object *page,
                                const struct node_put_patch *patches, size_t count,
                                struct bough_arena *arena, struct node_draft *draft)
{
    size_t addresses_len = page->address_count * sizeof(uint64_t);
    struct assembly node = {
        .bytes = bough_arena_take(arena, page->bytes.len),
        .len = page->bytes.len,
        .addresses = bough_arena_take(arena, addresses_len),
        .address_count = page->address_count,
    };

    if (node.bytes == NULL || node.addresses == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(node.bytes, page->bytes.at, node.len);
    memcpy(node.addresses, page->addresses, addresses_len);
    for (size_t i = 0; i < count; i++)
        patch_item(&node, page, &patches[i]);
    draft_of(&node, page->items, page->item_count, draft);
    return BOUGH_OK;
}

/* The address of the whole node that a page is, or is a difference from. */
static uint64_t whole_of(const struct cache_object *page)
{
    return page->base == 0 ? page->link.address : page->base;
}

/* Brings near what some drafts will be compared with. */
static void warm_whole(const struct bough_store *store, const struct node_draft *drafts,
                       size_t count)
{
    uint64_t addresses[CACHE_WARM_MAX];
    size_t found = 0;

    assert(count <= CACHE_WARM_MAX);
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].was != NULL && drafts[i].was->base != 0)
            addresses[found++] = drafts[i].was->base;
    }
    cache_warm(store->cache, addresses, found);
}

/* Makes the draft's difference from the whole node that the one before it is, or was made of. */
static enum bough_err find_difference(struct bough_store *store, struct node_draft *draft,
                                      struct bough_arena *arena)
{
    const struct cache_object *base = draft->was;
    enum bough_err err;

    if (base == NULL || !store->backend->keeps_differences)
        return BOUGH_OK;
    base = cache_pin_at(store->cache, whole_of(base));
    if (base == NULL)
        return BOUGH_OK; /* to read it would cost more than to write the draft whole */
    err = BOUGH_OK;
    if (base->kind == BOUGH_KIND_NODE && base->level == draft->object.bytes.at[0] &&
        base->base == 0) {
        err = node_delta_make(base, draft, arena, &draft->object.patch);
        draft->object.base = draft->object.patch.len > 0 ? base->link.address : 0;
        if (draft->object.base == 0)
            cache_retire(base); /* from now on the draft is what others are differences from */
    }
    cache_unpin(store->cache, base);
    return err;
}

/* Stages a draft that has its name. */
static enum bough_err stage(struct bough_store *store, struct node_draft *draft,
                            struct bough_arena *arena)
{
    struct bough_place place;

    if (draft->was != NULL)
        draft->object.before = draft->was->link.address;
    BOUGH_TRY(find_difference(store, draft, arena));
    BOUGH_TRY(bough_backend_put(store->backend, &draft->link.name, &draft->object, &place));
    draft->link.address = place.address;
    draft->object.base = place.base;
    draft->object.settled = place.settled;
    draft->object.settled_count = place.settled_count;
    return BOUGH_OK;
}

/* Keeps staged drafts in the cache, if that has room. */
static void keep_all(struct bough_store *store, const struct node_draft *drafts, size_t count)
{
    uint64_t addresses[CACHE_WARM_MAX];

    assert(count <= CACHE_WARM_MAX);
    for (size_t i = 0; i < count; i++)
        addresses[i] = drafts[i].link.address;
    cache_warm(store->cache, addresses, count); /* the places where they will be */
    for (size_t i = 0; i < count; i++) {
        const struct node_draft *draft = &drafts[i];
        const struct cache_object *pinned;

        if (cache_add(store->cache, &draft->link, &draft->object, draft->items, draft->item_count,
                      &pinned) == BOUGH_OK)
            cache_unpin(store->cache, pinned);
    }
}

/* Stages and keeps up to CACHE_WARM_MAX drafts, which wait together for what they need. */
static enum bough_err stage_some(struct bough_store *store, struct node_draft *drafts, size_t count,
                                 struct bough_arena *arena)
{
    warm_whole(store, drafts, count);
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(stage(store, &drafts[i], arena));
    keep_all(store, drafts, count);
    return BOUGH_OK;
}

enum bough_err node_put_all(struct bough_store *store, struct node_draft *drafts, size_t count,
                            struct bough_arena *arena)
{
    struct bough_bytes *messages = bough_arena_take(arena, count * sizeof(*messages));
    struct bough_hash *names = bough_arena_take(arena, count * sizeof(*names));

    if (messages == NULL || names == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        messages[i] = drafts[i].object.bytes;
    hash_many(BOUGH_KIND_NODE, messages, count, names);
    for (size_t i = 0; i < count; i++)
        drafts[i].link.name = names[i];
    for (size_t i = 0; i < count; i += CACHE_WARM_MAX)
        BOUGH_TRY(stage_some(store, drafts + i,
                             count - i < CACHE_WARM_MAX ? count - i : CACHE_WARM_MAX, arena));
    return BOUGH_OK;
}
