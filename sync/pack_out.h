/* SPDX-License-Identifier: ISC
 *
 * pack_out.h - a pack that is made while it is read.
 */
#ifndef PACK_OUT_H
#define PACK_OUT_H

#include "pack_plan.h"
#include "zip.h"

enum pack_out_state {
    PACK_OUT_HEAD,    /* a header is on its way out */
    PACK_OUT_OBJECT,  /* the next object is to be begun */
    PACK_OUT_MADE,    /* its compressed bytes are at hand */
    PACK_OUT_DEFLATE, /* it is too long for that: compressed as it goes */
    PACK_OUT_TRAILER,
    PACK_OUT_END
};

/* Members are private to pack_out.c. */
struct pack_out {
    struct pack_list list; /* owned */
    struct pack_plan plan;
    size_t whole_bytes_max; /* longer objects are streamed, and are neither deltas nor bases */
    bool ofs;               /* the client takes bases by their offset */
    struct sha1_state sum;
    uint64_t offset; /* bytes so far */
    z_stream stream;
    bool deflating;
    enum pack_out_state state;
    enum pack_out_state after_head;
    uint8_t small[48]; /* a header or trailer on its way out */
    uint32_t small_len;
    uint32_t small_at;

    struct buffer object; /* the object at work, or a piece of a long value */
    struct buffer last;   /* the object `last_n`, a likely base */
    uint32_t last_n;
    struct buffer delta;
    struct buffer made; /* compressed */
    size_t made_at;
    struct bough_value value; /* the long value; size 0 = none */
    uint64_t value_at;
};

/* A pack of all that is in `list` in the order of `plan`, which it takes over, also after an error;
 * with `ofs` deltas name their base by its offset, else by its id.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err pack_out_open(struct pack_out *pack, const struct pack_list *list,
                                              const struct pack_plan *plan, bool ofs);

/* The next up to `max` bytes; *got is 0 only at the end.  Reads one object at a time and sometimes
 * its base, in memory bounded by the greatest tree, two objects of BOUGH_FETCH_DELTA_BYTES_MAX (or
 * a sixteenth of the heap, if that is less) and what delta_make takes.  Errors as reading may
 * answer; then the pack cannot be completed. */
BOUGH_MUST_CHECK enum bough_err pack_out_read(struct pack_out *pack, uint8_t *into, size_t max,
                                              size_t *got);

/* Gives everything back, at any time.  List and plan may have been taken out before, once the pack
 * was read to its end. */
void pack_out_close(struct pack_out *pack);

#endif
