/* SPDX-License-Identifier: ISC
 *
 * fetch_filter.c - what a partial clone leaves out.
 *
 * Each of the filters that are served is an upper bound on one of two numbers, so several of them
 * together are the least of each.
 */
#include "fetch_filter.h"
#include <string.h>

#define SPEC_BYTES_MAX 1024u /* of one part, without its escapes */

/* A decimal number, up to the text's end or the byte that `end` gets. */
static bool read_number(struct bough_bytes text, uint64_t *number, struct bough_bytes *rest)
{
    size_t at = 0;

    for (*number = 0; at < text.len && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
        uint64_t digit = text.at[at] - (uint64_t)'0';

        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    *rest = bough_bytes_of(text.at + at, text.len - at);
    return at > 0;
}

/* A size in bytes, with git's units. */
static bool read_size(struct bough_bytes text, uint64_t *bytes)
{
    static const char units[] = "kmg";
    struct bough_bytes rest;
    const char *unit;
    unsigned shift;

    if (!read_number(text, bytes, &rest) || rest.len > 1)
        return false;
    if (rest.len == 0)
        return true;
    unit = memchr(units, rest.at[0] | 0x20, sizeof(units) - 1);
    if (unit == NULL)
        return false;
    shift = 10 * (unsigned)(unit - units + 1);
    if (*bytes > UINT64_MAX >> shift)
        return false;
    *bytes <<= shift;
    return true;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Takes the escapes out of `text`. */
static bool unescape(struct bough_bytes text, uint8_t into[SPEC_BYTES_MAX],
                     struct bough_bytes *plain)
{
    size_t len = 0;

    for (size_t at = 0; at < text.len; at++) {
        int high = -1;
        int low = -1;

        if (len == SPEC_BYTES_MAX)
            return false;
        into[len] = text.at[at];
        if (text.at[at] == '%') {
            high = at + 2 < text.len ? hex_digit(text.at[at + 1]) : -1;
            low = high >= 0 ? hex_digit(text.at[at + 2]) : -1;
            if (low < 0)
                return false;
            into[len] = (uint8_t)(high << 4 | low);
            at += 2;
        }
        len++;
    }
    *plain = bough_bytes_of(into, len);
    return true;
}

/* One filter that is no combination. */
static enum bough_err parse_one(struct bough_bytes text, struct fetch_filter *filter)
{
    struct bough_bytes rest;
    uint64_t number;

    if (bough_bytes_equal(text, bough_bytes_text("blob:none"))) {
        filter->value_bytes = 0;
        return BOUGH_OK;
    }
    if (bough_bytes_drop(&text, bough_bytes_text("blob:limit="))) {
        if (!read_size(text, &number))
            return BOUGH_INVALID;
        if (number < filter->value_bytes)
            filter->value_bytes = number;
        return BOUGH_OK;
    }
    if (!bough_bytes_drop(&text, bough_bytes_text("tree:")) || !read_number(text, &number, &rest) ||
        rest.len > 0)
        return BOUGH_INVALID;
    if (number < filter->depth)
        filter->depth = (uint32_t)number;
    return BOUGH_OK;
}

enum bough_err fetch_filter_parse(struct bough_bytes text, struct fetch_filter *filter)
{
    struct fetch_filter made = *filter;
    bool more = bough_bytes_drop(&text, bough_bytes_text("combine:"));
    uint8_t room[SPEC_BYTES_MAX];

    if (!more)
        return parse_one(text, filter);
    while (more) {
        const uint8_t *plus = text.len == 0 ? NULL : memchr(text.at, '+', text.len);
        size_t len = plus == NULL ? text.len : (size_t)(plus - text.at);
        struct bough_bytes plain;

        more = plus != NULL;
        if (!unescape(bough_bytes_of(text.at, len), room, &plain))
            return BOUGH_INVALID;
        BOUGH_TRY(parse_one(plain, &made));
        text.at += len + (more ? 1 : 0);
        text.len -= len + (more ? 1 : 0);
    }
    *filter = made;
    return BOUGH_OK;
}
