/* SPDX-License-Identifier: ISC
 *
 * pkt_line.h - git's framing: four hexadecimal digits of length, then bytes (gitprotocol-common).
 */
#ifndef PKT_LINE_H
#define PKT_LINE_H

#include "bough/limits.h"
#include "buffer.h"

#define PKT_LINE_HEAD_BYTES 4u
#define PKT_LINE_DATA_MAX   (BOUGH_PKT_BYTES_MAX - PKT_LINE_HEAD_BYTES)

enum pkt_line_kind { PKT_LINE_DATA, PKT_LINE_FLUSH, PKT_LINE_DELIM, PKT_LINE_RESPONSE_END };

struct pkt_line {
    enum pkt_line_kind kind;
    struct bough_bytes data; /* as it was sent, a final newline included */
};

/* The packet at the start of `bytes`, borrowed from there; *used is how many bytes it takes.
 * BOUGH_NOT_READY when it is not all there yet (*used is then the least number of bytes that could
 * decide), BOUGH_INVALID when no packet begins like this. */
BOUGH_MUST_CHECK enum bough_err pkt_line_parse(struct bough_bytes bytes, struct pkt_line *packet,
                                               size_t *used);

/* The packet's text without its final newline, if it has one. */
struct bough_bytes pkt_line_text(const struct pkt_line *packet);

/* Writes the four digits of a packet with `len` <= PKT_LINE_DATA_MAX bytes of data. */
void pkt_line_head(uint8_t into[PKT_LINE_HEAD_BYTES], size_t len);

/* Appends a packet of `data`; errors as buffer_reserve. */
BOUGH_MUST_CHECK enum bough_err pkt_line_add(struct buffer *out, struct bough_bytes data);

/* Appends a packet of formatted text (integer, string and precision conversions), cut at 1 KiB. */
BOUGH_PRINTF(2, 3)
BOUGH_MUST_CHECK enum bough_err pkt_line_print(struct buffer *out, const char *format, ...);

/* Appends a flush packet, "0000". */
BOUGH_MUST_CHECK enum bough_err pkt_line_flush(struct buffer *out);

/* Appends a delimiter packet, "0001". */
BOUGH_MUST_CHECK enum bough_err pkt_line_delim(struct buffer *out);

#endif
