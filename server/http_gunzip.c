/* SPDX-License-Identifier: ISC
 *
 * http_gunzip.c - a body that travels compressed (Content-Encoding: gzip), unpacked as it arrives.
 *
 * Owns a zlib stream whose memory is the request's arena.
 *   (1) At most OUT_BYTES come out of one call: whoever counts them stops a bomb early.
 *   (2) Nothing may follow the end of the packed body.
 */
#include "http_gunzip.h"

#define ZLIB_CONST /* next_in may point to what must not be written */
#include <zlib.h>

#define OUT_BYTES        16384u
#define GZIP_WINDOW_BITS (15 + 16) /* zlib.h, inflateInit2: 32 KiB window, gzip framing */

struct http_gunzip {
    z_stream stream;
    bool done;
    uint8_t out[OUT_BYTES];
};

static void *take_memory(void *arena, uInt count, uInt size)
{
    return bough_arena_zeros(arena, count, size);
}

/* The arena is released as a whole. */
static void give_memory(void *arena, void *at)
{
    (void)arena;
    (void)at;
}

enum bough_err http_gunzip_open(struct bough_arena *arena, struct http_gunzip **gunzip)
{
    struct http_gunzip *made = bough_arena_take(arena, sizeof(*made));

    if (made == NULL)
        return BOUGH_NO_MEMORY;
    made->done = false;
    made->stream =
        (z_stream){.zalloc = take_memory, .zfree = give_memory, .opaque = arena, .avail_in = 0};
    if (inflateInit2(&made->stream, GZIP_WINDOW_BITS) != Z_OK)
        return BOUGH_NO_MEMORY;
    *gunzip = made;
    return BOUGH_OK;
}

enum bough_err http_gunzip_take(struct http_gunzip *gunzip, struct bough_bytes *input,
                                struct bough_bytes *data)
{
    uInt given = input->len < UINT16_MAX ? (uInt)input->len : UINT16_MAX;
    int status;

    *data = (struct bough_bytes){0};
    if (gunzip->done)
        return input->len == 0 ? BOUGH_OK : BOUGH_INVALID;
    gunzip->stream.next_in = input->at;
    gunzip->stream.avail_in = given;
    gunzip->stream.next_out = gunzip->out;
    gunzip->stream.avail_out = OUT_BYTES;
    status = inflate(&gunzip->stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR)
        return BOUGH_NO_MEMORY;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return BOUGH_INVALID;
    gunzip->done = status == Z_STREAM_END;
    given -= gunzip->stream.avail_in;
    *input = bough_bytes_of(input->at + given, input->len - given);
    *data = bough_bytes_of(gunzip->out, OUT_BYTES - gunzip->stream.avail_out);
    return BOUGH_OK;
}

bool http_gunzip_is_done(const struct http_gunzip *gunzip)
{
    return gunzip->done;
}
