/* SPDX-License-Identifier: ISC
 *
 * journal_index.h - numbers to addresses, in memory: the newest entries of a map, those that are in
 * no run of it yet (journal_map.h).
 */
#ifndef JOURNAL_INDEX_H
#define JOURNAL_INDEX_H

#include "bough/env.h"
#include "bough/err.h"

struct journal_index_entry {
    uint64_t key;
    uint64_t address;
};

/* 16 bytes a place, at a load of at most one half. */
struct journal_index {
    struct bough_heap *heap;
    struct journal_index_entry *places;
    size_t place_count; /* a power of two, or 0 */
    size_t used_count;
};

/* An empty index; takes nothing yet. */
void journal_index_init(struct journal_index *index, struct bough_heap *heap);
/* Drops all entries and gives its memory back. */
void journal_index_release(struct journal_index *index);
/* Adds an entry.  An entry that is there stays as it is, or, with `replace`, one of the same key
 * gets the new address.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_index_add(struct journal_index *index, uint64_t key,
                                                  uint64_t address, bool replace);
/* The address of the entry number `nth` of those that have this key, or 0. */
uint64_t journal_index_find(const struct journal_index *index, uint64_t key, uint32_t nth);
/* How many entries have this key. */
uint32_t journal_index_count(const struct journal_index *index, uint64_t key);
/* The entry at place *at or behind it, which is then moved on; false when there is none. */
bool journal_index_next(const struct journal_index *index, size_t *at,
                        struct journal_index_entry *entry);

#endif
