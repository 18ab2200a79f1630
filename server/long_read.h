/* SPDX-License-Identifier: ISC
 *
 * long_read.h - replies that are made of history, in steps between other requests.
 */
#ifndef LONG_READ_H
#define LONG_READ_H

#include "bough/collect.h"
#include "request.h"

struct long_read;

struct long_read_ops {
    /* Begins, before the first step. */
    enum bough_err (*begin)(struct long_read *read);

    /* A bounded step.  BOUGH_OK: the reply is made up; BOUGH_NOT_READY: there is more to do. */
    enum bough_err (*step)(struct long_read *read);
};

/* The first member of what a reader keeps, in the request's arena.  Members are private to
 * long_read.c but for `request`. */
struct long_read {
    const struct long_read_ops *ops;
    struct request *request;
    struct bough_collect_pin *pins; /* one for each commit */
    size_t pin_count;
    bool begun;
};

/* Leaves the reading to be done as the request's work; until it is done, or the request gone,
 * nothing that the commits lead to is collected.  Fills in `read`; the last thing a handler does.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err long_read_start(struct long_read *read, struct request *request,
                                                const struct long_read_ops *ops,
                                                const struct bough_link *commits, size_t count);

#endif
