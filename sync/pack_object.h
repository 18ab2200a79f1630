/* SPDX-License-Identifier: ISC
 *
 * pack_object.h - single objects out of a pack that was taken in, deltas applied.
 */
#ifndef PACK_OBJECT_H
#define PACK_OBJECT_H

#include "pack_in.h"

/* Where objects come from that deltas of a thin pack apply to. */
struct pack_bases {
    /* Looks for the objects `ids` (sorted, without doubles), so that `load` can be asked for those
     * that exist.  Not finding some is no error. */
    enum bough_err (*find)(struct pack_bases *bases, struct pack_in *pack, const struct sha1 *ids,
                           size_t count);

    /* Appends the bytes of an object that was looked for to `into`; BOUGH_NOT_FOUND. */
    enum bough_err (*load)(struct pack_bases *bases, const struct sha1 *id, enum git_kind *kind,
                           struct buffer *into);
};

/* The bytes of the object of entry `n`, which stay until pack_object_give(pack, n); calls nest.
 * BOUGH_INVALID and pack->why (a delta that does not fit), BOUGH_TOO_BIG, BOUGH_NO_MEMORY.  Bytes
 * of up to BOUGH_PUSH_BASE_BYTES stay at hand for the next call. */
BOUGH_MUST_CHECK enum bough_err pack_object_take(struct pack_in *pack, uint32_t n,
                                                 struct bough_bytes *bytes);

/* The bytes taken are no longer needed. */
void pack_object_give(struct pack_in *pack, uint32_t n);

#endif
