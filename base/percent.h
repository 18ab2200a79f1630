/* SPDX-License-Identifier: ISC
 *
 * percent.h - bytes in URLs (RFC 3986 section 2.1).
 */
#ifndef PERCENT_H
#define PERCENT_H

#include "bough/arena.h"
#include "bough/err.h"
#include "out.h"

/* Undoes every "%XX" once; all other bytes stand for themselves.  The result lives in `arena`, or
 * is `text` itself when there was nothing to undo.  BOUGH_INVALID (a '%' without two hexadecimal
 * digits), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err percent_decode(struct bough_bytes text, struct bough_arena *arena,
                                               struct bough_bytes *bytes);

/* Appends `bytes` so that percent_decode gives them back: unreserved characters and, if
 * `keep_slash`,
 * '/' stand for themselves, all others become "%XX" with upper-case digits. */
void percent_encode(struct out *out, struct bough_bytes bytes, bool keep_slash);

#endif
