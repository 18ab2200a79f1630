/* SPDX-License-Identifier: ISC
 *
 * journal_scan.h - read the log from front to back, in fixed memory.
 */
#ifndef JOURNAL_SCAN_H
#define JOURNAL_SCAN_H

#include "journal_state.h"

/* Members are private to journal_scan.c, but for `at`, the next byte, and `opening`, that of the
 * segment which it is in: set both to go elsewhere. */
struct journal_scan {
    struct journal *journal;
    uint64_t at;
    uint64_t opening;
    uint64_t window_at; /* window_len bytes from here on are in the log's stage */
    uint64_t window_len;
};

/* A record that was read: its header, the first bytes of its payload, and the name of an object. */
struct journal_scanned {
    struct journal_record header;
    bool spoiled; /* an object that does not pass its CRC */
    uint64_t offset;
    uint64_t address;
    struct bough_hash name;            /* of commits and tags; else none */
    uint8_t start[JOURNAL_ROOT_BYTES]; /* the payload's first bytes, then zeros */
};

/* A scan that begins at `at`, in a segment of this opening; it borrows the log's stage, in which
 * nothing may stand. */
struct journal_scan journal_scan_begin(struct journal *journal, uint64_t at, uint64_t opening);

/* Reads and checks the record at scan->at and moves behind it.  BOUGH_CORRUPT when it does not end
 * in its segment or, unless it looks like an object's, does not pass its CRC; BOUGH_IO. */
BOUGH_MUST_CHECK enum bough_err journal_scan_record(struct journal_scan *scan,
                                                    struct journal_scanned *record);

/* The header at scan->at, unchecked; scan->at stays. */
BOUGH_MUST_CHECK enum bough_err journal_scan_peek(struct journal_scan *scan,
                                                  struct journal_record *header);

/* Moves on to the next unit. */
void journal_scan_align(struct journal_scan *scan);

#endif
