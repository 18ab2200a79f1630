/* SPDX-License-Identifier: ISC
 *
 * lwip_open.c - a network of lwIP: listening, accepting, and the turn of its wheel.
 *
 * Owns the link, the listening pcb and the queue of connections that wait to be accepted.
 *   (1) At most one network is open in a process: lwIP's state is global.
 *   (2) Streams in the waiting queue belong to the network, all others to whoever accepted them.
 *   (3) lwIP's code runs only inside bough_net_wait and the calls on streams: never in an
 * interrupt. One wait sends what was written, takes in a bounded number of frames, and runs lwIP's
 * timers.
 */
#include "lwip_parts.h"

#include "bough/limits.h"
#include "lwip/dhcp.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include <stdio.h>
#include <string.h>

#define FRAMES_PER_TURN 64u
#define NS_PER_MS       1000000u
#define SLEEP_MS_MAX    1000u

struct lwip_net {
    struct bough_net base;
    struct bough_env *env;
    struct lwip_link link;
    struct lwip_streams streams;
    struct tcp_pcb *listener;
    struct lwip_stream *waiting_first;
    struct lwip_stream *waiting_last;
    uint16_t port;
};

static struct lwip_net *net_of(struct bough_net *base)
{
    return (struct lwip_net *)base;
}

/* lwIP has completed a handshake. */
static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct lwip_net *net = arg;
    struct lwip_stream *stream;

    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    if (lwip_stream_open(&net->streams, pcb, &stream) != BOUGH_OK) {
        bough_log(net->env->log, BOUGH_WARN, "lwip", "connection refused: %u are open",
                  (unsigned)net->streams.count);
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    tcp_backlog_delayed(pcb); /* counts against the backlog until it is accepted */
    if (net->waiting_last == NULL)
        net->waiting_first = stream;
    else
        net->waiting_last->next_waiting = stream;
    net->waiting_last = stream;
    net->streams.changed = true;
    return ERR_OK;
}

/* Takes the oldest connection out of the waiting queue. */
static struct lwip_stream *take_waiting(struct lwip_net *net)
{
    struct lwip_stream *stream = net->waiting_first;

    assert(stream != NULL);
    net->waiting_first = stream->next_waiting;
    if (net->waiting_first == NULL)
        net->waiting_last = NULL;
    stream->next_waiting = NULL;
    if (stream->pcb != NULL)
        tcp_backlog_accepted(stream->pcb);
    return stream;
}

static enum bough_err net_accept(struct bough_net *base, struct bough_stream **stream)
{
    struct lwip_net *net = net_of(base);

    if (net->waiting_first == NULL)
        return BOUGH_NOT_READY;
    *stream = &take_waiting(net)->base;
    return BOUGH_OK;
}

/* Writes down the address once there is one, and again when DHCP changes it. */
static void note_address(struct lwip_net *net)
{
    char text[sizeof(net->base.address)] = "";
    char address[16];

    if (!ip4_addr_isany(netif_ip4_addr(&net->link.netif))) {
        (void)ip4addr_ntoa_r(netif_ip4_addr(&net->link.netif), address, sizeof(address));
        (void)snprintf(text, sizeof(text), "%s:%u", address, (unsigned)net->port);
    }
    if (strcmp(text, net->base.address) == 0)
        return;
    memcpy(net->base.address, text, sizeof(text));
    net->streams.changed = true; /* ends a wait: who opens with DHCP waits for this */
    bough_log(net->env->log, BOUGH_INFO, "lwip", "address %s", text[0] == '\0' ? "lost" : text);
}

/* Whether the caller has something to do. */
static bool anything_to_do(struct lwip_net *net)
{
    bool changed = net->streams.changed;

    net->streams.changed = false;
    return changed || net->waiting_first != NULL || lwip_stream_any_readable(&net->streams);
}

/* How long lwIP's timers let us sleep, not past `until_ns`. */
static uint64_t sleep_until_ns(struct lwip_net *net, uint64_t until_ns)
{
    uint32_t sleep_ms = sys_timeouts_sleeptime();
    uint64_t now_ns = bough_clock_now_ns(net->env->clock);
    uint64_t next_ns;

    if (sleep_ms > SLEEP_MS_MAX)
        sleep_ms = SLEEP_MS_MAX;
    next_ns = now_ns + (uint64_t)sleep_ms * NS_PER_MS;
    return next_ns < until_ns ? next_ns : until_ns;
}

static enum bough_err net_wait(struct bough_net *base, uint64_t until_ns)
{
    struct lwip_net *net = net_of(base);
    uint32_t frame_count = 0;

    do {
        lwip_stream_send_all(&net->streams);
        BOUGH_TRY(lwip_link_poll(&net->link, FRAMES_PER_TURN, &frame_count));
        sys_check_timeouts();
        note_address(net);
        if (anything_to_do(net))
            break;
        if (frame_count < FRAMES_PER_TURN && bough_clock_now_ns(net->env->clock) < until_ns)
            bough_frames_wait(net->link.frames, sleep_until_ns(net, until_ns));
    } while (bough_clock_now_ns(net->env->clock) < until_ns);
    return BOUGH_OK;
}

static void net_close(struct bough_net *base)
{
    struct lwip_net *net = net_of(base);

    while (net->waiting_first != NULL)
        bough_stream_close(&take_waiting(net)->base);
    assert(net->streams.count == 0 && net->streams.all == NULL);
    if (net->listener != NULL)
        (void)tcp_close(net->listener); /* of a listening pcb: cannot fail */
    /* What lwIP still has of closed streams would keep the port taken for the next network. */
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs != NULL)
        tcp_abort(tcp_tw_pcbs);
    lwip_link_close(&net->link);
    lwip_port_close();
    bough_heap_give(net->env->heap, net, sizeof(*net));
}

static const struct bough_net_ops net_ops = {
    .accept = net_accept,
    .wait = net_wait,
    .close = net_close,
};

/* Makes the listening pcb. */
static enum bough_err listen_on(struct lwip_net *net, uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    struct tcp_pcb *listener;

    if (pcb == NULL)
        return BOUGH_NO_MEMORY;
    if (tcp_bind(pcb, IP4_ADDR_ANY, port) != ERR_OK) {
        (void)tcp_close(pcb);
        return BOUGH_BUSY;
    }
    listener = tcp_listen_with_backlog(pcb, BOUGH_NET_BACKLOG_MAX);
    if (listener == NULL) {
        (void)tcp_close(pcb);
        return BOUGH_NO_MEMORY;
    }
    net->listener = listener;
    net->port = listener->local_port;
    tcp_arg(listener, net);
    tcp_accept(listener, on_accept);
    return BOUGH_OK;
}

/* lwIP's own initialisation, once in a process. */
static void init_once(void)
{
    static bool done;

    if (!done)
        lwip_init();
    done = true;
}

enum bough_err bough_lwip_open(struct bough_env *env, struct bough_frames *frames,
                               const struct bough_lwip_config *config, struct bough_net **result)
{
    struct lwip_net *net = bough_heap_take(env->heap, sizeof(*net));
    enum bough_err err;

    if (net == NULL)
        return BOUGH_NO_MEMORY;
    *net = (struct lwip_net){.base = {.ops = &net_ops}, .env = env, .streams = {.env = env}};
    err = lwip_port_open(env);
    if (err != BOUGH_OK)
        goto out;
    init_once();
    err = lwip_link_open(&net->link, env, frames, config);
    if (err != BOUGH_OK) {
        lwip_port_close();
        goto out;
    }
    err = listen_on(net, config->port);
    if (err != BOUGH_OK) {
        net_close(&net->base);
        bough_log(env->log, BOUGH_ERROR, "lwip", "cannot listen on port %u: %s",
                  (unsigned)config->port, bough_err_name(err));
        return err;
    }
    note_address(net);
    *result = &net->base;
    return BOUGH_OK;
out:
    bough_log(env->log, BOUGH_ERROR, "lwip", "cannot open: %s", bough_err_name(err));
    bough_heap_give(env->heap, net, sizeof(*net));
    return err;
}
