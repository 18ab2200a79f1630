/* SPDX-License-Identifier: ISC
 *
 * journal_map_run.h - one sorted run of a map, for journal_map*.c.
 */
#ifndef JOURNAL_MAP_RUN_H
#define JOURNAL_MAP_RUN_H

#include "journal_map.h"

/* Gives its memory back; the run is then empty. */
void journal_map_run_release(struct journal_map_run *run, struct bough_heap *heap);

/* Remembers one more part.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_run_add(struct journal_map_run *run,
                                                    struct bough_heap *heap,
                                                    const struct journal_map_part *part);

/* The first part whose first key is >= `key`; part_count when there is none. */
uint32_t journal_map_run_search(const struct journal_map_run *run, uint64_t key);

/* Writes `count` > 0 sorted entries as the next part, keeping `reserve` segments free.  BOUGH_FULL,
 * BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_map_run_write(struct journal *journal,
                                                      struct journal_map_run *run,
                                                      const struct journal_index_entry *entries,
                                                      uint32_t count, unsigned reserve);

#endif
