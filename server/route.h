/* SPDX-License-Identifier: ISC
 *
 * route.h - which handler serves a path.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "request.h"

/* How a route takes the request's body. */
enum route_body {
    ROUTE_BODY_NONE,  /* one that comes nevertheless is read and dropped */
    ROUTE_BODY_WHOLE, /* in request->body, at most BOUGH_JSON_BODY_BYTES_MAX */
    ROUTE_BODY_PIECES /* the handler runs before it and sets request->sink, or refuses */
};

struct route {
    enum http_method method; /* HTTP_GET serves HEAD too */
    const char *path; /* segments; "{}" = one segment, "{*}" = all that follows, one or more */
    enum route_body body;
    bool always; /* served also while the store is being opened, and after a sync failed */
    enum bough_err (*handle)(struct request *request);
};

/* Finds the route of request->in and decodes the path's variable parts into request->words.  NULL
 * when there is none: then the refusal is already made up (404, 405 with Allow, 400), or for
 * OPTIONS the answer. */
const struct route *route_find(struct request *request);

#endif
