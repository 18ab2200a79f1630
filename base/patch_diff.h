/* SPDX-License-Identifier: ISC
 *
 * patch_diff.h - find a patch that makes one row of units of another.
 */
#ifndef PATCH_DIFF_H
#define PATCH_DIFF_H

#include "patch.h"

/* Writes a patch (patch.h) that makes `result` of `base`, rows of units of 1 or of 8 bytes, behind
 * what `out` holds, and answers it.  It is short where both are alike in the same order; if it does
 * not fit, the encoder has overflowed.  `arena` is for scratch, 8 bytes for each unit of the base.
 * BOUGH_TOO_BIG (a row of 2^31 units or more), BOUGH_NO_MEMORY.  Linear, but for bytes that repeat
 * themselves: these cost up to 32 looks more for each. */
BOUGH_MUST_CHECK enum bough_err patch_diff(struct bough_bytes base, struct bough_bytes result,
                                           size_t unit_bytes, struct bough_arena *arena,
                                           struct encode *out);

#endif
