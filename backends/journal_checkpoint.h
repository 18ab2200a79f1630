/* SPDX-License-Identifier: ISC
 *
 * journal_checkpoint.h - what recovery need not read again.
 */
#ifndef JOURNAL_CHECKPOINT_H
#define JOURNAL_CHECKPOINT_H

#include "journal_state.h"

/* Writes index and segments to the log, points the superblocks there, and frees the segments that
 * are empty.  No group may be open.  After an error of the device the backend is read-only.
 * BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_checkpoint_save(struct journal *journal);

/* Whether it is time for one: so much was written since the last that reading it again would take
 * long, or segments wait to become free. */
bool journal_checkpoint_is_due(const struct journal *journal);

/* Loads index and segments as the newest checkpoint of journal->super has them, if there is one.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_checkpoint_load(struct journal *journal);

#endif
