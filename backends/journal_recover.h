/* SPDX-License-Identifier: ISC
 *
 * journal_recover.h - find the newest root whose chain checks.
 */
#ifndef JOURNAL_RECOVER_H
#define JOURNAL_RECOVER_H

#include "journal_index.h"
#include "journal_log.h"

/* What reading the log from its start has come to. */
struct journal_found {
    struct bough_root root;
    struct bough_hash chain; /* of the newest ROOT payload; none before the first */
    uint64_t sequence;       /* of the newest group; 0 = none */
    uint64_t head;           /* where the next group goes */
    bool damaged;            /* a group was acknowledged behind the first that does not check: this
                                is no tear, and nothing must be overwritten */
    uint64_t spoiled_count;  /* objects before the head whose bytes do not check */
};

/* Reads groups from super->log_start on until one does not check, indexing commits and tags. Passes
 * over damaged objects in groups that were acknowledged: who reads them is told.  Looks
 * behind the end and logs what can be parsed there.  Writes nothing, so it may be cut
 * short and run again.  BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_recover(struct journal_log *log,
                                                const struct journal_super *super,
                                                struct journal_index *index,
                                                struct journal_found *found);

#endif
