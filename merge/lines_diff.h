/* SPDX-License-Identifier: ISC
 *
 * lines_diff.h - what makes one row of lines of another.
 */
#ifndef LINES_DIFF_H
#define LINES_DIFF_H

#include "lines_split.h"

enum lines_how {
    LINES_HISTOGRAM,
    LINES_MYERS,
    LINES_SHOWN /* the same, and what differs stands where it is read best (lines_indent.h) */
};

/* `a_count` lines from `a` on become `b_count` lines from `b` on. */
struct lines_edit {
    uint32_t a, a_count, b, b_count;
};

/* Compares `a_count` lines with `b_count` lines, all by class, numbered from 0.  *edits are in
 * order, with at least one equal line between any two, and live in the work's arena; they are
 * git's: those of its merges or, with LINES_SHOWN, of `git diff`.  BOUGH_TOO_BIG when the steps are
 * used up, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err lines_diff(struct lines_work *work, enum lines_how how,
                                           const uint32_t *a, uint32_t a_count, const uint32_t *b,
                                           uint32_t b_count, struct lines_edit **edits,
                                           size_t *count);

#endif
