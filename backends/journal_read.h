/* SPDX-License-Identifier: ISC
 *
 * journal_read.h - one record by its place.
 */
#ifndef JOURNAL_READ_H
#define JOURNAL_READ_H

#include "journal_state.h"

/* The record at an address whose segment is in use, checked against its CRC; its payload lives in
 * `arena`.  BOUGH_CORRUPT (not logged), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_read_record(struct journal *journal, uint64_t address,
                                                    struct bough_arena *arena,
                                                    struct journal_record *record,
                                                    struct bough_bytes *payload);

/* The record at a device offset in a segment in use, whose length is not known; otherwise the same.
 */
BOUGH_MUST_CHECK enum bough_err journal_read_at(struct journal *journal, uint64_t offset,
                                                struct bough_arena *arena,
                                                struct journal_record *record,
                                                struct bough_bytes *payload);

/* Where the next record that checks begins behind device offset `at` in a segment in use, where
 * none that checks begins; the end of what is written of the segment if there is none.  Reads as
 * much as it passes over.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_read_next(struct journal *journal, uint64_t at,
                                                  uint64_t *next);

/* How far a segment is written. */
uint64_t journal_read_end(const struct journal *journal, uint32_t segment);

#endif
