/* SPDX-License-Identifier: ISC
 *
 * lines_histogram.h - which lines of two texts differ, by what is rare in them.
 */
#ifndef LINES_HISTOGRAM_H
#define LINES_HISTOGRAM_H

#include "lines_myers.h"

/* Marks what differs.  Finds what git's "histogram" finds, with which its merges compare.
 * BOUGH_TOO_BIG when the steps are used up, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err lines_histogram(struct lines_work *work, struct lines_run a,
                                                struct lines_run b);

#endif
