/* SPDX-License-Identifier: ISC
 *
 * journal_map_merge.c - several runs of a map become one, a few pages at a time.
 *
 *   (1) Runs that are being merged stay as they are, and are what is searched, until the last entry
 *       is written; only then the new run takes their place.
 *   (2) The cursors (part, entry) point to the entries that come next; parts of a run may be moved
 *       meanwhile, their numbers stay.
 */
#include "journal_map_run.h"
#include "journal_page.h"

/* Runs are merged once there are as many, and only then: few are quick to search. */
#define RUNS_MANY 4u

void journal_map_merge_drop(struct journal_map *map)
{
    struct journal_map_merge *merge = &map->merge;

    journal_map_run_release(&merge->out, map->heap);
    if (merge->held != NULL)
        bough_heap_give(map->heap, merge->held, JOURNAL_MAP_PART_ENTRIES * sizeof(*merge->held));
    *merge = (struct journal_map_merge){0};
}

enum bough_err journal_map_merge_begin(struct journal_map *map, uint32_t first)
{
    struct journal_map_merge *merge = &map->merge;

    assert(first < map->run_count);
    journal_map_merge_drop(map);
    merge->held = bough_heap_take(map->heap, JOURNAL_MAP_PART_ENTRIES * sizeof(*merge->held));
    if (merge->held == NULL)
        return BOUGH_NO_MEMORY;
    merge->first = first;
    merge->count = map->run_count - first;
    return BOUGH_OK;
}

uint32_t journal_map_merge_due(const struct journal_map *map)
{
    uint32_t due = map->run_count;
    uint64_t newer = 0;

    if (map->run_count < RUNS_MANY || map->merge.count > 0)
        return map->run_count;
    for (uint32_t i = map->run_count; i-- > 0;) {
        if (2 * newer >= map->runs[i].part_count)
            due = i;
        newer += map->runs[i].part_count;
    }
    return due;
}

/* The entry that a cursor points to; false when its run has no more. */
static enum bough_err entry_at(struct journal *journal, const struct journal_map *map,
                               uint32_t cursor, struct journal_index_entry *entry, bool *more)
{
    const struct journal_map_merge *merge = &map->merge;
    const struct journal_map_run *run = &map->runs[merge->first + cursor];
    const struct journal_page *page;

    *more = merge->part[cursor] < run->part_count;
    if (!*more)
        return BOUGH_OK;
    BOUGH_TRY(journal_page_get(journal, run->parts[merge->part[cursor]].address, &page));
    assert(merge->entry[cursor] < page->count);
    *entry = page->entries[merge->entry[cursor]];
    return BOUGH_OK;
}

/* Moves a cursor on. */
static enum bough_err advance(struct journal *journal, struct journal_map *map, uint32_t cursor)
{
    struct journal_map_merge *merge = &map->merge;
    const struct journal_map_run *run = &map->runs[merge->first + cursor];
    const struct journal_page *page;

    BOUGH_TRY(journal_page_get(journal, run->parts[merge->part[cursor]].address, &page));
    if (++merge->entry[cursor] == page->count) {
        merge->part[cursor]++;
        merge->entry[cursor] = 0;
    }
    return BOUGH_OK;
}

/* The least key of all cursors, at the newest run that has it; false when all have ended.  Where a
 * key has one address, the cursors of older runs pass over it. */
static enum bough_err next_entry(struct journal *journal, struct journal_map *map,
                                 struct journal_index_entry *least, bool *found)
{
    uint32_t from = 0;

    *found = false;
    for (uint32_t i = map->merge.count; i-- > 0;) {
        struct journal_index_entry entry;
        bool more;

        BOUGH_TRY(entry_at(journal, map, i, &entry, &more));
        if (more && *found && map->replaces && entry.key == least->key) {
            BOUGH_TRY(advance(journal, map, i));
            continue;
        }
        if (more && (!*found || entry.key < least->key)) {
            *least = entry;
            from = i;
            *found = true;
        }
    }
    return *found ? advance(journal, map, from) : BOUGH_OK;
}

/* Writes the entries that are held as the next part. */
static enum bough_err write_held(struct journal *journal, struct journal_map *map, unsigned reserve)
{
    struct journal_map_merge *merge = &map->merge;

    if (merge->held_count == 0)
        return BOUGH_OK;
    BOUGH_TRY(journal_map_run_write(journal, &merge->out, merge->held, merge->held_count, reserve));
    merge->held_count = 0;
    return BOUGH_OK;
}

/* Puts the new run in the place of those it was made of. */
static void finish(struct journal_map *map)
{
    struct journal_map_merge *merge = &map->merge;
    uint32_t behind = merge->first + merge->count;
    uint32_t kept = merge->first;

    for (uint32_t i = merge->first; i < behind; i++)
        journal_map_run_release(&map->runs[i], map->heap);
    if (merge->out.part_count > 0)
        map->runs[kept++] = merge->out;
    for (uint32_t i = behind; i < map->run_count; i++)
        map->runs[kept++] = map->runs[i];
    assert(kept <= map->run_count);
    map->run_count = kept;
    merge->out = (struct journal_map_run){0};
    journal_map_merge_drop(map);
}

/* Takes the next entry into those that are held; *found is false when there is none. */
static enum bough_err take_entry(struct journal *journal, struct journal_map *map,
                                 journal_map_settle *settle, bool *found)
{
    struct journal_map_merge *merge = &map->merge;
    struct journal_index_entry entry;
    bool keep;

    BOUGH_TRY(next_entry(journal, map, &entry, found));
    if (!*found)
        return BOUGH_OK;
    BOUGH_TRY(settle(journal, &entry, &keep));
    assert(merge->held_count < JOURNAL_MAP_PART_ENTRIES);
    if (keep)
        merge->held[merge->held_count++] = entry;
    return BOUGH_OK;
}

enum bough_err journal_map_merge_step(struct journal *journal, struct journal_map *map,
                                      unsigned reserve, uint32_t entries,
                                      journal_map_settle *settle)
{
    struct journal_map_merge *merge = &map->merge;

    assert(merge->count > 0);
    for (; entries > 0; entries--) {
        enum bough_err err;
        bool found;

        if (merge->held_count == JOURNAL_MAP_PART_ENTRIES)
            BOUGH_TRY(write_held(journal, map, reserve));
        err = take_entry(journal, map, settle, &found);
        if (err != BOUGH_OK) { /* the entry that failed must not be left out */
            journal_map_merge_drop(map);
            return err;
        }
        if (!found) {
            BOUGH_TRY(write_held(journal, map, reserve));
            finish(map);
            return BOUGH_OK;
        }
    }
    return BOUGH_OK;
}
