/* SPDX-License-Identifier: ISC
 *
 * virtio_net.c - a virtio network card (virtio 1.2 section 5.1) as a frames port, no offloads.
 *
 * Owns two queues and a buffer for each of their entries.
 *   (1) Every receive buffer is either with the device or was just copied out of and goes back.
 *   (2) Every send buffer is with the device or on the free list `idle`.
 *   (3) The device is told of sent frames when the caller looks for received ones, waits, or half
 * of the send buffers are taken: one notification for a burst. (4) A queue that broke the rules is
 * not used again: everything is BOUGH_IO from then on.
 */
#include "bough/virtio.h"

#include "virtio.h"
#include "virtqueue.h"
#include <string.h>

#define F_MAC (1ull << 5) /* section 5.1.3 */

#define QUEUE_RECEIVE 0u
#define QUEUE_SEND    1u
#define ENTRIES       128u
#define HEADER_BYTES  12u /* section 5.1.6; legacy devices leave the last field out */
#define HEADER_OLD    10u
#define MTU           1500u
#define BUFFER_BYTES  1536u /* header and the longest frame */
#define CONFIG_MAC    0u
#define MAC_LOCAL     0x02u
#define MAC_GROUP     0x01u

_Static_assert(HEADER_BYTES + BOUGH_FRAME_HEADER_BYTES + MTU <= BUFFER_BYTES, "frames fit");

/* One direction: its queue and, for each entry id, the buffer that is with the device. */
struct lane {
    struct virtqueue *queue;
    uint8_t *buffers;
    uint16_t buffer_of[ENTRIES]; /* by chain id */
    uint16_t count;
};

struct virtio_net {
    struct bough_frames base;
    struct bough_env *env;
    struct bus_device *bus;
    struct lane receive;
    struct lane send;
    uint16_t idle[ENTRIES]; /* send buffers that are free */
    uint16_t idle_count;
    uint32_t header_bytes;
    bool dead;
};

static struct virtio_net *net_of(struct bough_frames *base)
{
    return (struct virtio_net *)base;
}

static uint8_t *buffer(const struct lane *lane, uint16_t number)
{
    assert(number < lane->count);
    return lane->buffers + (size_t)number * BUFFER_BYTES;
}

/* Hands receive buffer `number` to the device. */
static enum bough_err lend(struct virtio_net *net, uint16_t number)
{
    struct virtqueue_piece piece = {
        .at = buffer(&net->receive, number), .len = BUFFER_BYTES, .device_writes = true};
    uint16_t id;

    BOUGH_TRY(virtqueue_add(net->receive.queue, &piece, 1, &id));
    net->receive.buffer_of[id] = number;
    return BOUGH_OK;
}

/* Takes back what the device has sent. */
static enum bough_err reap(struct virtio_net *net)
{
    enum bough_err err;
    uint16_t id;
    uint32_t len;

    while ((err = virtqueue_take(net->send.queue, &id, &len)) == BOUGH_OK) {
        assert(net->idle_count < net->send.count);
        net->idle[net->idle_count++] = net->send.buffer_of[id];
    }
    return err == BOUGH_NOT_READY ? BOUGH_OK : err;
}

static enum bough_err broken(struct virtio_net *net, enum bough_err err)
{
    bough_log(net->env->log, BOUGH_ERROR, "virtio", "%s: card given up: %s", net->bus->where,
              bough_err_name(err));
    virtio_stop(net->bus);
    net->dead = true;
    return BOUGH_IO;
}

static enum bough_err net_send(struct bough_frames *base, const void *frame, size_t len)
{
    struct virtio_net *net = net_of(base);
    struct virtqueue_piece piece;
    enum bough_err err = net->dead ? BOUGH_IO : reap(net);
    uint16_t number;
    uint16_t id;

    if (net->dead)
        return BOUGH_IO;
    if (err != BOUGH_OK)
        return broken(net, err);
    if (net->idle_count == 0) {
        virtqueue_kick(net->send.queue);
        return BOUGH_NOT_READY;
    }
    number = net->idle[--net->idle_count];
    piece.at = buffer(&net->send, number);
    piece.len = net->header_bytes + (uint32_t)len;
    piece.device_writes = false;
    assert(piece.len <= BUFFER_BYTES);
    memset(piece.at, 0, net->header_bytes); /* no offloads: all fields are zero */
    memcpy((uint8_t *)piece.at + net->header_bytes, frame, len);
    err = virtqueue_add(net->send.queue, &piece, 1, &id);
    assert(err == BOUGH_OK); /* there are as many entries as buffers */
    net->send.buffer_of[id] = number;
    if (net->idle_count < net->send.count / 2)
        virtqueue_kick(net->send.queue);
    return BOUGH_OK;
}

static enum bough_err net_receive(struct bough_frames *base, void *into, size_t max, size_t *len)
{
    struct virtio_net *net = net_of(base);
    enum bough_err err;
    uint32_t got;
    uint16_t id;
    uint16_t number;

    if (net->dead)
        return BOUGH_IO;
    err = virtqueue_take(net->receive.queue, &id, &got);
    if (err == BOUGH_NOT_READY) {
        virtqueue_kick(net->send.queue);
        virtqueue_kick(net->receive.queue);
        return BOUGH_NOT_READY;
    }
    if (err != BOUGH_OK)
        return broken(net, err);
    number = net->receive.buffer_of[id];
    got = got < net->header_bytes ? 0 : got - net->header_bytes;
    *len = got < max ? got : max;
    memcpy(into, buffer(&net->receive, number) + net->header_bytes, *len);
    if (*len < BOUGH_FRAME_BYTES_MIN) {
        memset((uint8_t *)into + *len, 0, BOUGH_FRAME_BYTES_MIN - *len);
        *len = BOUGH_FRAME_BYTES_MIN;
    }
    err = lend(net, number);
    assert(err == BOUGH_OK); /* its entry has just become free */
    return BOUGH_OK;
}

static void net_wait(struct bough_frames *base, uint64_t until_ns)
{
    struct virtio_net *net = net_of(base);

    virtqueue_kick(net->send.queue);
    virtqueue_kick(net->receive.queue);
    net->bus->wait(net->bus, until_ns);
}

/* Releases what was opened; parts may be missing. */
static void net_close(struct bough_frames *base)
{
    struct virtio_net *net = net_of(base);
    struct lane *lanes[] = {&net->receive, &net->send};

    virtio_stop(net->bus);
    for (size_t i = 0; i < 2; i++) {
        virtqueue_close(lanes[i]->queue);
        bough_heap_give(net->env->heap, lanes[i]->buffers, (size_t)lanes[i]->count * BUFFER_BYTES);
    }
    bough_heap_give(net->env->heap, net, sizeof(*net));
}

static const struct bough_frames_ops net_ops = {
    .send = net_send,
    .receive = net_receive,
    .wait = net_wait,
    .close = net_close,
};

/* Makes one direction's queue and buffers. */
static enum bough_err open_lane(struct virtio_net *net, struct lane *lane, uint16_t index)
{
    BOUGH_TRY(virtqueue_open(net->env, net->bus, index, ENTRIES, &lane->queue));
    lane->count = virtqueue_size(lane->queue);
    assert(lane->count <= ENTRIES);
    lane->buffers = bough_heap_take(net->env->heap, (size_t)lane->count * BUFFER_BYTES);
    return lane->buffers == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* The card's address, or a random one where it has none. */
static enum bough_err read_mac(struct virtio_net *net, uint64_t features)
{
    if ((features & F_MAC) != 0) {
        virtio_config(net->bus, CONFIG_MAC, net->base.mac, sizeof(net->base.mac));
        return BOUGH_OK;
    }
    BOUGH_TRY(bough_entropy_fill(net->env->entropy, net->base.mac, sizeof(net->base.mac)));
    net->base.mac[0] = (uint8_t)((net->base.mac[0] | MAC_LOCAL) & ~MAC_GROUP);
    return BOUGH_OK;
}

/* Negotiates, makes the queues and hands out all receive buffers. */
static enum bough_err start(struct virtio_net *net)
{
    uint64_t features;

    BOUGH_TRY(virtio_start(net->env, net->bus, F_MAC, 0, &features));
    BOUGH_TRY(read_mac(net, features));
    BOUGH_TRY(open_lane(net, &net->receive, QUEUE_RECEIVE));
    BOUGH_TRY(open_lane(net, &net->send, QUEUE_SEND));
    for (uint16_t i = 0; i < net->send.count; i++)
        net->idle[net->idle_count++] = i;
    for (uint16_t i = 0; i < net->receive.count; i++)
        BOUGH_TRY(lend(net, i));
    virtqueue_interrupts(net->receive.queue, true);
    virtio_go(net->bus);
    virtqueue_kick(net->receive.queue);
    return BOUGH_OK;
}

enum bough_err bough_virtio_net_open(struct bough_env *env, struct bus_device *bus,
                                     struct bough_frames **frames)
{
    struct virtio_net *net;
    enum bough_err err;

    if (bus->kind != BUS_KIND_NET)
        return BOUGH_UNSUPPORTED;
    net = bough_heap_take(env->heap, sizeof(*net));
    if (net == NULL)
        return BOUGH_NO_MEMORY;
    *net = (struct virtio_net){.base = {.ops = &net_ops, .mtu = MTU},
                               .env = env,
                               .bus = bus,
                               .header_bytes = bus->legacy ? HEADER_OLD : HEADER_BYTES};
    err = start(net);
    if (err != BOUGH_OK) {
        bough_log(env->log, BOUGH_ERROR, "virtio", "%s: no network card: %s", bus->where,
                  bough_err_name(err));
        net_close(&net->base);
        return err;
    }
    *frames = &net->base;
    return BOUGH_OK;
}
