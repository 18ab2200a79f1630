/* SPDX-License-Identifier: ISC
 *
 * ref_pattern.c - names of refs that settings are about.
 *
 * The usual way with one kind of wildcard: on a mismatch the last '*' takes one byte more.
 */
#include "ref_pattern.h"
#include "bough/limits.h"
#include <assert.h>

bool ref_pattern_fits(struct bough_bytes pattern, struct bough_bytes name)
{
    size_t at = 0;
    size_t in = 0;
    size_t star = SIZE_MAX;
    size_t star_in = 0;

    while (in < name.len) {
        if (at < pattern.len && pattern.at[at] == '*') {
            star = at++;
            star_in = in;
        } else if (at < pattern.len && pattern.at[at] == name.at[in]) {
            at++;
            in++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            in = ++star_in;
        } else {
            return false;
        }
    }
    assert(in == name.len && at <= pattern.len);
    while (at < pattern.len && pattern.at[at] == '*')
        at++;
    return at == pattern.len;
}

enum bough_err ref_pattern_check(struct bough_bytes pattern)
{
    if (pattern.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_TOO_BIG;
    return bough_bytes_starts(pattern, bough_bytes_text("heads/")) ? BOUGH_OK : BOUGH_INVALID;
}
