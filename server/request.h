/* SPDX-License-Identifier: ISC
 *
 * request.h - one request while it is served: what was asked, and the reply as it is made up.
 *
 * Everything in it lives in its arena, from the moment the head is read until the last byte of the
 * reply is sent.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "bough/arena.h"
#include "bough/err.h"
#include "http_in.h"
#include "out.h"
#include "service.h"

#define REQUEST_WORDS_MAX 2u

struct request;

/* Where a reply's body comes from when it is not at hand. */
struct reply_source;

struct reply_source_ops {
    /* The next up to `max` bytes; *got = 0 only at the end.  BOUGH_NOT_READY: there is work to be
     * done first, and it goes on at the next turn.  After another error the connection is cut, so
     * that nobody takes the torn body for a whole one. */
    enum bough_err (*read)(struct reply_source *source, void *into, size_t max, size_t *got);

    /* Releases what is not in the request's arena.  May be NULL. */
    void (*close)(struct reply_source *source);
};

struct reply_source {
    const struct reply_source_ops *ops;
};

struct reply {
    unsigned status; /* 0 = there is no reply yet */
    struct out fields;
    const char *content_type;    /* NULL = no body */
    struct bough_bytes body;     /* sent first */
    struct reply_source *source; /* sent after it; owned */
    bool length_known;           /* of the source */
    uint64_t length_bytes;
};

/* Where a request's body goes piece by piece. */
struct request_sink_ops {
    /* The next bytes, borrowed for the call.  After an error abandon follows. */
    enum bough_err (*add)(struct request *request, struct bough_bytes bytes);

    /* The body is complete; makes up the reply.  Releases the sink, also after an error. */
    enum bough_err (*end)(struct request *request);

    /* The body will not be complete: releases the sink. */
    void (*abandon)(struct request *request);
};

/* Work that goes on between other requests before there is a reply. */
struct request_work_ops {
    /* A bounded step, not more than one in a turn of all requests that work.  BOUGH_OK: the reply
     * is made up; BOUGH_NOT_READY: there is more to do; another error becomes the reply. */
    enum bough_err (*step)(struct request *request);

    /* Releases what is not in the request's arena: after the last step, or when it is given up. */
    void (*end)(struct request *request);
};

struct request {
    struct service *service;
    struct bough_arena arena;
    struct http_in in;
    char id[17];                                 /* Bough-Request-Id */
    struct bough_bytes words[REQUEST_WORDS_MAX]; /* of the path, decoded (route.h) */
    struct bough_bytes body;                     /* where the route takes it as a whole */
    const struct request_sink_ops *sink;         /* where it takes it in pieces */
    void *sink_state;
    const struct request_work_ops *work; /* left by a handler that made up no reply yet */
    void *work_state;
    uint64_t body_bytes_max;
    struct reply reply;
};

#endif
