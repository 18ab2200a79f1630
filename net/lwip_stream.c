/* SPDX-License-Identifier: ISC
 *
 * lwip_stream.c - a TCP connection of lwIP as a stream.
 *
 * Owns what was received and not yet read; lwIP owns what was written and not yet acknowledged.
 *   (1) `pcb` is lwIP's and alive, or NULL: lwIP's error callback, a close or a reset clears it.
 *   (2) base.readable is true exactly when bytes, the end or a reset wait to be read.
 *   (3) base.writable turns false only when lwIP has no room, and true again only by its callbacks.
 *   (4) lwIP's window is opened for bytes that were read, never for bytes that wait: a client that
 *       sends faster than we read is held back.
 * No function here runs inside another of lwIP's calls but the callbacks, and these never free.
 */
#include "lwip_parts.h"

#include "bough/limits.h"
#include <stdio.h>
#include <string.h>

#define POLL_TICKS 12u /* of 40 ms: how often a stalled writer looks for room again */

static struct lwip_stream *stream_of(struct bough_stream *base)
{
    return (struct lwip_stream *)base;
}

static void turn_readable(struct lwip_stream *stream)
{
    stream->base.readable = true;
    stream->owner->changed = true;
}

static void turn_writable(struct lwip_stream *stream)
{
    if (!stream->base.writable)
        stream->owner->changed = true;
    stream->base.writable = true;
}

/* Takes our callbacks off a pcb that lwIP finishes by itself. */
static void detach(struct lwip_stream *stream)
{
    struct tcp_pcb *pcb = stream->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_err(pcb, NULL);
    stream->pcb = NULL;
}

/* Bytes came, or (NULL) the peer's end. */
static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *packet, err_t err)
{
    struct lwip_stream *stream = arg;

    assert(stream->pcb == pcb && !stream->reset);
    (void)pcb;
    (void)err;
    if (packet == NULL)
        stream->ended = true;
    else if (stream->received == NULL)
        stream->received = packet;
    else
        pbuf_cat(stream->received, packet);
    /* Both directions are over: from TIME_WAIT lwIP frees the pcb without telling. */
    if (stream->ended && stream->shut)
        detach(stream);
    turn_readable(stream);
    return ERR_OK;
}

/* The peer acknowledged: there may be room. */
static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct lwip_stream *stream = arg;

    assert(stream->pcb == pcb);
    (void)len;
    if (tcp_sndbuf(pcb) >= TCP_SNDLOWAT && tcp_sndqueuelen(pcb) < TCP_SNDQUEUELOWAT)
        turn_writable(stream);
    return ERR_OK;
}

/* Now and then: a write that failed for lack of memory may go through now. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    assert(arg != NULL);
    if (tcp_sndbuf(pcb) > 0 && tcp_sndqueuelen(pcb) < TCP_SNDQUEUELOWAT)
        turn_writable(arg);
    return ERR_OK;
}

/* Reset, given up, or (ERR_CLSD) closed in order on both sides; lwIP frees the pcb. */
static void on_error(void *arg, err_t err)
{
    struct lwip_stream *stream = arg;

    assert(stream->pcb != NULL);
    assert(err != ERR_CLSD || stream->ended);
    stream->pcb = NULL;
    stream->reset = err != ERR_CLSD;
    turn_readable(stream);
    turn_writable(stream);
}

/* How many bytes one buffer at the front of `received` still has. */
static size_t front_bytes(const struct lwip_stream *stream)
{
    assert(stream->received != NULL && stream->read_bytes <= stream->received->len);
    return (size_t)stream->received->len - stream->read_bytes;
}

/* Takes the first buffer off the chain. */
static void drop_front(struct lwip_stream *stream)
{
    struct pbuf *front = stream->received;

    stream->received = front->next;
    stream->read_bytes = 0;
    if (front->next != NULL)
        pbuf_ref(front->next);
    (void)pbuf_free(front);
}

/* Opens the window for bytes that were taken; lwIP counts them in 16 bits. */
static void open_window(struct tcp_pcb *pcb, size_t bytes)
{
    while (bytes > 0) {
        u16_t step = bytes < UINT16_MAX ? (u16_t)bytes : UINT16_MAX;

        tcp_recved(pcb, step);
        bytes -= step;
    }
}

static enum bough_err stream_read(struct bough_stream *base, void *into, size_t max, size_t *got)
{
    struct lwip_stream *stream = stream_of(base);
    uint8_t *to = into;

    *got = 0;
    while (stream->received != NULL && *got < max) {
        size_t here = front_bytes(stream);
        size_t step = here < max - *got ? here : max - *got;

        memcpy(to + *got, (const uint8_t *)stream->received->payload + stream->read_bytes, step);
        *got += step;
        stream->read_bytes = (uint16_t)(stream->read_bytes + step);
        if (step == here)
            drop_front(stream);
    }
    if (stream->pcb != NULL && *got > 0)
        open_window(stream->pcb, *got);
    base->readable = stream->received != NULL || stream->ended || stream->reset;
    if (*got > 0)
        return BOUGH_OK;
    return stream->reset ? BOUGH_IO : stream->ended ? BOUGH_CLOSED : BOUGH_NOT_READY;
}

static enum bough_err stream_write(struct bough_stream *base, const void *from, size_t len,
                                   size_t *took)
{
    struct lwip_stream *stream = stream_of(base);
    size_t step = len < UINT16_MAX ? len : UINT16_MAX;
    err_t err = ERR_MEM;

    *took = 0;
    if (stream->shut)
        return BOUGH_CLOSED;
    if (stream->pcb == NULL)
        return BOUGH_IO;
    if (step > tcp_sndbuf(stream->pcb))
        step = tcp_sndbuf(stream->pcb);
    /* No memory for all of it may still be memory for a little. */
    for (; step > 0 && err == ERR_MEM; step = step > TCP_MSS ? step / 4 : 0) {
        err = tcp_write(stream->pcb, from, (u16_t)step, TCP_WRITE_FLAG_COPY);
        if (err == ERR_OK) {
            *took = step;
            stream->unsent = true;
            return BOUGH_OK;
        }
    }
    if (err != ERR_MEM)
        return BOUGH_IO;
    base->writable = false;
    return BOUGH_NOT_READY;
}

static void stream_shut(struct bough_stream *base)
{
    struct lwip_stream *stream = stream_of(base);

    if (stream->pcb == NULL || stream->shut)
        return;
    /* Without memory for the FIN lwIP remembers that it is due, and answers ERR_OK. */
    if (tcp_shutdown(stream->pcb, 0, 1) != ERR_OK)
        bough_log(stream->owner->env->log, BOUGH_DEBUG, "lwip", "%s: half-close failed",
                  base->peer);
    stream->shut = true;
}

/* Gives lwIP its part back; it goes on sending by itself. */
static void leave_to_lwip(struct lwip_stream *stream, size_t unread_bytes)
{
    struct tcp_pcb *pcb = stream->pcb;

    detach(stream);
    /* With bytes unread lwIP would reset the connection, and the peer lose what it has not read. */
    open_window(pcb, unread_bytes);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void stream_close(struct bough_stream *base)
{
    struct lwip_stream *stream = stream_of(base);
    struct lwip_streams *owner = stream->owner;
    struct lwip_stream **link = &owner->all;
    size_t unread_bytes = 0;

    while (stream->received != NULL) {
        unread_bytes += front_bytes(stream);
        drop_front(stream);
    }
    if (stream->pcb != NULL)
        leave_to_lwip(stream, unread_bytes);
    while (*link != stream) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = stream->next;
    assert(owner->count > 0);
    owner->count--;
    bough_heap_give(owner->env->heap, stream, sizeof(*stream));
}

static const struct bough_stream_ops stream_ops = {
    .read = stream_read,
    .write = stream_write,
    .shut = stream_shut,
    .close = stream_close,
};

enum bough_err lwip_stream_open(struct lwip_streams *streams, struct tcp_pcb *pcb,
                                struct lwip_stream **result)
{
    struct lwip_stream *stream;
    char address[16];

    if (streams->count >= BOUGH_CONNECTIONS_MAX + BOUGH_NET_BACKLOG_MAX)
        return BOUGH_BUSY;
    stream = bough_heap_take(streams->env->heap, sizeof(*stream));
    if (stream == NULL)
        return BOUGH_NO_MEMORY;
    *stream = (struct lwip_stream){.base = {.ops = &stream_ops, .writable = true},
                                   .owner = streams,
                                   .next = streams->all,
                                   .pcb = pcb};
    (void)ip4addr_ntoa_r(ip_2_ip4(&pcb->remote_ip), address, sizeof(address));
    (void)snprintf(stream->base.peer, sizeof(stream->base.peer), "%s:%u", address,
                   (unsigned)pcb->remote_port);
    streams->all = stream;
    streams->count++;
    tcp_arg(pcb, stream);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, POLL_TICKS);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb); /* sending is put off until lwip_stream_send_all instead */
    *result = stream;
    return BOUGH_OK;
}

void lwip_stream_send_all(struct lwip_streams *streams)
{
    for (struct lwip_stream *stream = streams->all; stream != NULL; stream = stream->next) {
        if (!stream->unsent || stream->pcb == NULL)
            continue;
        stream->unsent = false;
        /* Not sent for lack of memory or ring space: lwIP's timer tries again. */
        (void)tcp_output(stream->pcb);
    }
}

bool lwip_stream_any_readable(const struct lwip_streams *streams)
{
    for (const struct lwip_stream *stream = streams->all; stream != NULL; stream = stream->next) {
        if (stream->base.readable)
            return true;
    }
    return false;
}
