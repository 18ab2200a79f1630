/* SPDX-License-Identifier: ISC
 *
 * out.h - text of unknown length, grown in an arena.
 */
#ifndef OUT_H
#define OUT_H

#include "bough/arena.h"
#include "bough/err.h"

/* Members are private to out.c, but for `len`, the bytes written so far. */
struct out {
    struct bough_arena *arena;
    uint8_t *at;
    size_t len;
    size_t max; /* of `at` */
    bool failed;
};

/* Empty text; grows in `arena` (borrowed), where the grown-out copies stay until it is released. */
struct out out_begin(struct bough_arena *arena);

/* Appends bytes.  Without memory nothing is written and the text has failed. */
void out_bytes(struct out *out, struct bough_bytes bytes);

/* Appends a C string. */
void out_text(struct out *out, const char *text);

/* Appends what printf would print, at most 511 bytes of it. */
BOUGH_PRINTF(2, 3)
void out_format(struct out *out, const char *format, ...);

/* The whole text, living in the arena; BOUGH_NO_MEMORY when any piece did not fit. */
BOUGH_MUST_CHECK enum bough_err out_end(struct out *out, struct bough_bytes *bytes);

#endif
