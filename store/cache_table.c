/* SPDX-License-Identifier: ISC
 *
 * cache_table.c - what is in the cache by address: one array, searched place by place.
 *
 *   (1) An entry stands at or behind its address's home, with no free place between.
 *   (2) At most half of the places are taken, so a search ends, and soon.
 * It grows with what it holds, so that the table of a small store stays in the processor's caches.
 */
#include "cache_table.h"
#include <string.h>

#define PLACES_FIRST 16u

/* An empty table of `count` places. */
static enum bough_err make(struct cache_table *table, struct bough_heap *heap, size_t count)
{
    *table = (struct cache_table){
        .heap = heap,
        .places = bough_heap_take(heap, count * sizeof(struct cache_place)),
        .place_count = count,
    };
    if (table->places == NULL)
        return BOUGH_NO_MEMORY;
    memset(table->places, 0, count * sizeof(struct cache_place));
    return BOUGH_OK;
}

enum bough_err cache_table_init(struct cache_table *table, struct bough_heap *heap)
{
    return make(table, heap, PLACES_FIRST);
}

void cache_table_release(struct cache_table *table)
{
    bough_heap_give(table->heap, table->places, cache_table_bytes(table));
    table->places = NULL;
}

void cache_table_add(struct cache_table *table, uint64_t address, struct cache_entry *entry)
{
    size_t at = cache_table_home(table, address);

    assert(2 * table->used_count < table->place_count);
    while (table->places[at].entry != NULL)
        at = (at + 1) & (table->place_count - 1);
    table->places[at] = (struct cache_place){.address = address, .entry = entry};
    table->used_count++;
}

enum bough_err cache_table_grow(struct cache_table *table)
{
    struct cache_table larger;

    if (2 * (table->used_count + 1) <= table->place_count)
        return BOUGH_OK;
    BOUGH_TRY(make(&larger, table->heap, 2 * table->place_count));
    for (size_t i = 0; i < table->place_count; i++) {
        if (table->places[i].entry != NULL)
            cache_table_add(&larger, table->places[i].address, table->places[i].entry);
    }
    assert(larger.used_count == table->used_count);
    cache_table_release(table);
    *table = larger;
    return BOUGH_OK;
}

void cache_table_remove(struct cache_table *table, uint64_t address,
                        const struct cache_entry *entry)
{
    size_t mask = table->place_count - 1;
    size_t at = cache_table_home(table, address);

    while (table->places[at].entry != entry) {
        assert(table->places[at].entry != NULL);
        at = (at + 1) & mask;
    }
    /* What stands behind moves up into the gap, unless its home lies behind the gap. */
    for (size_t next = (at + 1) & mask; table->places[next].entry != NULL;
         next = (next + 1) & mask) {
        size_t home = cache_table_home(table, table->places[next].address);

        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        table->places[at] = table->places[next];
        at = next;
    }
    table->places[at] = (struct cache_place){0};
    table->used_count--;
}
