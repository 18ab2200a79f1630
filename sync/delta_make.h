/* SPDX-License-Identifier: ISC
 *
 * delta_make.h - finds a delta that makes one object out of another.
 */
#ifndef DELTA_MAKE_H
#define DELTA_MAKE_H

#include "buffer.h"

/* Appends to `out` a delta (delta.h) that makes `target` out of `base`.  BOUGH_NOT_FOUND when none
 * of at most `max_bytes` was found, BOUGH_NO_MEMORY (about half of the base's length is needed on
 * `heap` for the while), BOUGH_TOO_BIG past 4 GiB or the buffer's limit; `out` is then as before.
 * O(base + target), whatever is in them. */
BOUGH_MUST_CHECK enum bough_err delta_make(struct bough_heap *heap, struct bough_bytes base,
                                           struct bough_bytes target, size_t max_bytes,
                                           struct buffer *out);

#endif
