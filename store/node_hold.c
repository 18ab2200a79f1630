/* SPDX-License-Identifier: ISC
 *
 * node_hold.c - a place that holds one node at a time.
 *
 * The arena is rewound after each read, and only the hold's own room stays taken: it grows by
 * doubling, so a walk over any number of nodes takes less than four times the largest.
 */
#include "node_hold.h"

static size_t room_for(const struct node *node)
{
    return node->address_count * sizeof(uint64_t) + node->bytes.len;
}

/* Copies a node into the hold's room, which is large enough. */
static void copy(const struct node *node, struct node_hold *hold)
{
    uint8_t *bytes = (uint8_t *)(hold->room + node->address_count);

    if (node->address_count > 0)
        memcpy(hold->room, node->addresses, node->address_count * sizeof(uint64_t));
    memcpy(bytes, node->bytes.at, node->bytes.len);
    hold->node = *node;
    hold->node.addresses = hold->room;
    hold->node.bytes.at = bytes;
    hold->reader = node_start();
}

enum bough_err node_hold_get(struct bough_store *store, const struct bough_link *link,
                             struct bough_arena *arena, struct node_hold *hold)
{
    for (;;) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        struct node node;
        enum bough_err err = node_get(store, link, arena, &node);
        size_t needed = err == BOUGH_OK ? room_for(&node) : 0;

        if (err == BOUGH_OK && needed <= hold->room_bytes)
            copy(&node, hold);
        bough_arena_back(arena, mark);
        if (err != BOUGH_OK || needed <= hold->room_bytes)
            return err;
        assert(needed > hold->room_bytes);
        needed = needed < 2048 ? 4096 : 2 * needed;
        hold->room = bough_arena_take(arena, needed);
        hold->room_bytes = hold->room == NULL ? 0 : needed;
        if (hold->room == NULL)
            return BOUGH_NO_MEMORY;
    }
}
