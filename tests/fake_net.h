/* SPDX-License-Identifier: ISC
 *
 * fake_net.h - a network in memory, in which the test is the client: what it sends arrives when it
 * says so, in pieces of any size, and what the service sends can be looked at, or refused.
 *
 * Time is a number that the test moves on.  Nothing is random.
 */
#ifndef FAKE_NET_H
#define FAKE_NET_H

#include "bough/port/clock.h"
#include "bough/port/stream.h"
#include <stdlib.h>
#include <string.h>

#define FAKE_CLIENTS_MAX 300

struct fake_clock {
    struct bough_clock base;
    uint64_t now_ns;
};

struct fake_client {
    struct bough_stream base; /* as the service sees it */
    char *sent;               /* by the client, not read yet */
    size_t sent_len;
    char *got; /* by the client, with a NUL behind it */
    size_t got_len;
    size_t window_bytes; /* the service may write this many more */
    size_t read_max;     /* bytes of one read, 0 = any */
    bool waiting;        /* not accepted yet */
    bool end;            /* the client sends no more */
    bool shut;           /* the service sends no more */
    bool closed;         /* the service has closed it */
};

struct fake_net {
    struct bough_net base;
    struct fake_clock clock;
    struct fake_client *clients[FAKE_CLIENTS_MAX];
    size_t client_count;
    uint64_t waited_until_ns; /* of the last wait */
};

static inline uint64_t fake_now_ns(struct bough_clock *clock)
{
    return ((struct fake_clock *)clock)->now_ns;
}

static inline uint64_t fake_wall_ns(struct bough_clock *clock)
{
    (void)clock;
    return 784111777ull * 1000000000u; /* RFC 9110's example: Sun, 06 Nov 1994 08:49:37 GMT */
}

static inline void fake_refresh(struct fake_client *client)
{
    client->base.readable = client->sent_len > 0 || client->end;
    client->base.writable = client->window_bytes > 0;
}

static inline enum bough_err fake_read(struct bough_stream *base, void *into, size_t max,
                                       size_t *got)
{
    struct fake_client *client = (struct fake_client *)base;

    if (client->sent_len == 0)
        return client->end ? BOUGH_CLOSED : BOUGH_NOT_READY;
    *got = client->sent_len < max ? client->sent_len : max;
    if (client->read_max != 0 && *got > client->read_max)
        *got = client->read_max;
    memcpy(into, client->sent, *got);
    client->sent_len -= *got;
    memmove(client->sent, client->sent + *got, client->sent_len);
    fake_refresh(client);
    return BOUGH_OK;
}

static inline enum bough_err fake_write(struct bough_stream *base, const void *from, size_t len,
                                        size_t *took)
{
    struct fake_client *client = (struct fake_client *)base;

    if (client->window_bytes == 0)
        return BOUGH_NOT_READY;
    *took = len < client->window_bytes ? len : client->window_bytes;
    client->got = realloc(client->got, client->got_len + *took + 1);
    memcpy(client->got + client->got_len, from, *took);
    client->got_len += *took;
    client->got[client->got_len] = '\0';
    client->window_bytes -= *took;
    fake_refresh(client);
    return BOUGH_OK;
}

static inline void fake_shut(struct bough_stream *base)
{
    ((struct fake_client *)base)->shut = true;
}

static inline void fake_close(struct bough_stream *base)
{
    ((struct fake_client *)base)->closed = true;
}

static inline enum bough_err fake_accept(struct bough_net *base, struct bough_stream **stream)
{
    struct fake_net *net = (struct fake_net *)base;

    for (size_t i = 0; i < net->client_count; i++) {
        if (net->clients[i]->waiting) {
            net->clients[i]->waiting = false;
            *stream = &net->clients[i]->base;
            return BOUGH_OK;
        }
    }
    return BOUGH_NOT_READY;
}

static inline enum bough_err fake_wait(struct bough_net *base, uint64_t until_ns)
{
    ((struct fake_net *)base)->waited_until_ns = until_ns;
    return BOUGH_OK;
}

static inline void fake_net_close(struct bough_net *base)
{
    (void)base;
}

static inline void fake_net_init(struct fake_net *net)
{
    static const struct bough_clock_ops clock_ops = {.now_ns = fake_now_ns,
                                                     .wall_ns = fake_wall_ns};
    static const struct bough_net_ops net_ops = {
        .accept = fake_accept, .wait = fake_wait, .close = fake_net_close};

    memset(net, 0, sizeof(*net));
    net->base.ops = &net_ops;
    net->clock.base.ops = &clock_ops;
    net->clock.now_ns = 1000000000;
}

/* A new connection, waiting to be accepted. */
static inline struct fake_client *fake_connect(struct fake_net *net)
{
    static const struct bough_stream_ops ops = {
        .read = fake_read, .write = fake_write, .shut = fake_shut, .close = fake_close};
    struct fake_client *client = calloc(1, sizeof(*client));

    client->base.ops = &ops;
    client->window_bytes = (size_t)1 << 40;
    client->waiting = true;
    client->got = calloc(1, 1);
    strcpy(client->base.peer, "192.0.2.1:4711");
    fake_refresh(client);
    net->clients[net->client_count++] = client;
    return client;
}

static inline void fake_send(struct fake_client *client, const void *bytes, size_t len)
{
    client->sent = realloc(client->sent, client->sent_len + len + 1);
    memcpy(client->sent + client->sent_len, bytes, len);
    client->sent_len += len;
    fake_refresh(client);
}

/* Forgets what the client has got so far. */
static inline void fake_forget(struct fake_client *client)
{
    client->got_len = 0;
    client->got[0] = '\0';
}

static inline void fake_net_free(struct fake_net *net)
{
    for (size_t i = 0; i < net->client_count; i++) {
        free(net->clients[i]->sent);
        free(net->clients[i]->got);
        free(net->clients[i]);
    }
    net->client_count = 0;
}

#endif
