/* SPDX-License-Identifier: ISC
 *
 * http_chunk.h - a body in chunks (RFC 9112 section 7.1), taken apart as it arrives.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include "bough/bytes.h"

enum http_chunk_state {
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_EXTENSION,
    HTTP_CHUNK_SIZE_LF,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_DATA_CR,
    HTTP_CHUNK_DATA_LF,
    HTTP_CHUNK_TRAILER,
    HTTP_CHUNK_TRAILER_LF,
    HTTP_CHUNK_DONE
};

/* All zeros at the start of a body. */
struct http_chunk {
    enum http_chunk_state state;
    uint64_t left_bytes;  /* of the present chunk */
    unsigned digit_count; /* of its size */
    size_t line_bytes;    /* of its extension, or of the present line of the trailer */
    size_t trailer_bytes;
};

/* Takes bytes off the front of *input until there is a run of data (then in *data, borrowed from
 * the input), the input is used up, or the body has ended (state HTTP_CHUNK_DONE; what follows is
 * left). 0, or the status to answer before closing: 400, 431.  Trailers are checked and dropped. */
unsigned http_chunk_take(struct http_chunk *chunk, struct bough_bytes *input,
                         struct bough_bytes *data);

#endif
