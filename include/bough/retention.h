/* SPDX-License-Identifier: ISC
 *
 * retention.h - how much history branches keep.
 *
 * Without a policy everything that a branch leads to is kept.  With one, a collection drops the
 * commits that it does not cover, unless a tag, another branch or the log of refs leads to them.
 * The commits that stay are as they were, and still name the dropped ones as parents: such a parent
 * is *cut* (bough_commit_is_cut), and history ends there.  What is cut stands in the state, so that
 * it is never taken for damage.
 */
#ifndef BOUGH_RETENTION_H
#define BOUGH_RETENTION_H

#include "bough/ref.h"

/* Branches whose name ("heads/ci/x") matches `pattern`, in which '*' stands for any bytes, keep the
 * last `commits` (0 = not by count) and all of the last `days` (0 = not by age), their head in any
 * case.  Last is by generation, then by name.  Where no clock is known, age drops nothing. */
struct bough_retention {
    struct bough_bytes pattern;
    uint32_t commits;
    uint32_t days;
};

/* The policies in their order; the first that matches a branch counts.  They live in `arena`. */
BOUGH_MUST_CHECK enum bough_err bough_retention_get(struct bough_store *store,
                                                    struct bough_arena *arena,
                                                    const struct bough_retention **policies,
                                                    size_t *count);

/* Replaces all policies; staged.  Nothing is dropped before the next collection.  BOUGH_INVALID (a
 * pattern that does not begin with "heads/", or neither commits nor days), BOUGH_TOO_BIG past
 * BOUGH_RETENTION_MAX. */
BOUGH_MUST_CHECK enum bough_err bough_retention_set(struct bough_store *store,
                                                    const struct bough_retention *policies,
                                                    size_t count);

#endif
