/* SPDX-License-Identifier: ISC
 *
 * node_hold.c - a place that holds a copy of one node at a time.
 *
 * The room grows by doubling, so a walk over any number of nodes takes less than four times the
 * largest.
 */
#include "node_hold.h"
#include "node_page.h"

#define ROOM_BYTES_FIRST 4096u

static size_t items_bytes(const struct cache_object *page)
{
    return (page->item_count + (size_t)1) * sizeof(struct cache_item);
}

static size_t room_for(const struct cache_object *page)
{
    return page->address_count * sizeof(uint64_t) + items_bytes(page) + page->bytes.len;
}

/* Makes the hold's room at least as large as the page. */
static enum bough_err make_room(struct node_hold *hold, const struct cache_object *page,
                                struct bough_arena *arena)
{
    size_t needed = room_for(page);

    if (needed <= hold->room_bytes)
        return BOUGH_OK;
    hold->room_bytes = needed < ROOM_BYTES_FIRST ? ROOM_BYTES_FIRST : 2 * needed;
    hold->room = bough_arena_take(arena, hold->room_bytes);
    if (hold->room == NULL)
        hold->room_bytes = 0;
    return hold->room == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Copies a page into the room, which is large enough. */
static void copy(const struct cache_object *page, struct node_hold *hold)
{
    struct cache_item *items = (struct cache_item *)(hold->room + page->address_count);
    uint8_t *bytes = (uint8_t *)items + items_bytes(page);

    if (page->address_count > 0)
        memcpy(hold->room, page->addresses, page->address_count * sizeof(uint64_t));
    memcpy(items, page->items, items_bytes(page));
    memcpy(bytes, page->bytes.at, page->bytes.len);
    hold->node = *page;
    hold->node.addresses = hold->room;
    hold->node.items = items;
    hold->node.bytes.at = bytes;
    hold->at = 0;
}

enum bough_err node_hold_get(struct bough_store *store, const struct bough_link *link,
                             struct bough_arena *arena, struct node_hold *hold)
{
    const struct cache_object *page;
    enum bough_err err;

    BOUGH_TRY(node_page_pin(store, link, &page));
    err = make_room(hold, page, arena);
    if (err == BOUGH_OK)
        copy(page, hold);
    node_page_unpin(store, page);
    return err;
}
