/* SPDX-License-Identifier: ISC
 *
 * cache_table.h - what is in the cache by address.
 */
#ifndef CACHE_TABLE_H
#define CACHE_TABLE_H

#include "bough/err.h"
#include "bough/port/heap.h"
#include <stdbool.h>
#include <stdint.h>

struct cache_entry;

#define CACHE_TABLE_PARTS_LOG 6
#define CACHE_TABLE_PARTS     (1u << CACHE_TABLE_PARTS_LOG)

/* The address stands beside the entry, so that a search looks only at the entry it finds. */
struct cache_place {
    uint64_t address;
    struct cache_entry *entry; /* NULL = free */
};

/* A table of its own for a share of all addresses. */
struct cache_part {
    struct cache_place *places;
    size_t place_count; /* a power of two */
    size_t used_count;
};

struct cache_table {
    struct bough_heap *heap;
    struct cache_place *first; /* the places of parts that have not grown yet */
    size_t place_count;        /* of `first` and of the parts that have grown */
    size_t used_count;
    struct cache_part parts[CACHE_TABLE_PARTS];
};

/* Where a search stands. */
struct cache_search {
    const struct cache_part *part;
    uint64_t address;
    size_t at;
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

/* Makes room for one more entry of this address: its part is doubled when it is half full, a 64th
 * of the table.  BOUGH_NO_MEMORY: there is none, and all is as it was. */
BOUGH_MUST_CHECK enum bough_err cache_table_grow(struct cache_table *table, uint64_t address);

/* Adds an entry, for which cache_table_grow has made room; several may have one address. */
void cache_table_add(struct cache_table *table, uint64_t address, struct cache_entry *entry);

/* Takes an entry out that is there. */
void cache_table_remove(struct cache_table *table, uint64_t address,
                        const struct cache_entry *entry);

/* Addresses are not chosen by clients, so any mixing will do: 2^64 / golden ratio (Knuth 6.4).  The
 * uppermost bits say which part, those behind them where in the part. */
static inline uint64_t cache_table_mix(uint64_t address)
{
    return address * 0x9e3779b97f4a7c15u;
}

/* A search that stands where the entries of an address begin. */
static inline struct cache_search cache_table_search(const struct cache_table *table,
                                                     uint64_t address)
{
    uint64_t mixed = cache_table_mix(address);
    const struct cache_part *part = &table->parts[mixed >> (64 - CACHE_TABLE_PARTS_LOG)];

    return (struct cache_search){
        .part = part, .address = address, .at = (size_t)(mixed >> 24) & (part->place_count - 1)};
}

/* The place where the entries of an address begin, for who wants to have it near. */
static inline const struct cache_place *cache_table_place(const struct cache_table *table,
                                                          uint64_t address)
{
    struct cache_search search = cache_table_search(table, address);

    return &search.part->places[search.at];
}

/* The next entry of the search's address, NULL when there is no further one. */
static inline struct cache_entry *cache_table_next(struct cache_search *search)
{
    size_t mask = search->part->place_count - 1;

    while (search->part->places[search->at].entry != NULL) {
        const struct cache_place *place = &search->part->places[search->at];

        search->at = (search->at + 1) & mask;
        if (place->address == search->address)
            return place->entry;
    }
    return NULL;
}

#endif
