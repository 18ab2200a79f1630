/* SPDX-License-Identifier: ISC
 *
 * buffer.c - bytes that grow, in one piece, on the heap.
 *
 * Owns one run of room_bytes bytes.
 *   (1) len <= room_bytes, and at is NULL iff room_bytes is 0.
 * The heap has no resize, so growing takes the new run before it gives the old one back.
 */
#include "buffer.h"
#include <assert.h>

#define ROOM_BYTES_FIRST 256u

void buffer_init(struct buffer *buffer, struct bough_heap *heap, size_t limit_bytes)
{
    *buffer = (struct buffer){.heap = heap, .limit_bytes = limit_bytes};
}

void buffer_release(struct buffer *buffer)
{
    bough_heap_give(buffer->heap, buffer->at, buffer->room_bytes);
    buffer_init(buffer, buffer->heap, buffer->limit_bytes);
}

enum bough_err buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t room = buffer->room_bytes < ROOM_BYTES_FIRST ? ROOM_BYTES_FIRST : buffer->room_bytes;
    uint8_t *at;

    assert(buffer->len <= buffer->room_bytes);
    if (more <= buffer->room_bytes - buffer->len)
        return BOUGH_OK;
    if (buffer->len > buffer->limit_bytes || more > buffer->limit_bytes - buffer->len)
        return BOUGH_TOO_BIG;
    while (room - buffer->len < more)
        room = room > buffer->limit_bytes / 2 ? buffer->limit_bytes : room * 2;
    at = bough_heap_take(buffer->heap, room);
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    if (buffer->len > 0)
        memcpy(at, buffer->at, buffer->len);
    bough_heap_give(buffer->heap, buffer->at, buffer->room_bytes);
    buffer->at = at;
    buffer->room_bytes = room;
    return BOUGH_OK;
}

enum bough_err buffer_add(struct buffer *buffer, struct bough_bytes bytes)
{
    BOUGH_TRY(buffer_reserve(buffer, bytes.len));
    if (bytes.len > 0)
        memcpy(buffer->at + buffer->len, bytes.at, bytes.len);
    buffer->len += bytes.len;
    return BOUGH_OK;
}

enum bough_err buffer_text(struct buffer *buffer, const char *text)
{
    return buffer_add(buffer, bough_bytes_text(text));
}
