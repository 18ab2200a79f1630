/* SPDX-License-Identifier: ISC
 *
 * pack_out.h - a pack that is made while it is read.
 */
#ifndef PACK_OUT_H
#define PACK_OUT_H

#include "pack_list.h"
#include "zip.h"

enum pack_out_state {
    PACK_OUT_HEAD,
    PACK_OUT_OBJECT,
    PACK_OUT_DEFLATE,
    PACK_OUT_TRAILER,
    PACK_OUT_END
};

/* Members are private to pack_out.c. */
struct pack_out {
    struct pack_list list; /* owned */
    struct sha1_state sum;
    z_stream stream;
    bool deflating;
    bool started; /* the pack's own header is out */
    enum pack_out_state state;
    size_t next[5];    /* the next object of each of the list's arrays */
    uint8_t small[32]; /* a header or trailer on its way out */
    uint32_t small_len;
    uint32_t small_at;
    struct buffer object;     /* the bytes being deflated: an object, or a piece of a long value */
    struct bough_value value; /* the long value they are a piece of; size 0 = none */
    uint64_t value_at;
};

/* A pack of all that is in `list`, which it takes over (and empties).  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err pack_out_open(struct pack_out *pack, struct pack_list *list);

/* The next up to `max` bytes; *got is 0 only at the end.  Reads one object at a time, in memory
 * bounded by the greatest tree or GIT_PROJECT_PIECE_BYTES of a value.  Errors as reading may
 * answer; then the pack cannot be completed. */
BOUGH_MUST_CHECK enum bough_err pack_out_read(struct pack_out *pack, uint8_t *into, size_t max,
                                              size_t *got);

/* Gives everything back, at any time. */
void pack_out_close(struct pack_out *pack);

#endif
