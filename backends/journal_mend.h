/* SPDX-License-Identifier: ISC
 *
 * journal_mend.h - records and superblocks that one copy of the device holds wrongly, from another.
 */
#ifndef JOURNAL_MEND_H
#define JOURNAL_MEND_H

#include "journal_state.h"

/* Whether `bytes` begin with a whole record that passes its CRC at this position; *record is its
 * header in any case.  `bytes` has a header at least. */
bool journal_mend_check(const struct journal *journal, uint64_t position, struct bough_bytes bytes,
                        struct journal_record *record);

/* Whether a header's bytes could be those of a record of at most `len_max` bytes; *record in any
 * case. */
bool journal_mend_is_likely(const uint8_t *header, uint64_t len_max, struct journal_record *record);

/* Looks for a copy of the device that holds a record at `offset`, whose place in the log is
 * `position`, of at most `len_max` bytes, all of them written; writes it to the copies that hold
 * something else, and logs that.  Its bytes are then at *bytes, in `arena`.  BOUGH_CORRUPT when
 * there is none, also on a device without copies; BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_mend_record(struct journal *journal, uint64_t offset,
                                                    uint64_t position, uint64_t len_max,
                                                    struct bough_arena *arena,
                                                    const uint8_t **bytes);

/* What a scrub knows of a record that was compared on all copies. */
struct journal_mend_found {
    struct journal_record record; /* kind and length */
    unsigned healed_count;        /* copies that held something else */
};

/* The same, but looks at every copy of it, whatever the device itself gives, and at the zeros
 * behind the record.  Takes no arena: nothing is kept. */
BOUGH_MUST_CHECK enum bough_err journal_mend_compare(struct journal *journal, uint64_t offset,
                                                     uint64_t position, uint64_t len_max,
                                                     struct journal_mend_found *found);

#endif
