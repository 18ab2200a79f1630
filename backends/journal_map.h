/* SPDX-License-Identifier: ISC
 *
 * journal_map.h - numbers to addresses, more of them than memory holds.
 *
 * A map is some sorted runs on the device and, in memory, the entries that came since the last of
 * them.  A run is written once, in parts of 256 entries, each an INDEX record; of a part only its
 * first key and its address are in memory, 16 bytes.  When the newer runs have grown as
 * large as an older one, they are merged into one, a few pages at a time.
 *
 * The runs are those that the newest checkpoint names.  Names that were added since are found again
 * by recovery, which reads the log from there on; moves need not be (journal_collect.c, rule 2).
 */
#ifndef JOURNAL_MAP_H
#define JOURNAL_MAP_H

#include "bough/arena.h"
#include "decode.h"
#include "encode.h"
#include "journal_index.h"

struct journal;

#define JOURNAL_MAP_PART_ENTRIES   256u
#define JOURNAL_MAP_PART_BYTES_MAX (16u + (JOURNAL_MAP_PART_ENTRIES - 1) * 20u)
#define JOURNAL_MAP_RUNS_MAX       24u
#define JOURNAL_MAP_FRESH_MAX      4096u /* entries in memory before they become a run */

struct journal_map_part {
    uint64_t first_key;
    uint64_t address;
};

struct journal_map_run {
    struct journal_map_part *parts;
    uint32_t part_count;
    uint32_t part_max;
};

/* A merge under way: runs[first], ... runs[first + count - 1] become one. */
struct journal_map_merge {
    uint32_t first;
    uint32_t count; /* 0 = none is under way */
    uint32_t part[JOURNAL_MAP_RUNS_MAX];
    uint32_t entry[JOURNAL_MAP_RUNS_MAX];
    struct journal_map_run out;
    struct journal_index_entry *held; /* of the part that is being put together */
    uint32_t held_count;
};

struct journal_map {
    struct bough_heap *heap;
    bool replaces; /* a key has one address, the newest; else it may have several */
    struct journal_index fresh;
    struct journal_map_run runs[JOURNAL_MAP_RUNS_MAX]; /* the oldest first */
    uint32_t run_count;
    struct journal_map_merge merge;
};

/* Says what becomes of an entry in a merge: its address may be replaced, and *keep is whether it
 * stays. */
typedef enum bough_err journal_map_settle(struct journal *journal,
                                          struct journal_index_entry *entry, bool *keep);

/* An empty map; takes nothing yet. */
void journal_map_init(struct journal_map *map, struct bough_heap *heap, bool replaces);

/* Drops everything and gives its memory back. */
void journal_map_release(struct journal_map *map);

/* Adds an entry.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_add(struct journal_map *map, uint64_t key,
                                                uint64_t address);

/* The address of entry number `nth` of those that have this key, the newest first; 0 when there is
 * none.  Reads a page of each run, unless it is at hand.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.
 */
BOUGH_MUST_CHECK enum bough_err journal_map_find(struct journal *journal, struct journal_map *map,
                                                 uint64_t key, uint32_t nth, uint64_t *address);

/* Makes a run of the entries in memory, keeping `reserve` segments free.  After an error they stay
 * in memory.  BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_flush(struct journal *journal, struct journal_map *map,
                                                  unsigned reserve);

/* Begins to merge the runs from `first` on, dropping a merge under way.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_merge_begin(struct journal_map *map, uint32_t first);

/* Gives up a merge under way: the runs stay as they were. */
void journal_map_merge_drop(struct journal_map *map);

/* Goes on with the merge under way by about `entries` entries.  It is done when map->merge.count is
 * 0.  BOUGH_FULL leaves it where it is; other errors, those of `settle` included, drop it. */
BOUGH_MUST_CHECK enum bough_err journal_map_merge_step(struct journal *journal,
                                                       struct journal_map *map, unsigned reserve,
                                                       uint32_t entries,
                                                       journal_map_settle *settle);

/* The first run of those that should be merged now; run_count when there is no need. */
uint32_t journal_map_merge_due(const struct journal_map *map);

/* Calls `visit` for the address of each part, those of a merge under way included, until one call
 * does not answer BOUGH_OK. */
BOUGH_MUST_CHECK enum bough_err journal_map_each_part(const struct journal_map *map,
                                                      enum bough_err (*visit)(struct journal *,
                                                                              uint64_t address),
                                                      struct journal *journal);

/* Drops the oldest `count` runs, and gives up a merge under way. */
void journal_map_forget(struct journal_map *map, uint32_t count);

/* The place where the address of a part is remembered, whose first key is `key`; NULL when no run
 * has it any more. */
struct journal_map_part *journal_map_part_of(struct journal_map *map, uint64_t key,
                                             uint64_t address);

/* About as many bytes as all its runs would take on the device as one. */
static inline uint64_t journal_map_bytes(const struct journal_map *map)
{
    uint64_t entries = map->fresh.used_count;

    for (uint32_t i = 0; i < map->run_count; i++)
        entries += (uint64_t)map->runs[i].part_count * JOURNAL_MAP_PART_ENTRIES;
    return entries * sizeof(struct journal_index_entry);
}

/* The bytes that journal_map_save writes. */
size_t journal_map_save_bytes(const struct journal_map *map);

/* Writes down where the runs are; nothing may be in memory only. */
void journal_map_save(const struct journal_map *map, struct encode *out);

/* The way back, into an empty map.  BOUGH_CORRUPT, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_load(struct journal_map *map, struct decode *in);

#endif
