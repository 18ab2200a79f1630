/* SPDX-License-Identifier: ISC
 *
 * backup_map.h - where objects are, by name, while a dump is loaded.
 */
#ifndef BACKUP_MAP_H
#define BACKUP_MAP_H

#include "bough/port/backend.h"
#include "bough/port/heap.h"

/* Members are private to backup_map.c. */
struct backup_map {
    struct bough_heap *heap;
    struct bough_link *links;
    size_t max;
    size_t count;
};

/* An empty map; takes nothing yet. */
void backup_map_init(struct backup_map *map, struct bough_heap *heap);

/* Gives everything back. */
void backup_map_release(struct backup_map *map);

/* Adds a name, or does nothing if it is there.  BOUGH_NO_MEMORY past BOUGH_BACKUP_BYTES_MAX. */
BOUGH_MUST_CHECK enum bough_err backup_map_add(struct backup_map *map,
                                               const struct bough_link *link);

/* Whether a name is there; its address. */
bool backup_map_find(const struct backup_map *map, const struct bough_hash *name,
                     uint64_t *address);

#endif
