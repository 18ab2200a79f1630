/* SPDX-License-Identifier: ISC
 *
 * journal_recover.h - find the newest root whose chain checks.
 */
#ifndef JOURNAL_RECOVER_H
#define JOURNAL_RECOVER_H

#include "journal_state.h"

/* Reads groups from where the checkpoint in journal->super ends until one does not check, and takes
 * over their roots, segments and index entries; then looks behind the end and logs what can be
 * parsed there.  The log then stands where the next group goes.  A group that was acknowledged and
 * is damaged makes the backend read-only.  Writes nothing, so it may be cut short and run again.
 * BOUGH_IO, BOUGH_NO_MEMORY, BOUGH_CORRUPT (a head outside of the log). */
BOUGH_MUST_CHECK enum bough_err journal_recover(struct journal *journal);

#endif
