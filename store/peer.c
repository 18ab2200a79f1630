/* SPDX-License-Identifier: ISC
 *
 * peer.c - the store's objects as they are, for another store that repairs itself from this one.
 *
 * Owns nothing.  Objects are read past the cache: whoever repairs asks for each of them once.
 */
#include "bough/peer.h"
#include "object.h"
#include "object_links.h"

void bough_peer_root(const struct bough_store *store, struct bough_root *root)
{
    bough_backend_root_get(store->backend, root);
}

enum bough_err bough_peer_object(struct bough_store *store, const struct bough_link *link,
                                 struct bough_arena *arena, struct bough_object *object,
                                 const struct bough_hash **names)
{
    struct object_links_item *items = NULL;
    struct bough_hash *list;
    uint32_t count;

    BOUGH_TRY(object_read(store, link, arena, object));
    BOUGH_TRY(object_links(object->kind, object->bytes, arena, &items, &count));
    if (count != object->address_count)
        return object_corrupt(store, link, "its links make no sense");
    list = bough_arena_zeros(arena, count, sizeof(*list));
    if (list == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        list[i] = items[i].name;
    *names = list;
    return BOUGH_OK;
}
