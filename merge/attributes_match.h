/* SPDX-License-Identifier: ISC
 *
 * attributes_match.h - does a pattern of gitignore(5) match a path?
 */
#ifndef ATTRIBUTES_MATCH_H
#define ATTRIBUTES_MATCH_H

#include "bough/bytes.h"

/* Whether all of `text` matches the pattern, which has at most BOUGH_ATTRIBUTES_LINE_MAX bytes:
 * `?` any byte, `*` any bytes, `[...]` one of them, `\` takes the next byte as it is.  With
 * `is_path` none of these matches a slash, and `**` between slashes any directories.  Takes
 * O(pattern * text) steps, off *steps_left, of which one stays; false when there are not enough,
 * which is then 0. */
bool attributes_match(struct bough_bytes pattern, struct bough_bytes text, bool is_path,
                      uint64_t *steps_left);

#endif
