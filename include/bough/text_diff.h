/* SPDX-License-Identifier: ISC
 *
 * text_diff.h - what differs between two texts, as `git diff` and `diff -u` show it.
 */
#ifndef BOUGH_TEXT_DIFF_H
#define BOUGH_TEXT_DIFF_H

#include "bough/arena.h"
#include "bough/bytes.h"
#include "bough/err.h"

/* The hunks that make `to` of `from`, with three lines of context, behind which a program that
 * applies patches finds its place; no bytes where the texts are equal.  They are those of `git
 * diff`, the line behind "@@" included.  *hunks lives in `arena`, which scratch comes from, too.
 * BOUGH_INVALID for what git takes for binary (a NUL in the first 8000 bytes); BOUGH_TOO_BIG past
 * BOUGH_DIFF_TEXT_BYTES_MAX bytes, BOUGH_MERGE_LINES_MAX lines, or when the texts differ too much
 * (BOUGH_MERGE_STEPS_MAX); BOUGH_NO_MEMORY.  Linear in the texts, but for what differs. */
BOUGH_MUST_CHECK enum bough_err bough_text_diff(struct bough_bytes from, struct bough_bytes to,
                                                struct bough_arena *arena,
                                                struct bough_bytes *hunks);

#endif
