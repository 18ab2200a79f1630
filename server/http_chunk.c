/* SPDX-License-Identifier: ISC
 *
 * http_chunk.c - a body in chunks (RFC 9112 section 7.1), taken apart as it arrives.
 *
 * Owns nothing but the caller's state.
 *   (1) One byte of framing is looked at once, so any split of the input gives the same result.
 *   (2) A size has 1 to 15 hexadecimal digits and nothing else: no sign, no "0x", no blanks.
 *   (3) Line ends are CR LF, everywhere.
 */
#include "http_chunk.h"
#include "bough/limits.h"
#include "hex.h"
#include <assert.h>

#define SIZE_DIGITS_MAX 15u

static unsigned take_size(struct http_chunk *chunk, uint8_t c)
{
    unsigned digit = hex_digit(c);

    if (digit < 16) {
        if (++chunk->digit_count > SIZE_DIGITS_MAX)
            return 400;
        chunk->left_bytes = chunk->left_bytes << 4 | digit;
        return 0;
    }
    if (chunk->digit_count == 0 || (c != '\r' && c != ';'))
        return 400;
    chunk->line_bytes = 0;
    chunk->state = c == '\r' ? HTTP_CHUNK_SIZE_LF : HTTP_CHUNK_EXTENSION;
    return 0;
}

static unsigned take_extension(struct http_chunk *chunk, uint8_t c)
{
    if (c == '\r') {
        chunk->state = HTTP_CHUNK_SIZE_LF;
        return 0;
    }
    if ((c < 0x20 && c != '\t') || c == 0x7f || ++chunk->line_bytes > BOUGH_HTTP_CHUNK_EXT_MAX)
        return 400;
    return 0;
}

static unsigned take_trailer(struct http_chunk *chunk, uint8_t c)
{
    if (++chunk->trailer_bytes > BOUGH_HTTP_HEAD_BYTES_MAX)
        return 431;
    if (c == '\r') {
        chunk->state = HTTP_CHUNK_TRAILER_LF;
        return 0;
    }
    if ((c < 0x20 && c != '\t') || c == 0x7f || (chunk->line_bytes == 0 && (c == ' ' || c == '\t')))
        return 400;
    chunk->line_bytes++;
    return 0;
}

/* A line feed that must come now; then the state is `next`. */
static unsigned take_lf(struct http_chunk *chunk, uint8_t c, enum http_chunk_state next)
{
    chunk->state = next;
    return c == '\n' ? 0 : 400;
}

/* One byte of framing. */
static unsigned take_byte(struct http_chunk *chunk, uint8_t c)
{
    unsigned status;

    switch (chunk->state) {
    case HTTP_CHUNK_SIZE:
        return take_size(chunk, c);
    case HTTP_CHUNK_EXTENSION:
        return take_extension(chunk, c);
    case HTTP_CHUNK_SIZE_LF:
        return take_lf(chunk, c, chunk->left_bytes > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER);
    case HTTP_CHUNK_DATA_CR:
        chunk->state = HTTP_CHUNK_DATA_LF;
        return c == '\r' ? 0 : 400;
    case HTTP_CHUNK_DATA_LF:
        chunk->digit_count = 0;
        return take_lf(chunk, c, HTTP_CHUNK_SIZE);
    case HTTP_CHUNK_TRAILER:
        return take_trailer(chunk, c);
    case HTTP_CHUNK_TRAILER_LF:
        status = take_lf(chunk, c, chunk->line_bytes == 0 ? HTTP_CHUNK_DONE : HTTP_CHUNK_TRAILER);
        chunk->line_bytes = 0;
        return status;
    case HTTP_CHUNK_DATA:
    case HTTP_CHUNK_DONE:
        break;
    }
    assert(false);
    return 400;
}

/* A run of data from the front of *input. */
static void take_data(struct http_chunk *chunk, struct bough_bytes *input, struct bough_bytes *data)
{
    size_t len = chunk->left_bytes < input->len ? (size_t)chunk->left_bytes : input->len;

    *data = bough_bytes_of(input->at, len);
    *input = bough_bytes_of(input->at + len, input->len - len);
    chunk->left_bytes -= len;
    if (chunk->left_bytes == 0)
        chunk->state = HTTP_CHUNK_DATA_CR;
}

unsigned http_chunk_take(struct http_chunk *chunk, struct bough_bytes *input,
                         struct bough_bytes *data)
{
    *data = (struct bough_bytes){0};
    while (input->len > 0 && chunk->state != HTTP_CHUNK_DONE) {
        unsigned status;

        if (chunk->state == HTTP_CHUNK_DATA) {
            take_data(chunk, input, data);
            return 0;
        }
        status = take_byte(chunk, input->at[0]);
        if (status != 0)
            return status;
        *input = bough_bytes_of(input->at + 1, input->len - 1);
    }
    return 0;
}
