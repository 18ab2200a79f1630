/* SPDX-License-Identifier: ISC
 *
 * percent.c - bytes in URLs (RFC 3986 section 2.1).
 *
 * Owns no data.  decode(encode(bytes)) = bytes for any bytes; decoding happens once, so that
 * "%252F" is the three characters "%2F" and never a slash.
 */
#include "percent.h"
#include "hex.h"

enum bough_err percent_decode(struct bough_bytes text, struct bough_arena *arena,
                              struct bough_bytes *bytes)
{
    uint8_t *into;
    size_t len = 0;

    if (text.len == 0 || memchr(text.at, '%', text.len) == NULL) {
        *bytes = text;
        return BOUGH_OK;
    }
    into = bough_arena_take(arena, text.len);
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < text.len; i++) {
        unsigned high;
        unsigned low;

        if (text.at[i] != '%') {
            into[len++] = text.at[i];
            continue;
        }
        if (text.len - i < 3)
            return BOUGH_INVALID;
        high = hex_digit(text.at[i + 1]);
        low = hex_digit(text.at[i + 2]);
        if (high > 15 || low > 15)
            return BOUGH_INVALID;
        into[len++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *bytes = bough_bytes_of(into, len);
    return BOUGH_OK;
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct out *out, struct bough_bytes bytes, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];
        char coded[3] = {'%', digits[c >> 4], digits[c & 15]};

        if (is_unreserved(c) || (keep_slash && c == '/'))
            out_bytes(out, bough_bytes_of(&bytes.at[i], 1));
        else
            out_bytes(out, bough_bytes_of(coded, 3));
    }
}
