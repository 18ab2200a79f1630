/* SPDX-License-Identifier: ISC
 *
 * http_client.h - HTTP/1.1 requests over one kept-alive connection.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "bough/arena.h"
#include "bough/err.h"
#include <stdio.h>

#define HTTP_CLIENT_HEAD_MAX   16384u
#define HTTP_CLIENT_TIMEOUT_MS 30000 /* without a byte from the server */

struct http_client {
    char host[64]; /* a name or address, for connecting and for the Host field */
    char port[8];
    int fd; /* -1 = not connected */
    uint8_t buffer[HTTP_CLIENT_HEAD_MAX];
    size_t len; /* bytes in the buffer that were not looked at yet */
    size_t at;
    bool answered; /* the response began before the whole request was sent */
};

struct http_request {
    const char *method;
    const char *target;      /* percent-encoded, from '/' on */
    const char *headers;     /* further header lines, each with "\r\n"; NULL = none */
    struct bough_bytes body; /* sent if body.at is not NULL */
    FILE *body_file;         /* or this, body_bytes of it */
    uint64_t body_bytes;
};

struct http_response {
    unsigned status;
    char etag[80];                   /* without the quotes; empty = none */
    char commit[72];                 /* Bough-Commit */
    bool unchanged;                  /* Bough-Unchanged */
    char next[HTTP_CLIENT_HEAD_MAX]; /* the target of Link: <...>; rel="next"; empty = none */
    struct bough_bytes body;         /* in the arena, unless it went to a file */
};

/* A client for "http://HOST[:PORT][/]"; does not connect yet.  BOUGH_INVALID. */
BOUGH_MUST_CHECK enum bough_err http_client_init(struct http_client *client, const char *url);

/* Closes the connection. */
void http_client_release(struct http_client *client);

/* Sends a request and reads its response; a server that answers before it has all of the request
 * (a value past the limit) is listened to.  A 2xx body is written to `into` if that is not NULL,
 * every other one goes to `arena`.  A connection that the server closed while it was idle is opened
 * anew once.  BOUGH_CLOSED (no server there, or it went away), BOUGH_TIMEOUT, BOUGH_INVALID (not
 * HTTP), BOUGH_IO (`into` or body_file), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err http_client_call(struct http_client *client,
                                                 const struct http_request *request,
                                                 struct bough_arena *arena, FILE *into,
                                                 struct http_response *response);

#endif
