/* SPDX-License-Identifier: ISC
 *
 * exchange.h - one request and its reply, from the first byte of the head to the last of the reply.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "http_chunk.h"
#include "http_gunzip.h"
#include "http_out.h"
#include "problem.h"
#include "route.h"

enum exchange_state {
    EXCHANGE_RECEIVING, /* the handler has not been run, or takes the body in pieces */
    EXCHANGE_WORKING,   /* it has left work to be done before there is a reply */
    EXCHANGE_READY,     /* it is, but nothing of it may be seen before the turn's sync */
    EXCHANGE_RELEASED   /* it may be sent */
};

struct exchange {
    struct exchange *next;
    enum exchange_state state;
    struct request request;
    struct http_out out;
    const struct route *route; /* NULL after a refusal */
    struct http_chunk chunk;
    struct http_gunzip *gunzip;
    struct out body;          /* gathered, for ROUTE_BODY_WHOLE */
    uint64_t wire_left_bytes; /* of a body with a known length */
    uint64_t wire_bytes;      /* of the body, so far */
    uint64_t body_bytes;      /* the same, unpacked */
    bool body_done;           /* nothing of the body is still to come */
    bool say_continue;        /* the client waits for "100 Continue" */
    bool close;               /* the connection cannot be used after this reply */
};

/* Begins an exchange for a complete head, which is copied.  Refusals are made up as its reply.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err exchange_open(struct service *service, struct bough_bytes head,
                                              struct exchange **exchange);

/* An exchange that only says why no request could be understood; closes the connection. */
BOUGH_MUST_CHECK enum bough_err exchange_refuse(struct service *service, unsigned status,
                                                struct exchange **exchange);

/* Takes the body's bytes off the front of *input; when the body is complete the handler is run.
 * Call it also with an empty input right after open. */
void exchange_feed(struct exchange *exchange, struct bough_bytes *input);

/* One step of the work of an exchange that is working. */
void exchange_work(struct exchange *exchange);

/* The body will not come (the client is gone or too slow): makes up a refusal with `kind` unless
 * there is a reply already. */
void exchange_give_up(struct exchange *exchange, enum problem_kind kind);

/* The turn's sync is done: the reply may be sent.  With `failed` it becomes a refusal first. */
void exchange_release(struct exchange *exchange, bool failed);

/* Releases everything. */
void exchange_close(struct exchange *exchange);

#endif
