/* SPDX-License-Identifier: ISC
 *
 * delta.h - git's deltas: an object as copies from another and insertions (gitformat-pack).
 */
#ifndef DELTA_H
#define DELTA_H

#include "bough/bytes.h"
#include "bough/err.h"

/* The sizes a delta claims for its base and its result; *head_bytes is how long they are.
 * BOUGH_INVALID. */
BOUGH_MUST_CHECK enum bough_err delta_sizes(struct bough_bytes delta, uint64_t *base_bytes,
                                            uint64_t *result_bytes, size_t *head_bytes);

/* Applies `delta` to `base` into `into`, which has exactly the result's size `len` (delta_sizes).
 * BOUGH_INVALID when the delta does not fit the base, leaves the base's bounds, is cut off, uses
 * the reserved code, or does not make exactly `len` bytes. */
BOUGH_MUST_CHECK enum bough_err delta_apply(struct bough_bytes base, struct bough_bytes delta,
                                            uint8_t *into, size_t len);

#endif
