/* SPDX-License-Identifier: ISC
 *
 * port/stream.h - byte streams from and to clients, and the network that makes them.
 *
 * Nothing here blocks but bough_net_wait.  A binding (host sockets, lwIP) keeps `readable` and
 * `writable` up to date; the event loop looks at them after each wait.
 */
#ifndef BOUGH_PORT_STREAM_H
#define BOUGH_PORT_STREAM_H

#include "bough/err.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bough_stream;

struct bough_stream_ops {
    /* 1..max bytes into `into`, their number in *got; BOUGH_NOT_READY when there are none now;
     * BOUGH_CLOSED at the end of the stream; BOUGH_IO when the connection was reset. */
    enum bough_err (*read)(struct bough_stream *stream, void *into, size_t max, size_t *got);

    /* Takes 1..len bytes, their number in *took (copied: `from` may be reused at once);
     * BOUGH_NOT_READY when there is no room now; BOUGH_CLOSED or BOUGH_IO when it is gone. */
    enum bough_err (*write)(struct bough_stream *stream, const void *from, size_t len,
                            size_t *took);

    /* No more writes: what was taken is sent, then the peer sees the end.  Reading goes on. */
    void (*shut)(struct bough_stream *stream);

    /* Releases the stream.  What was taken is still sent if the peer lets it. */
    void (*close)(struct bough_stream *stream);
};

struct bough_stream {
    const struct bough_stream_ops *ops;
    bool readable; /* a read would not answer BOUGH_NOT_READY (end and reset count) */
    bool writable; /* a write would not answer BOUGH_NOT_READY */
    char peer[56]; /* "10.0.2.2:40312", for logs */
};

struct bough_net;

struct bough_net_ops {
    /* The next waiting connection, or BOUGH_NOT_READY.  The caller closes it. */
    enum bough_err (*accept)(struct bough_net *net, struct bough_stream **stream);

    /* Moves data and timers, and returns when a stream is readable, or is writable after it was
     * not, or a connection waits, or `until_ns` of the monotonic clock has passed; may return
     * early.  Until_ns 0 = do not wait at all. */
    enum bough_err (*wait)(struct bough_net *net, uint64_t until_ns);

    /* Stops listening and releases the network; its streams must be closed before. */
    void (*close)(struct bough_net *net);
};

struct bough_net {
    const struct bough_net_ops *ops;
    char address[64]; /* where it listens, "127.0.0.1:8080"; empty while it has no address yet */
};

/* Reads up to `max` > 0 bytes. */
BOUGH_MUST_CHECK static inline enum bough_err bough_stream_read(struct bough_stream *stream,
                                                                void *into, size_t max, size_t *got)
{
    assert(into != NULL && max > 0);
    return stream->ops->read(stream, into, max, got);
}

/* Writes up to `len` > 0 bytes. */
BOUGH_MUST_CHECK static inline enum bough_err bough_stream_write(struct bough_stream *stream,
                                                                 const void *from, size_t len,
                                                                 size_t *took)
{
    assert(from != NULL && len > 0);
    return stream->ops->write(stream, from, len, took);
}

/* Ends the writing side. */
static inline void bough_stream_shut(struct bough_stream *stream)
{
    stream->ops->shut(stream);
}

/* Releases the stream; NULL is allowed. */
static inline void bough_stream_close(struct bough_stream *stream)
{
    if (stream != NULL)
        stream->ops->close(stream);
}

/* Takes the next waiting connection, or BOUGH_NOT_READY. */
BOUGH_MUST_CHECK static inline enum bough_err bough_net_accept(struct bough_net *net,
                                                               struct bough_stream **stream)
{
    return net->ops->accept(net, stream);
}

/* Waits for something to do, not past `until_ns`; BOUGH_IO when the network is broken. */
BOUGH_MUST_CHECK static inline enum bough_err bough_net_wait(struct bough_net *net,
                                                             uint64_t until_ns)
{
    return net->ops->wait(net, until_ns);
}

/* Releases the network; NULL is allowed. */
static inline void bough_net_close(struct bough_net *net)
{
    if (net != NULL)
        net->ops->close(net);
}

#endif
