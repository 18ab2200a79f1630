/* SPDX-License-Identifier: ISC
 *
 * lines_indent.h - which of several places a group of lines is read best at, by indentation.
 */
#ifndef LINES_INDENT_H
#define LINES_INDENT_H

#include "lines_myers.h"

/* Measures how far the lines of each class are indented; *indents, by class, live in the work's
 * arena.  BOUGH_NO_MEMORY.  Linear in what the lines begin with. */
BOUGH_MUST_CHECK enum bough_err lines_indent_measure(const struct lines_work *work,
                                                     const int16_t **indents);

/* A group of `size` marked lines may end before any of the lines first..last: *end is where it is
 * to be.  It is git's choice.  BOUGH_TOO_BIG when the steps are used up. */
BOUGH_MUST_CHECK enum bough_err lines_indent_choose(struct lines_work *work, const int16_t *indents,
                                                    const struct lines_run *run, uint32_t size,
                                                    uint32_t first, uint32_t last, uint32_t *end);

#endif
