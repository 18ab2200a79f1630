/* SPDX-License-Identifier: ISC
 *
 * scrub.h - read all that is kept, and check it, between other work.
 *
 * Rot is found while it can still be mended: by the other copy of a mirror, at once, or by hand
 * from another store (repair.h).  It looks at bytes, so at garbage and at every copy, too; what a
 * key or commit has lost is for fsck.h to say.
 */
#ifndef BOUGH_SCRUB_H
#define BOUGH_SCRUB_H

#include "bough/store.h"

/* Goes on with the scrub, or begins one: checks about `max_bytes` > 0, in 512 KiB of memory and
 * what the longest record takes; a stretch that cannot be read is passed over at once, up to a
 * segment (16 MiB).  report->done after the last step.  BOUGH_UNSUPPORTED (a store in memory), and
 * BOUGH_NO_MEMORY, after which the next call goes on. */
BOUGH_MUST_CHECK enum bough_err bough_scrub_step(struct bough_store *store, uint64_t max_bytes,
                                                 struct bough_scrub_report *report);

/* Steps until it is done. */
BOUGH_MUST_CHECK enum bough_err bough_scrub_run(struct bough_store *store,
                                                struct bough_scrub_report *report);

/* Gives up the scrub that is under way, if there is one. */
void bough_scrub_cancel(struct bough_store *store);

#endif
