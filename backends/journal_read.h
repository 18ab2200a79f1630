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

#endif
