/* SPDX-License-Identifier: ISC
 *
 * buffer.h - bytes that grow, in one piece, on the heap.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/port/heap.h"

/* Read `at` and `len` freely; the rest is private to buffer.c.  `at` moves when it grows. */
struct buffer {
    struct bough_heap *heap;
    uint8_t *at;
    size_t len;
    size_t room_bytes;
    size_t limit_bytes;
};

/* An empty buffer that grows to at most `limit_bytes`; takes nothing yet. */
void buffer_init(struct buffer *buffer, struct bough_heap *heap, size_t limit_bytes);

/* Gives the memory back; the buffer is then as after init. */
void buffer_release(struct buffer *buffer);

/* Makes room for `more` further bytes behind the present ones.  BOUGH_TOO_BIG past the buffer's
 * limit, BOUGH_NO_MEMORY; then nothing has changed. */
BOUGH_MUST_CHECK enum bough_err buffer_reserve(struct buffer *buffer, size_t more);

/* Appends bytes; errors as buffer_reserve. */
BOUGH_MUST_CHECK enum bough_err buffer_add(struct buffer *buffer, struct bough_bytes bytes);

/* Appends a C string without its NUL. */
BOUGH_MUST_CHECK enum bough_err buffer_text(struct buffer *buffer, const char *text);

/* What is in it, borrowed until it grows or is released. */
static inline struct bough_bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bough_bytes){.at = buffer->at, .len = buffer->len};
}

#endif
