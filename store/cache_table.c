/* SPDX-License-Identifier: ISC
 *
 * cache_table.c - what is in the cache by address: arrays, searched place by place.
 *
 *   (1) An entry stands at or behind its address's home, with no free place between.
 *   (2) At most half of a part's places are taken, so a search ends, and soon.
 * It grows with what it holds, so that the table of a small store stays in the processor's caches;
 * and part by part, so that nobody waits for all of a large one.
 */
#include "cache_table.h"
#include <string.h>

#define PLACES_FIRST 4u /* of a part */

static struct cache_part *part_of(struct cache_table *table, uint64_t address)
{
    return &table->parts[cache_table_mix(address) >> (64 - CACHE_TABLE_PARTS_LOG)];
}

/* So many free places; NULL when there is no memory. */
static struct cache_place *take_places(struct cache_table *table, size_t count)
{
    struct cache_place *places = bough_heap_take(table->heap, count * sizeof(*places));

    if (places == NULL)
        return NULL;
    memset(places, 0, count * sizeof(*places));
    table->place_count += count;
    return places;
}

/* Whether a part has places of its own. */
static bool has_grown(const struct cache_part *part)
{
    return part->place_count > PLACES_FIRST;
}

enum bough_err cache_table_init(struct cache_table *table, struct bough_heap *heap)
{
    *table = (struct cache_table){.heap = heap};
    table->first = take_places(table, CACHE_TABLE_PARTS * PLACES_FIRST);
    if (table->first == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < CACHE_TABLE_PARTS; i++)
        table->parts[i] = (struct cache_part){.places = table->first + i * PLACES_FIRST,
                                              .place_count = PLACES_FIRST};
    return BOUGH_OK;
}

/* Gives back the places that are a part's own. */
static void release_part(struct cache_table *table, const struct cache_part *part)
{
    if (!has_grown(part))
        return;
    table->place_count -= part->place_count;
    bough_heap_give(table->heap, part->places, part->place_count * sizeof(*part->places));
}

void cache_table_release(struct cache_table *table)
{
    for (size_t i = 0; i < CACHE_TABLE_PARTS; i++)
        release_part(table, &table->parts[i]);
    assert(table->place_count == CACHE_TABLE_PARTS * PLACES_FIRST);
    bough_heap_give(table->heap, table->first, cache_table_bytes(table));
    *table = (struct cache_table){0};
}

void cache_table_add(struct cache_table *table, uint64_t address, struct cache_entry *entry)
{
    struct cache_part *part = part_of(table, address);
    size_t at = cache_table_search(table, address).at;

    assert(2 * part->used_count < part->place_count);
    while (part->places[at].entry != NULL)
        at = (at + 1) & (part->place_count - 1);
    part->places[at] = (struct cache_place){.address = address, .entry = entry};
    part->used_count++;
    table->used_count++;
}

enum bough_err cache_table_grow(struct cache_table *table, uint64_t address)
{
    struct cache_part *part = part_of(table, address);
    struct cache_part old = *part;
    struct cache_place *places;

    if (2 * (part->used_count + 1) <= part->place_count)
        return BOUGH_OK;
    places = take_places(table, 2 * old.place_count);
    if (places == NULL)
        return BOUGH_NO_MEMORY;
    *part = (struct cache_part){.places = places, .place_count = 2 * old.place_count};
    table->used_count -= old.used_count;
    for (size_t i = 0; i < old.place_count; i++) {
        if (old.places[i].entry != NULL)
            cache_table_add(table, old.places[i].address, old.places[i].entry);
    }
    assert(part->used_count == old.used_count);
    release_part(table, &old);
    return BOUGH_OK;
}

void cache_table_remove(struct cache_table *table, uint64_t address,
                        const struct cache_entry *entry)
{
    struct cache_part *part = part_of(table, address);
    size_t mask = part->place_count - 1;
    size_t at = cache_table_search(table, address).at;

    while (part->places[at].entry != entry) {
        assert(part->places[at].entry != NULL);
        at = (at + 1) & mask;
    }
    /* What stands behind moves up into the gap, unless its home lies behind the gap. */
    for (size_t next = (at + 1) & mask; part->places[next].entry != NULL;
         next = (next + 1) & mask) {
        size_t home = cache_table_search(table, part->places[next].address).at;

        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        part->places[at] = part->places[next];
        at = next;
    }
    part->places[at] = (struct cache_place){0};
    part->used_count--;
    table->used_count--;
}
