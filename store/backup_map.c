/* SPDX-License-Identifier: ISC
 *
 * backup_map.c - where objects are, by name: open addressing, at most three quarters full.
 *
 * Names are whole here, 40 bytes with the address: what is found decides which object a parent will
 * lead to.  (1) count < max, so that a search ends.
 */
#include "backup_map.h"
#include "bough/limits.h"

#define FIRST_MAX 1024u

void backup_map_init(struct backup_map *map, struct bough_heap *heap)
{
    *map = (struct backup_map){.heap = heap};
}

void backup_map_release(struct backup_map *map)
{
    bough_heap_give(map->heap, map->links, map->max * sizeof(*map->links));
    backup_map_init(map, map->heap);
}

/* The place of a name: where it is, or would be. */
static struct bough_link *place_of(struct bough_link *links, size_t max,
                                   const struct bough_hash *name)
{
    size_t at;

    assert(max > 0 && (max & (max - 1)) == 0);
    memcpy(&at, name->at, sizeof(at));
    for (;; at++) {
        struct bough_link *link = &links[at & (max - 1)];

        if (link->address == 0 || bough_hash_equal(&link->name, name))
            return link;
    }
}

static enum bough_err grow(struct backup_map *map)
{
    size_t max = map->max == 0 ? FIRST_MAX : 2 * map->max;
    struct bough_link *links;

    if (max > BOUGH_BACKUP_BYTES_MAX / sizeof(*links))
        return BOUGH_NO_MEMORY;
    links = bough_heap_take(map->heap, max * sizeof(*links));
    if (links == NULL)
        return BOUGH_NO_MEMORY;
    memset(links, 0, max * sizeof(*links));
    for (size_t i = 0; i < map->max; i++)
        if (map->links[i].address != 0)
            *place_of(links, max, &map->links[i].name) = map->links[i];
    bough_heap_give(map->heap, map->links, map->max * sizeof(*links));
    map->links = links;
    map->max = max;
    return BOUGH_OK;
}

enum bough_err backup_map_add(struct backup_map *map, const struct bough_link *link)
{
    struct bough_link *place;

    assert(link->address != 0);
    if (map->count >= map->max / 4 * 3)
        BOUGH_TRY(grow(map));
    place = place_of(map->links, map->max, &link->name);
    if (place->address == 0) {
        *place = *link;
        map->count++;
    }
    return BOUGH_OK;
}

bool backup_map_find(const struct backup_map *map, const struct bough_hash *name, uint64_t *address)
{
    assert(map->count <= map->max);
    if (map->max == 0)
        return false;
    *address = place_of(map->links, map->max, name)->address;
    return *address != 0;
}
