/* SPDX-License-Identifier: ISC
 *
 * journal_collect.h - find out what still lives, and make room of the rest.
 *
 * Three phases, driven from above (store/collect.c knows what refers to what): begin, then mark
 * everything that lives, then sweep; after that, clean in steps.
 */
#ifndef JOURNAL_COLLECT_H
#define JOURNAL_COLLECT_H

#include "journal_state.h"

/* Forgets all marks; what is written from now on is not up for collection. */
void journal_collect_begin(struct journal *journal);

/* Marks the object that `link` names as living; *fresh says whether it was not marked before.
 * BOUGH_CORRUPT (it is nowhere), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_collect_mark(struct journal *journal,
                                                     const struct bough_link *link, bool *fresh);

/* Says of the node at place->address, which lives, whether it is part of what branches show now, or
 * of history only; and marks what it is a patch of.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_collect_node(struct journal *journal,
                                                     const struct bough_place *place, bool newest);

/* Whether the object at an address that `put` found may be used again: it must be marked if it is
 * up for collection.  Under a hold it then counts as put anew: that goes for objects that lead to
 * no others (`alone`), of which a number is remembered; others are to be written again. */
bool journal_collect_may_reuse(struct journal *journal, uint64_t address, bool alone);

/* See bough_backend_hold. */
void journal_collect_hold(struct journal *journal, bool on);

/* Gives back what holds have taken. */
void journal_collect_release(struct journal *journal);

/* Whether an object may be kept as a patch of the one at this address: that must not be garbage,
 * though the caller may still have it in memory. */
bool journal_collect_may_base(struct journal *journal, uint64_t address);

/* Everything that was up for collection and is not marked is garbage from now on.  Its space stays
 * as it is until journal_collect_filter is done.  BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY (then the
 * collection must begin anew). */
BOUGH_MUST_CHECK enum bough_err journal_collect_sweep(struct journal *journal);

/* Drops the names of garbage from the map of names, about `entries` entries at a call;
 * journal->filtering tells whether there is more to do.  Errors as journal_collect_sweep. */
BOUGH_MUST_CHECK enum bough_err journal_collect_filter(struct journal *journal, uint32_t entries);

/* Copies what lives in the segments that are worth emptying, with about as much work as for
 * `max_bytes`; *done when
 * there is none left.  The copies are part of the next sync.  BOUGH_FULL, BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_collect_clean(struct journal *journal, uint64_t max_bytes,
                                                      bool *done);

#endif
