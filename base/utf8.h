/* SPDX-License-Identifier: ISC
 *
 * utf8.h - is it UTF-8 (RFC 3629)?
 */
#ifndef UTF8_H
#define UTF8_H

#include "bough/bytes.h"

/* The length of the well-formed sequence at the start of `bytes` (1 to 4), or 0: cut short,
 * overlong, a surrogate, or above U+10FFFF. */
size_t utf8_length(struct bough_bytes bytes);

/* Whether all of it is well-formed.  O(length). */
bool utf8_is(struct bough_bytes bytes);

/* Writes `point` (at most U+10FFFF, no surrogate) into `into`; gives the number of bytes, 1 to 4.
 */
size_t utf8_put(uint32_t point, uint8_t into[4]);

#endif
