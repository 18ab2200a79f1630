/* SPDX-License-Identifier: ISC
 *
 * journal_read.h - one record by its address.
 */
#ifndef JOURNAL_READ_H
#define JOURNAL_READ_H

#include "journal_state.h"

/* The record at an address, checked against its CRC; its payload lives in `arena`.  BOUGH_CORRUPT
 * (not logged), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_read_record(struct journal *journal, uint64_t address,
                                                    struct bough_arena *arena,
                                                    struct journal_record *record,
                                                    struct bough_bytes *payload);

/* The record at an offset, whose length is not known; otherwise the same. */
BOUGH_MUST_CHECK enum bough_err journal_read_at(struct journal *journal, uint64_t offset,
                                                struct bough_arena *arena,
                                                struct journal_record *record,
                                                struct bough_bytes *payload);

/* Splits an object's payload into its own bytes and its addresses; the latter in `arena`.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_read_object(const struct journal_record *record,
                                                    struct bough_bytes payload,
                                                    struct bough_arena *arena,
                                                    struct bough_object *object);

#endif
