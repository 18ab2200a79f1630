/* SPDX-License-Identifier: ISC
 *
 * lines_merge.h - three texts become one, line by line, as git does it.
 */
#ifndef LINES_MERGE_H
#define LINES_MERGE_H

#include "lines_diff.h"

struct lines_merge {
    struct bough_bytes base, ours, theirs;
    struct bough_bytes our_label, base_label, their_label; /* behind markers; may be empty */
    enum lines_how how;
    bool take_both; /* where both changed something: ours, then theirs, instead of a conflict */
    bool with_base; /* conflicts show the base, too ("diff3") */
    uint32_t marker_len;
};

/* Merges.  *merged is in the arena (or borrowed from the texts), with conflict markers where both
 * changed something; *conflicts says how many.  BOUGH_TOO_BIG past a limit of limits.h, and
 * BOUGH_INVALID for what git takes for binary; BOUGH_NO_MEMORY.  Linear in the texts, but for what
 * differs, whose cost is bounded by BOUGH_MERGE_STEPS_MAX. */
BOUGH_MUST_CHECK enum bough_err lines_merge(const struct lines_merge *merge,
                                            struct bough_arena *arena, struct bough_bytes *merged,
                                            size_t *conflicts);

#endif
