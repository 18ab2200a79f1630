/* SPDX-License-Identifier: ISC
 *
 * lines_myers.h - which lines of two texts differ, after Myers.
 */
#ifndef LINES_MYERS_H
#define LINES_MYERS_H

#include "lines_split.h"

/* A run of lines of one text, and a mark for each: 1 where the other text has not got it. */
struct lines_run {
    const uint32_t *classes;
    uint8_t *changed;
    uint32_t count;
};

/* Marks what differs.  Finds what git's default ("myers", not minimal) finds.  BOUGH_TOO_BIG when
 * the steps are used up, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err lines_myers(struct lines_work *work, struct lines_run a,
                                            struct lines_run b);

#endif
