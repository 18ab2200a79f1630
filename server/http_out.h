/* SPDX-License-Identifier: ISC
 *
 * http_out.h - a reply as the bytes of an HTTP/1.1 response (RFC 9112).
 */
#ifndef HTTP_OUT_H
#define HTTP_OUT_H

#include "request.h"

enum http_out_stage {
    HTTP_OUT_HEAD,
    HTTP_OUT_BODY,
    HTTP_OUT_SOURCE,
    HTTP_OUT_LAST_CHUNK,
    HTTP_OUT_DONE
};

struct http_out {
    enum http_out_stage stage;
    struct bough_bytes head;
    size_t at_bytes; /* within head or body */
    uint64_t left;   /* of a source whose length is known */
    bool chunked;
    bool body_wanted; /* not for HEAD, 204, 304 */
    bool close;       /* the connection ends with this response */
};

/* Writes the head into the request's arena.  `close`: say that the connection will be closed.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err http_out_begin(struct http_out *out, struct request *request,
                                               bool close);

/* The next up to `max` >= 64 bytes of the response, their number in *got; 0 only when the stage is
 * HTTP_OUT_DONE.  BOUGH_NOT_READY: the source has nothing yet, and is to be asked at the next turn.
 * After another error the connection must be cut. */
BOUGH_MUST_CHECK enum bough_err http_out_pull(struct http_out *out, struct request *request,
                                              uint8_t *into, size_t max, size_t *got);

/* The words for a status ("Not Found").  Static. */
const char *http_out_reason(unsigned status);

#endif
