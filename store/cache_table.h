/* SPDX-License-Identifier: ISC
 *
 * cache_table.h - what is in the cache by address.
 */
#ifndef CACHE_TABLE_H
#define CACHE_TABLE_H

#include "bough/err.h"
#include "bough/port/heap.h"
#include <stdint.h>

struct cache_entry;

/* The address stands beside the entry, so that a search looks only at the entry it finds. */
struct cache_place {
    uint64_t address;
    struct cache_entry *entry; /* NULL = free */
};

struct cache_table {
    struct bough_heap *heap;
    struct cache_place *places;
    size_t place_count; /* a power of two */
    size_t used_count;
};

/* A small table.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err cache_table_init(struct cache_table *table,
                                                 struct bough_heap *heap);

/* Gives the table back; the entries are the caller's. */
void cache_table_release(struct cache_table *table);

/* Bytes it takes of the heap. */
static inline size_t cache_table_bytes(const struct cache_table *table)
{
    return table->place_count * sizeof(struct cache_place);
}

/* Makes room for one more entry; doubles the table when it is half full.  BOUGH_NO_MEMORY: there is
 * none, and all is as it was. */
BOUGH_MUST_CHECK enum bough_err cache_table_grow(struct cache_table *table);

/* Adds an entry, for which cache_table_grow has made room; several may have one address. */
void cache_table_add(struct cache_table *table, uint64_t address, struct cache_entry *entry);

/* Takes an entry out that is there. */
void cache_table_remove(struct cache_table *table, uint64_t address,
                        const struct cache_entry *entry);

/* Where the entries of an address begin.  Addresses are not chosen by clients, so any mixing will
 * do. */
static inline size_t cache_table_home(const struct cache_table *table, uint64_t address)
{
    uint64_t mixed = address * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio (Knuth 6.4) */

    return (size_t)(mixed >> 32) & (table->place_count - 1);
}

/* The next entry of an address from place *at on, NULL when there is no further one; *at is then
 * behind it.  Begin at home. */
static inline struct cache_entry *cache_table_next(const struct cache_table *table,
                                                   uint64_t address, size_t *at)
{
    size_t mask = table->place_count - 1;

    while (table->places[*at].entry != NULL) {
        const struct cache_place *place = &table->places[*at];

        *at = (*at + 1) & mask;
        if (place->address == address)
            return place->entry;
    }
    return NULL;
}

#endif
