/* SPDX-License-Identifier: ISC
 *
 * journal_place.h - where the record of an address is now.
 *
 * An address is good for ever.  As long as the segment in which the record was written is in use,
 * it is there.  When collection gives the segment up, it moves what lives to the log's end, and the
 * map of moves leads from the old address to the new one.
 */
#ifndef JOURNAL_PLACE_H
#define JOURNAL_PLACE_H

#include "journal_state.h"

/* Follows moves until the address is one in a segment in use.  O(1) unless the record was moved,
 * or anything was ever replaced; then a search in the map for each move.  BOUGH_NOT_FOUND
 * (collected, or never written), BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_place_find(struct journal *journal, uint64_t address,
                                                   uint64_t *now);

/* The same, but where the segment is being emptied and the record was copied, the copy. */
BOUGH_MUST_CHECK enum bough_err journal_place_newest(struct journal *journal, uint64_t address,
                                                     uint64_t *now);

/* Where the record of an address was moved, if it was, by one move; else *moved is 0.  Searches two
 * maps.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_place_moved(struct journal *journal, uint64_t address,
                                                    uint64_t *moved);

/* From now on `address`, whose record cannot be read, leads to `by`.  Counts from the next
 * checkpoint on.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_place_replace(struct journal *journal, uint64_t address,
                                                      uint64_t by);

/* For merges of the maps of moves: an entry stays while its object is somewhere, and leads there
 * directly. */
enum bough_err journal_place_settle_move(struct journal *journal, struct journal_index_entry *entry,
                                         bool *keep);

/* For merges of the map of names: an entry stays as long, and while a collection has them to
 * filter, names of garbage go. */
enum bough_err journal_place_settle_name(struct journal *journal, struct journal_index_entry *entry,
                                         bool *keep);

/* Whether the collection under way has found that the object at `now` (journal_place_find) is
 * garbage. */
bool journal_place_is_garbage(const struct journal *journal, uint64_t now);

#endif
