/* SPDX-License-Identifier: ISC
 *
 * utf8.c - is it UTF-8 (RFC 3629)?
 *
 * Owns no data.  The second byte's range depends on the first (RFC 3629 section 4): that is what
 * keeps out overlong forms, surrogates and points above U+10FFFF.
 */
#include "utf8.h"
#include <assert.h>

/* Whether the `count` bytes at `at` are continuation bytes. */
static bool are_tails(const uint8_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((at[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t utf8_length(struct bough_bytes bytes)
{
    uint8_t lead = bytes.len > 0 ? bytes.at[0] : 0xff;
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4 || bytes.len < len)
        return 0;
    if (bytes.at[1] < least || bytes.at[1] > most)
        return 0;
    return are_tails(bytes.at + 1, len - 1) ? len : 0;
}

bool utf8_is(struct bough_bytes bytes)
{
    size_t at = 0;

    while (at < bytes.len) {
        size_t len = utf8_length(bough_bytes_of(bytes.at + at, bytes.len - at));

        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

size_t utf8_put(uint32_t point, uint8_t into[4])
{
    assert(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
    if (point < 0x80) {
        into[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        into[0] = (uint8_t)(0xc0 | point >> 6);
        into[1] = (uint8_t)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        into[0] = (uint8_t)(0xe0 | point >> 12);
        into[1] = (uint8_t)(0x80 | (point >> 6 & 63));
        into[2] = (uint8_t)(0x80 | (point & 63));
        return 3;
    }
    into[0] = (uint8_t)(0xf0 | point >> 18);
    into[1] = (uint8_t)(0x80 | (point >> 12 & 63));
    into[2] = (uint8_t)(0x80 | (point >> 6 & 63));
    into[3] = (uint8_t)(0x80 | (point & 63));
    return 4;
}
