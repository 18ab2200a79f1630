/* SPDX-License-Identifier: ISC
 *
 * journal_copy.h - a record that is wanted moves to the log's end, in a form that suits it.
 */
#ifndef JOURNAL_COPY_H
#define JOURNAL_COPY_H

#include "journal_state.h"

#define JOURNAL_COPY_ARENA_BYTES ((size_t)160 << 20) /* one record at a time */

/* Copies the record at an address, whose segment is being emptied, to the log's end, and says so in
 * the map of moves.  What is whole there, or a patch of another object, may be otherwise here.
 * BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_copy_record(struct journal *journal, uint64_t address,
                                                    const struct journal_record *record,
                                                    struct bough_bytes payload);

#endif
