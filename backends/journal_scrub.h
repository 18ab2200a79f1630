/* SPDX-License-Identifier: ISC
 *
 * journal_scrub.h - read all that the log holds, and check it, a little at a time.
 */
#ifndef JOURNAL_SCRUB_H
#define JOURNAL_SCRUB_H

#include "journal_state.h"

/* Goes on with the scrub, or begins one: checks the records of about `max_bytes` of the segments in
 * use, on every copy of the device.  0 gives up the one that is under way.  What only one copy
 * holds rightly is written to the others; what none does is logged.  BOUGH_NO_MEMORY (the scrub
 * goes on with the next call). */
BOUGH_MUST_CHECK enum bough_err journal_scrub_step(struct journal *journal, uint64_t max_bytes,
                                                   struct bough_scrub_report *report);

#endif
