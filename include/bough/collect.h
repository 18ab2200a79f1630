/* SPDX-License-Identifier: ISC
 *
 * collect.h - get back the space of what no branch, tag or setting leads to any more.
 *
 * A collection is work in bounded steps between other work.  It first finds everything that lives,
 * then calls the rest garbage, then moves what lives out of space that is mostly garbage, so the
 * extra space it needs is that of a few segments.  It may be cut short at any moment, by a crash
 * too.
 */
#ifndef BOUGH_COLLECT_H
#define BOUGH_COLLECT_H

#include "bough/commit.h"

enum bough_collect_phase { BOUGH_COLLECT_NONE, BOUGH_COLLECT_MARK, BOUGH_COLLECT_CLEAN };

struct bough_collect_progress {
    enum bough_collect_phase phase; /* what the next step would do */
    bool swept;                     /* in this step: links that others kept may lead nowhere now */
    uint64_t marked_count;          /* living objects found so far */
};

/* Whether a collection is under way, or would be worth beginning.  O(1). */
bool bough_collect_is_wanted(const struct bough_store *store);

/* Goes on with the collection, or begins one: looks at about `object_count` objects, or copies
 * about `copy_bytes`.  Values that were finished must have been put into a tree, and what is staged
 * must hang off the root.  After an error the collection is given up, and nothing is lost.
 * BOUGH_UNSUPPORTED (the backend collects nothing), BOUGH_READ_ONLY, BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_FULL, BOUGH_NO_MEMORY (it needs a 128th of the used space while it marks). */
BOUGH_MUST_CHECK enum bough_err bough_collect_step(struct bough_store *store, uint32_t object_count,
                                                   uint64_t copy_bytes,
                                                   struct bough_collect_progress *progress);

/* Steps until it is done, and again as long as that is wanted, three times at most. */
BOUGH_MUST_CHECK enum bough_err bough_collect_run(struct bough_store *store);

/* Gives up the collection that is under way, if there is one; nothing is lost.  What was freed so
 * far stays free. */
void bough_collect_cancel(struct bough_store *store);

/* ---- open readers (collect_pin.c) ---- */

/* A promise that something stays readable.  All zeros = none; members are private to the store. */
struct bough_collect_pin {
    struct bough_collect_pin *next;
    struct bough_collect_pin **at;
    enum bough_kind kind;
    struct bough_link link;
};

/* Keeps a value readable until the pin is ended, whatever is deleted meanwhile: for who reads it in
 * pieces over several turns, with collection between them.  `pin` is the caller's, ended before the
 * store is closed, and must not move. */
void bough_collect_pin_value(struct bough_store *store, struct bough_collect_pin *pin,
                             const struct bough_value *value);

/* The same for a commit, its ancestors and all that their trees hold, whatever a policy of
 * retention drops elsewhere. */
void bough_collect_pin_commit(struct bough_store *store, struct bough_collect_pin *pin,
                              const struct bough_link *commit);

/* The same for everything that branches, tags and the log lead to now. */
void bough_collect_pin_state(struct bough_store *store, struct bough_collect_pin *pin);

/* Ends the promise; a pin that is none is allowed. */
void bough_collect_pin_end(struct bough_collect_pin *pin);

/* Until it is said off, nothing that is put is garbage though nothing leads to it: for who puts
 * objects over several turns before a ref leads to them.  Nests. */
void bough_collect_hold(struct bough_store *store, bool on);

#endif
