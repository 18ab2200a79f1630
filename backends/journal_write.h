/* SPDX-License-Identifier: ISC
 *
 * journal_write.h - groups and records, through the segments.  A write or flush that fails makes
 * the backend read-only.
 */
#ifndef JOURNAL_WRITE_H
#define JOURNAL_WRITE_H

#include "journal_state.h"

/* How many segments are kept free for what is more urgent.  Values go first, then what deletes need
 * (nodes and commits), then the copies of collection, and the last is for the checkpoint that frees
 * others. */
enum journal_write_reserve {
    JOURNAL_WRITE_CHECKPOINT = 0,
    JOURNAL_WRITE_COPY = 1,
    JOURNAL_WRITE_NODES = 2,
    JOURNAL_WRITE_VALUES = 3
};

/* BOUGH_OK if a record of so many bytes can be appended with that many segments left over;
 * BOUGH_FULL, or BOUGH_TOO_BIG when no segment could hold it. */
BOUGH_MUST_CHECK enum bough_err journal_write_room(const struct journal *journal,
                                                   uint64_t record_bytes,
                                                   enum journal_write_reserve reserve);

/* Opens a group, and a new segment unless a record of so many bytes fits the present one: the next
 * record of that size will stand in the segment that is `current` then.  BOUGH_FULL, BOUGH_IO. */
BOUGH_MUST_CHECK enum bough_err journal_write_fit(struct journal *journal, uint64_t record_bytes);

/* Appends a record to the open group, opening one if there is none, and a new segment if the
 * present one is full; *address is where it stands.  `shape` says kind, settled and address_count;
 * the payload is all parts together.  BOUGH_FULL, BOUGH_IO. */
BOUGH_MUST_CHECK enum bough_err journal_write_record(struct journal *journal,
                                                     const struct journal_record *shape,
                                                     const struct bough_bytes *parts,
                                                     size_t part_count, uint64_t *address);

/* Whether a group can be ended: false only when none is open and there is no room to open one. */
bool journal_write_can_end(const struct journal *journal);

/* Ends the open group (or an empty one) with the newest root and makes it durable: one write, one
 * flush.  BOUGH_FULL, BOUGH_IO; after any error the backend is read-only, since what was promised
 * cannot be kept. */
BOUGH_MUST_CHECK enum bough_err journal_write_end(struct journal *journal);

/* Makes the backend read-only after an error of the device, and answers it. */
enum bough_err journal_write_fail(struct journal *journal, enum bough_err err);

#endif
