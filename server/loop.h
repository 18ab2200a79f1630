/* SPDX-License-Identifier: ISC
 *
 * loop.h - the event loop: who is ready is served, then one sync, then the replies.
 */
#ifndef LOOP_H
#define LOOP_H

#include "conn.h"

/* Connections that are being told that there is no place. */
#define TURNED_AWAY_MAX 16u

/* Members are private to loop.c. */
struct loop {
    struct service *service;
    struct bough_net *net;
    struct conn *conns[BOUGH_CONNECTIONS_MAX + TURNED_AWAY_MAX];
    size_t conn_count;
    size_t work_at;           /* the connection that is asked first for a step of work */
    bool has_upkeep;          /* the devices have more to do at once */
    uint64_t collect_from_ns; /* after a collection that failed: not before */
};

/* A loop without connections over a network (borrowed). */
void loop_init(struct loop *loop, struct service *service, struct bough_net *net);

/* One turn: waits until something is ready or `until_ns` passes (0 = does not wait), serves it,
 * syncs, replies.  BOUGH_IO when the network is broken. */
BOUGH_MUST_CHECK enum bough_err loop_turn(struct loop *loop, uint64_t until_ns);

/* Turns until *stop is not 0, which a signal handler may set; looks at it once a second at least.
 * BOUGH_IO when the network is broken. */
BOUGH_MUST_CHECK enum bough_err loop_run(struct loop *loop, const volatile int *stop);

/* Finishes the requests that are complete, waits a moment for their replies to leave, and closes
 * all connections. */
void loop_close(struct loop *loop);

#endif
