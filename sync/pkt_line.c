/* SPDX-License-Identifier: ISC
 *
 * pkt_line.c - git's framing (gitprotocol-common, gitprotocol-v2), read strictly, written exactly.
 *
 * Owns nothing.  Lengths 0 to 2 are the special packets, 3 is none, 4 is an empty packet (read, not
 * written), the greatest is 65520; reading accepts digits of either case, writing uses lower case.
 */
#include "pkt_line.h"
#include "hex.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define PRINT_BYTES_MAX 1024u

/* A packet without data. */
static enum bough_err special(size_t length, struct pkt_line *packet, size_t *used)
{
    static const enum pkt_line_kind kinds[] = {PKT_LINE_FLUSH, PKT_LINE_DELIM,
                                               PKT_LINE_RESPONSE_END};

    if (length >= sizeof(kinds) / sizeof(kinds[0]))
        return BOUGH_INVALID;
    *packet = (struct pkt_line){.kind = kinds[length]};
    *used = PKT_LINE_HEAD_BYTES;
    return BOUGH_OK;
}

enum bough_err pkt_line_parse(struct bough_bytes bytes, struct pkt_line *packet, size_t *used)
{
    size_t length = 0;

    for (size_t i = 0; i < PKT_LINE_HEAD_BYTES && i < bytes.len; i++) {
        uint8_t digit = hex_digit(bytes.at[i]);

        if (digit > 15)
            return BOUGH_INVALID;
        length = length << 4 | digit;
    }
    *used = PKT_LINE_HEAD_BYTES;
    if (bytes.len < PKT_LINE_HEAD_BYTES)
        return BOUGH_NOT_READY;
    if (length < PKT_LINE_HEAD_BYTES)
        return special(length, packet, used);
    if (length > BOUGH_PKT_BYTES_MAX)
        return BOUGH_INVALID;
    *used = length;
    if (bytes.len < length)
        return BOUGH_NOT_READY;
    *packet = (struct pkt_line){
        .kind = PKT_LINE_DATA,
        .data = bough_bytes_of(bytes.at + PKT_LINE_HEAD_BYTES, length - PKT_LINE_HEAD_BYTES)};
    return BOUGH_OK;
}

struct bough_bytes pkt_line_text(const struct pkt_line *packet)
{
    struct bough_bytes text = packet->data;

    if (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    return text;
}

void pkt_line_head(uint8_t into[PKT_LINE_HEAD_BYTES], size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = len + PKT_LINE_HEAD_BYTES;

    assert(len <= PKT_LINE_DATA_MAX);
    for (unsigned i = 0; i < PKT_LINE_HEAD_BYTES; i++)
        into[i] = (uint8_t)digits[length >> (12 - 4 * i) & 15];
}

enum bough_err pkt_line_add(struct buffer *out, struct bough_bytes data)
{
    uint8_t head[PKT_LINE_HEAD_BYTES];

    pkt_line_head(head, data.len);
    BOUGH_TRY(buffer_reserve(out, sizeof(head) + data.len));
    BOUGH_TRY(buffer_add(out, bough_bytes_of(head, sizeof(head))));
    return buffer_add(out, data);
}

enum bough_err pkt_line_print(struct buffer *out, const char *format, ...)
{
    char text[PRINT_BYTES_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len >= sizeof(text))
        len = (int)sizeof(text) - 1;
    return pkt_line_add(out, bough_bytes_of(text, (size_t)len));
}

enum bough_err pkt_line_flush(struct buffer *out)
{
    return buffer_text(out, "0000");
}

enum bough_err pkt_line_delim(struct buffer *out)
{
    return buffer_text(out, "0001");
}
