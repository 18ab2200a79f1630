/* SPDX-License-Identifier: ISC
 *
 * protection.h - what nobody may do to a branch.
 *
 * Without a rule a branch can be moved to a commit that does not contain the old one, and deleted:
 * the log of refs (ref.h) knows where it was.  With one, bough_ref_move refuses that with
 * BOUGH_DENIED, whoever asks: HTTP, a git push, a reset, a rebase, or a program.
 */
#ifndef BOUGH_PROTECTION_H
#define BOUGH_PROTECTION_H

#include "bough/ref.h"

/* Concerns branches whose name ("heads/release/1") fits `pattern`, in which '*' stands for any
 * bytes. */
struct bough_protection {
    struct bough_bytes pattern;
    bool from_force;  /* it moves only to commits that contain the old one */
    bool from_delete; /* it cannot be deleted */
};

/* The rules in their order; the first that fits a branch counts.  They live in `arena`. */
BOUGH_MUST_CHECK enum bough_err bough_protection_get(struct bough_store *store,
                                                     struct bough_arena *arena,
                                                     const struct bough_protection **rules,
                                                     size_t *count);

/* Replaces all rules; staged.  BOUGH_INVALID (a pattern that does not begin with "heads/"),
 * BOUGH_TOO_BIG past BOUGH_PROTECTION_MAX. */
BOUGH_MUST_CHECK enum bough_err bough_protection_set(struct bough_store *store,
                                                     const struct bough_protection *rules,
                                                     size_t count);

#endif
