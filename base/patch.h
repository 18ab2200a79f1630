/* SPDX-License-Identifier: ISC
 *
 * patch.h - how to make a row of units of another row.
 *
 *   patch := result_count:varint hunk...                  until result_count units are made
 *   hunk  := keep:varint drop:varint add:varint unit...   so many units of the base are taken, so
 *                                                         many passed over, and these added
 * Numbers as in encode.h.  What the base has behind the last hunk is dropped.
 */
#ifndef PATCH_H
#define PATCH_H

#include "bough/arena.h"
#include "bough/bytes.h"
#include "bough/err.h"
#include "decode.h"
#include "encode.h"

/* Members are private to patch.c, but for out.overflow and out.len. */
struct patch {
    struct encode out;
    size_t unit_bytes;
    uint64_t keep;
    uint64_t drop;
    struct bough_bytes add;
};

/* Begins a patch that makes `result_count` units of `unit_bytes`, behind what `out` holds. */
void patch_begin(struct patch *patch, struct encode out, size_t unit_bytes, uint64_t result_count);

/* The next units of the base are kept. */
void patch_keep(struct patch *patch, uint64_t count);

/* The next units of the base are passed over. */
void patch_drop(struct patch *patch, uint64_t count);

/* Adds units; borrowed until patch_end, and cheapest where each piece goes on where the one before
 * ended in memory. */
void patch_add(struct patch *patch, struct bough_bytes units);

/* Completes the patch; its encoder has overflowed if there was too little room. */
struct encode patch_end(struct patch *patch);

/* Applies the patch at `in` to base, which has whole units, and moves behind it; the result lives
 * in `arena`.  BOUGH_CORRUPT (it does not fit the base, or makes more than `bytes_max`),
 * BOUGH_NO_MEMORY.  O(result). */
BOUGH_MUST_CHECK enum bough_err patch_apply(struct decode *in, struct bough_bytes base,
                                            size_t unit_bytes, size_t bytes_max,
                                            struct bough_arena *arena, struct bough_bytes *result);

#endif
