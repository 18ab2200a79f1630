/* SPDX-License-Identifier: ISC
 *
 * base64.h - bytes as text (RFC 4648 section 4: the standard alphabet, with padding).
 */
#ifndef BASE64_H
#define BASE64_H

#include "bough/arena.h"
#include "bough/err.h"

/* The bytes that `text` stands for, in `arena`.  Strict: BOUGH_INVALID for a foreign character, a
 * missing pad or bits set in the pad; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err base64_decode(struct bough_bytes text, struct bough_arena *arena,
                                              struct bough_bytes *bytes);

/* The text that stands for `bytes`, in `arena`; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err base64_encode(struct bough_bytes bytes, struct bough_arena *arena,
                                              struct bough_bytes *text);

#endif
