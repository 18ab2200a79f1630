/* SPDX-License-Identifier: ISC
 *
 * repair.h - objects that cannot be read any more, taken from another store by name.
 */
#ifndef BOUGH_REPAIR_H
#define BOUGH_REPAIR_H

#include "bough/store.h"

struct bough_repair_report {
    uint64_t damaged_count; /* objects that could not be read, each place in which one is kept */
    uint64_t mended_count;  /* of these: the other store had them */
    uint64_t copied_count;  /* others, to which only a damaged one led */
};

/* Reads everything that the refs of `store` lead to.  What cannot be read is looked for by name in
 * what the refs of `from` (any store: names do not lie) lead to, checked, and put anew; so is what
 * only a damaged object led to, since nothing else says where that is. Staged, as one move of the
 * root to the same state; the sync that follows makes it durable, and a checkpoint of it.  The
 * state's own nodes are mended only from a copy of the same state.  BOUGH_OK also when not all
 * could be mended: see the report. BOUGH_UNSUPPORTED (the backend cannot replace objects),
 * BOUGH_READ_ONLY, BOUGH_CORRUPT (the state itself, here or there, cannot be read),
 * BOUGH_TOO_BIG (more than BOUGH_REPAIR_OBJECTS_MAX), BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY (as a
 * load: backup.h). */
BOUGH_MUST_CHECK enum bough_err bough_repair(struct bough_store *store, struct bough_store *from,
                                             struct bough_repair_report *report);

#endif
