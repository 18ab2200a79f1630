/* SPDX-License-Identifier: ISC
 *
 * conn.h - one client's connection: bytes in, exchanges in order, bytes out.
 */
#ifndef CONN_H
#define CONN_H

#include "bough/port/stream.h"
#include "exchange.h"

enum conn_state {
    CONN_OPEN,
    CONN_LINGERING, /* all is sent and the end announced; waiting for the client's end */
    CONN_GONE       /* to be closed */
};

/* Members are private to conn.c but for `state`. */
struct conn {
    enum conn_state state;
    struct service *service;
    struct bough_stream *stream;
    uint8_t *in; /* CONN_IN_BYTES, or NULL while nothing has arrived */
    size_t in_len;
    struct http_in_scan scan;
    struct exchange *first; /* oldest */
    struct exchange *last;
    unsigned exchange_count;
    uint8_t *out; /* or NULL while nothing is to be sent */
    size_t out_max;
    size_t out_at;
    size_t out_len;
    struct bough_bytes farewell; /* a static response for when there is no memory for a real one */
    uint64_t input_since_ns;     /* when the present head, body, or idleness began */
    uint64_t output_since_ns;    /* when there began to be something to send */
    uint64_t output_bytes;       /* sent since then */
    uint64_t linger_bytes;
    bool closing;   /* no more requests are taken */
    bool input_end; /* the client sends no more */
    bool held_back; /* input waits until replies have gone out */
};

/* Takes over `stream`, which is closed also when there is no memory.  With `refused` it only says
 * that there are too many connections. */
BOUGH_MUST_CHECK enum bough_err conn_open(struct service *service, struct bough_stream *stream,
                                          bool refused, struct conn **conn);

/* Reads what has arrived, within a turn's share, and runs the requests that are complete. */
void conn_receive(struct conn *conn);

/* Makes a step of what a request left to be done before its reply; false when none did. */
bool conn_work(struct conn *conn);

/* The turn's sync is done, or has failed: lets the replies go. */
void conn_release(struct conn *conn, bool failed);

/* Sends what may be sent and the stream takes, within a turn's share. */
void conn_send(struct conn *conn);

/* Ends what has taken too long: a late request is refused, a late connection is gone. */
void conn_expire(struct conn *conn);

/* When conn_expire has something to do, by the monotonic clock. */
uint64_t conn_deadline_ns(const struct conn *conn);

/* Whether receive, work or send would do something at once, without anything new on the stream. */
bool conn_has_work(const struct conn *conn);

/* Whether nothing is under way, so that the connection may be closed at any time. */
bool conn_is_idle(const struct conn *conn);

/* No more requests are taken; the connection ends when its replies are sent. */
void conn_stop(struct conn *conn);

/* Releases everything, and the stream. */
void conn_close(struct conn *conn);

#endif
