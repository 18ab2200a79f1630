/* SPDX-License-Identifier: ISC
 *
 * journal_map.c - numbers to addresses, more of them than memory holds.
 *
 *   (1) Within a run keys ascend, equal ones may follow each other, also across parts.
 *   (2) Of two runs the one with the greater number is newer, and what is in memory is newer still.
 *   (3) first_key of a part is the key of its first entry.
 * How runs are merged is in journal_map_merge.c.
 */
#include "journal_map.h"
#include "journal_map_run.h"
#include "journal_page.h"
#include <stdlib.h>

void journal_map_init(struct journal_map *map, struct bough_heap *heap, bool replaces)
{
    *map = (struct journal_map){.heap = heap, .replaces = replaces};
    journal_index_init(&map->fresh, heap);
}

void journal_map_release(struct journal_map *map)
{
    journal_map_merge_drop(map);
    for (uint32_t i = 0; i < map->run_count; i++)
        journal_map_run_release(&map->runs[i], map->heap);
    map->run_count = 0;
    journal_index_release(&map->fresh);
}

enum bough_err journal_map_add(struct journal_map *map, uint64_t key, uint64_t address)
{
    return journal_index_add(&map->fresh, key, address, map->replaces);
}

/* Entry number *nth of those with this key in a run; 0 when there are fewer, *nth is then less by
 * their number. */
static enum bough_err find_in_run(struct journal *journal, const struct journal_map_run *run,
                                  uint64_t key, uint32_t *nth, uint64_t *address)
{
    uint32_t at = journal_map_run_search(run, key);

    *address = 0;
    if (at > 0)
        at--; /* the part before may end with the same key */
    for (; at < run->part_count && run->parts[at].first_key <= key; at++) {
        const struct journal_page *page;
        uint32_t low = 0;
        uint32_t high;

        BOUGH_TRY(journal_page_get(journal, run->parts[at].address, &page));
        high = page->count;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;

            if (page->entries[middle].key < key)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < page->count && page->entries[low].key == key; low++) {
            if ((*nth)-- == 0) {
                *address = page->entries[low].address;
                return BOUGH_OK;
            }
        }
    }
    return BOUGH_OK;
}

enum bough_err journal_map_find(struct journal *journal, struct journal_map *map, uint64_t key,
                                uint32_t nth, uint64_t *address)
{
    *address = journal_index_find(&map->fresh, key, nth);
    if (*address == 0 && nth > 0)
        nth -= journal_index_count(&map->fresh, key);
    for (uint32_t i = map->run_count; i-- > 0 && *address == 0;)
        BOUGH_TRY(find_in_run(journal, &map->runs[i], key, &nth, address));
    return BOUGH_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const struct journal_index_entry *one = a;
    const struct journal_index_entry *other = b;

    if (one->key != other->key)
        return one->key < other->key ? -1 : 1;
    return (one->address > other->address) - (one->address < other->address);
}

enum bough_err journal_map_flush(struct journal *journal, struct journal_map *map, unsigned reserve)
{
    uint32_t count = (uint32_t)map->fresh.used_count;
    struct journal_map_run run = {0};
    struct journal_index_entry *entries;
    enum bough_err err = BOUGH_OK;
    size_t place = 0;

    if (count == 0)
        return BOUGH_OK;
    if (map->run_count == JOURNAL_MAP_RUNS_MAX)
        return BOUGH_NO_MEMORY; /* merging has fallen behind */
    entries = bough_heap_take(map->heap, count * sizeof(*entries));
    if (entries == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        (void)journal_index_next(&map->fresh, &place, &entries[i]);
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (uint32_t i = 0; i < count && err == BOUGH_OK; i += JOURNAL_MAP_PART_ENTRIES) {
        uint32_t some = count - i < JOURNAL_MAP_PART_ENTRIES ? count - i : JOURNAL_MAP_PART_ENTRIES;

        err = journal_map_run_write(journal, &run, &entries[i], some, reserve);
    }
    bough_heap_give(map->heap, entries, count * sizeof(*entries));
    if (err != BOUGH_OK) {
        journal_map_run_release(&run, map->heap);
        return err;
    }
    assert(run.part_count > 0 && run.part_count == (count - 1) / JOURNAL_MAP_PART_ENTRIES + 1);
    journal_index_release(&map->fresh);
    map->runs[map->run_count++] = run;
    return BOUGH_OK;
}

enum bough_err journal_map_each_part(const struct journal_map *map,
                                     enum bough_err (*visit)(struct journal *, uint64_t address),
                                     struct journal *journal)
{
    for (uint32_t i = 0; i <= map->run_count; i++) {
        const struct journal_map_run *run = i < map->run_count ? &map->runs[i] : &map->merge.out;

        for (uint32_t k = 0; k < run->part_count; k++)
            BOUGH_TRY(visit(journal, run->parts[k].address));
    }
    return BOUGH_OK;
}

void journal_map_forget(struct journal_map *map, uint32_t count)
{
    assert(count <= map->run_count);
    journal_map_merge_drop(map);
    for (uint32_t i = 0; i < count; i++)
        journal_map_run_release(&map->runs[i], map->heap);
    map->run_count -= count;
    memmove(map->runs, map->runs + count, map->run_count * sizeof(map->runs[0]));
}

struct journal_map_part *journal_map_part_of(struct journal_map *map, uint64_t key,
                                             uint64_t address)
{
    for (uint32_t i = 0; i <= map->run_count; i++) {
        struct journal_map_run *run = i < map->run_count ? &map->runs[i] : &map->merge.out;

        for (uint32_t k = journal_map_run_search(run, key);
             k < run->part_count && run->parts[k].first_key == key; k++) {
            if (run->parts[k].address == address)
                return &run->parts[k];
        }
    }
    return NULL;
}

size_t journal_map_save_bytes(const struct journal_map *map)
{
    size_t bytes = 4;

    for (uint32_t i = 0; i < map->run_count; i++)
        bytes += 4 + map->runs[i].part_count * sizeof(struct journal_map_part);
    return bytes;
}

void journal_map_save(const struct journal_map *map, struct encode *out)
{
    assert(map->fresh.used_count == 0);
    encode_u32(out, map->run_count);
    for (uint32_t i = 0; i < map->run_count; i++) {
        const struct journal_map_run *run = &map->runs[i];

        encode_u32(out, run->part_count);
        for (uint32_t k = 0; k < run->part_count; k++) {
            encode_u64(out, run->parts[k].first_key);
            encode_u64(out, run->parts[k].address);
        }
    }
}

enum bough_err journal_map_load(struct journal_map *map, struct decode *in)
{
    uint32_t runs = decode_u32(in);

    assert(map->run_count == 0);
    if (in->bad || runs > JOURNAL_MAP_RUNS_MAX)
        return BOUGH_CORRUPT;
    for (uint32_t i = 0; i < runs; i++) {
        struct journal_map_run *run = &map->runs[map->run_count++];
        uint32_t parts = decode_u32(in);

        *run = (struct journal_map_run){0};
        if (in->bad || parts == 0 || parts > in->left / sizeof(struct journal_map_part))
            return BOUGH_CORRUPT;
        for (uint32_t k = 0; k < parts; k++) {
            struct journal_map_part part = {.first_key = decode_u64(in)};

            part.address = decode_u64(in);
            if (part.address == 0 || (k > 0 && part.first_key < run->parts[k - 1].first_key))
                return BOUGH_CORRUPT;
            BOUGH_TRY(journal_map_run_add(run, map->heap, &part));
        }
    }
    return BOUGH_OK;
}
