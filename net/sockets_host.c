/* SPDX-License-Identifier: ISC
 *
 * sockets_host.c - TCP by the host's sockets and epoll.
 *
 * Owns the listening socket, the epoll descriptor and, while they are open, the streams.
 *   (1) epoll is edge-triggered: `readable` and `writable` are set by an event and taken back only
 *       by the call that answered BOUGH_NOT_READY, so no event is lost and none is asked for twice.
 *   (2) At most SOCKETS_STREAMS_MAX streams are open; further connections wait in the kernel's
 *       queue.
 *   (3) No call blocks but epoll_wait.
 */
#include "bough/limits.h"
#include "bough/net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX          64
#define LISTEN_BACKLOG      128
#define SOCKETS_STREAMS_MAX (BOUGH_CONNECTIONS_MAX + 64u)
#define WAIT_MS_MAX         60000

struct sockets {
    struct bough_net base;
    struct bough_env *env;
    int listener;
    int epoll;
    int waker; /* an eventfd: the one thing that another thread may touch */
    unsigned stream_count;
    bool waiting; /* a connection may wait at the listener */
};

struct socket_stream {
    struct bough_stream base;
    struct sockets *net;
    int fd;
};

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static struct sockets *sockets_of(struct bough_net *net)
{
    return (struct sockets *)net;
}

static struct socket_stream *stream_of(struct bough_stream *stream)
{
    return (struct socket_stream *)stream;
}

/* ---- streams ---- */

static enum bough_err stream_read(struct bough_stream *base, void *into, size_t max, size_t *got)
{
    struct socket_stream *stream = stream_of(base);

    for (;;) {
        ssize_t len = recv(stream->fd, into, max, 0);

        if (len > 0) {
            *got = (size_t)len;
            return BOUGH_OK;
        }
        if (len == 0)
            return BOUGH_CLOSED;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return BOUGH_IO;
        base->readable = false;
        return BOUGH_NOT_READY;
    }
}

static enum bough_err stream_write(struct bough_stream *base, const void *from, size_t len,
                                   size_t *took)
{
    struct socket_stream *stream = stream_of(base);

    for (;;) {
        ssize_t put = send(stream->fd, from, len, MSG_NOSIGNAL);

        if (put > 0) {
            *took = (size_t)put;
            return BOUGH_OK;
        }
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && (errno == EPIPE || errno == ECONNRESET))
            return BOUGH_CLOSED;
        if (put < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return BOUGH_IO;
        base->writable = false;
        return BOUGH_NOT_READY;
    }
}

static void stream_shut(struct bough_stream *base)
{
    (void)shutdown(stream_of(base)->fd, SHUT_WR); /* fails only if the peer is gone already */
}

static void stream_close(struct bough_stream *base)
{
    struct socket_stream *stream = stream_of(base);
    struct sockets *net = stream->net;

    assert(net->stream_count > 0);
    (void)close(stream->fd); /* leaves epoll by this */
    net->stream_count--;
    bough_heap_give(net->env->heap, stream, sizeof(*stream));
}

static const struct bough_stream_ops stream_ops = {
    .read = stream_read, .write = stream_write, .shut = stream_shut, .close = stream_close};

/* ---- the network ---- */

/* "127.0.0.1:80" or "[::1]:80". */
static void print_address(const union socket_address *address, char *text, size_t max)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        (void)snprintf(text, max, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        (void)snprintf(text, max, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

static bool watch(struct sockets *net, int fd, uint32_t events, void *who)
{
    struct epoll_event event = {.events = events | EPOLLET, .data = {.ptr = who}};

    return epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* A stream for an accepted socket, which it owns from now on, also after an error. */
static enum bough_err make_stream(struct sockets *net, int fd, const union socket_address *peer,
                                  struct bough_stream **result)
{
    struct socket_stream *stream = bough_heap_take(net->env->heap, sizeof(*stream));
    int yes = 1;

    if (stream == NULL) {
        (void)close(fd);
        return BOUGH_NO_MEMORY;
    }
    *stream = (struct socket_stream){
        .base = {.ops = &stream_ops, .readable = true, .writable = true}, .net = net, .fd = fd};
    print_address(peer, stream->base.peer, sizeof(stream->base.peer));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* only slower without */
    if (!watch(net, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, stream)) {
        (void)close(fd);
        bough_heap_give(net->env->heap, stream, sizeof(*stream));
        return BOUGH_IO;
    }
    net->stream_count++;
    *result = &stream->base;
    return BOUGH_OK;
}

static enum bough_err net_accept(struct bough_net *base, struct bough_stream **stream)
{
    struct sockets *net = sockets_of(base);
    union socket_address peer = {0};
    socklen_t len = sizeof(peer);
    int fd;

    assert(net->stream_count <= SOCKETS_STREAMS_MAX);
    if (!net->waiting || net->stream_count == SOCKETS_STREAMS_MAX)
        return BOUGH_NOT_READY;
    fd = accept(net->listener, &peer.any, &len);
    if (fd < 0) {
        /* Out of descriptors, or the connection is gone again: in both cases later is soon enough.
         */
        net->waiting = errno != EAGAIN && errno != EWOULDBLOCK;
        return BOUGH_NOT_READY;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        (void)close(fd);
        return BOUGH_NOT_READY;
    }
    return make_stream(net, fd, &peer, stream);
}

/* How long epoll may wait. */
static int wait_ms(struct sockets *net, uint64_t until_ns)
{
    uint64_t now = until_ns == 0 ? 0 : bough_clock_now_ns(net->env->clock);
    uint64_t ms = until_ns <= now ? 0 : (until_ns - now + 999999) / 1000000;

    return ms > WAIT_MS_MAX ? WAIT_MS_MAX : (int)ms;
}

static enum bough_err net_wait(struct bough_net *base, uint64_t until_ns)
{
    struct sockets *net = sockets_of(base);
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(net->epoll, events, EVENTS_MAX, wait_ms(net, until_ns));

    if (count < 0 && errno == EINTR)
        return BOUGH_OK;
    if (count < 0) {
        bough_log(net->env->log, BOUGH_ERROR, "sockets", "epoll_wait: %s", strerror(errno));
        return BOUGH_IO;
    }
    for (int i = 0; i < count; i++) {
        struct socket_stream *stream = events[i].data.ptr;

        if (stream == NULL) {
            net->waiting = true;
            continue;
        }
        if (events[i].data.ptr == net)
            continue; /* woken; the counter may stay as it is, because only changes are reported */
        if ((events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            stream->base.readable = true;
        if ((events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
            stream->base.writable = true;
    }
    return BOUGH_OK;
}

static void net_close(struct bough_net *base)
{
    struct sockets *net = sockets_of(base);

    assert(net->stream_count == 0);
    if (net->epoll >= 0)
        (void)close(net->epoll);
    if (net->listener >= 0)
        (void)close(net->listener);
    if (net->waker >= 0)
        (void)close(net->waker);
    bough_heap_give(net->env->heap, net, sizeof(*net));
}

static const struct bough_net_ops net_ops = {
    .accept = net_accept, .wait = net_wait, .close = net_close};

/* Understands an IPv4 or IPv6 literal; gives the address's length, or 0. */
static socklen_t parse_address(const char *host, uint16_t port, union socket_address *address)
{
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof(address->v4);
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        return sizeof(address->v6);
    }
    return 0;
}

/* Logs a failed system call and gives its error; errno must still be that of the call. */
static enum bough_err failed(struct sockets *net, const char *call, const char *host, uint16_t port)
{
    int number = errno;

    bough_log(net->env->log, BOUGH_ERROR, "sockets", "%s %s port %u: %s", call, host, port,
              strerror(number));
    if (number == EADDRINUSE)
        return BOUGH_BUSY;
    return number == EADDRNOTAVAIL ? BOUGH_INVALID : BOUGH_IO;
}

static enum bough_err listen_at(struct sockets *net, const char *host, uint16_t port)
{
    union socket_address address;
    socklen_t len = parse_address(host, port, &address);
    int yes = 1;

    if (len == 0) {
        bough_log(net->env->log, BOUGH_ERROR, "sockets", "\"%s\" is no address", host);
        return BOUGH_INVALID;
    }
    net->listener = socket(address.any.sa_family, SOCK_STREAM, 0);
    if (net->listener < 0 || fcntl(net->listener, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(net->listener, F_SETFD, FD_CLOEXEC) != 0)
        return failed(net, "socket", host, port);
    if (setsockopt(net->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0)
        return failed(net, "setsockopt", host, port);
    if (bind(net->listener, &address.any, len) != 0)
        return failed(net, "bind", host, port);
    if (listen(net->listener, LISTEN_BACKLOG) != 0)
        return failed(net, "listen", host, port);
    if (getsockname(net->listener, &address.any, &len) != 0)
        return failed(net, "getsockname", host, port);
    print_address(&address, net->base.address, sizeof(net->base.address));
    return BOUGH_OK;
}

enum bough_err bough_sockets_open(struct bough_env *env, const char *host, uint16_t port,
                                  struct bough_net **result)
{
    struct sockets *net = bough_heap_take(env->heap, sizeof(*net));
    enum bough_err err;

    if (net == NULL)
        return BOUGH_NO_MEMORY;
    *net = (struct sockets){.base = {.ops = &net_ops}, .env = env, .listener = -1, .waiting = true};
    net->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    net->epoll = epoll_create1(EPOLL_CLOEXEC);
    err = net->epoll < 0 ? failed(net, "epoll_create", host, port) : listen_at(net, host, port);
    if (err == BOUGH_OK &&
        (!watch(net, net->listener, EPOLLIN, NULL) || !watch(net, net->waker, EPOLLIN, net)))
        err = failed(net, "epoll_ctl", host, port);
    if (err != BOUGH_OK) {
        net_close(&net->base);
        return err;
    }
    *result = &net->base;
    return BOUGH_OK;
}

void bough_sockets_wake(struct bough_net *base)
{
    uint64_t one = 1;

    assert(base->ops == &net_ops);
    if (write(sockets_of(base)->waker, &one, sizeof(one)) < 0)
        return; /* the counter is full: then a wake is waiting already */
}
