/* SPDX-License-Identifier: ISC
 *
 * retain.h - the commits of one branch that its policy keeps, and where it cuts.
 */
#ifndef RETAIN_H
#define RETAIN_H

#include "bough/retention.h"

/* A walk in progress; members are private to retain.c. */
struct retain {
    struct bough_store *store;
    struct bough_arena arena;
    struct retain_spot *spots; /* a heap: the greatest generation first */
    size_t count;
    size_t max;
    uint64_t kept_count;
    uint32_t commits;
    int64_t oldest_s; /* what is not older is kept */
};

/* Begins at `head`.  Released by retain_end, also after an error. */
BOUGH_MUST_CHECK enum bough_err retain_begin(struct retain *retain, struct bough_store *store,
                                             const struct bough_retention *policy,
                                             const struct bough_link *head);

/* The next commit: *kept, or one that is cut, whose ancestors are not looked at.  BOUGH_NOT_FOUND
 * at the end. */
BOUGH_MUST_CHECK enum bough_err retain_next(struct retain *retain, struct bough_link *link,
                                            bool *kept);

/* Releases its memory. */
void retain_end(struct retain *retain);

#endif
