/* SPDX-License-Identifier: ISC
 *
 * virtio_rng.c - randomness from the host (virtio 1.2 section 5.4).
 *
 * Owns its queue for the length of one call.
 *   (1) Only bytes that the device says it wrote count; the rest are asked for again.
 */
#include "virtio_rng.h"

#include "virtio.h"
#include "virtqueue.h"
#include <string.h>

#define BYTES_MAX  64u
#define TIMEOUT_NS 1000000000ull
#define QUEUE_SIZE 4u

/* One request; how many bytes came in *got. */
static enum bough_err ask(struct bough_env *env, struct virtqueue *queue, void *into, uint32_t len,
                          uint32_t *got)
{
    struct virtqueue_piece piece = {.at = into, .len = len, .device_writes = true};
    uint64_t end_ns = bough_clock_now_ns(env->clock) + TIMEOUT_NS;
    enum bough_err err;
    uint16_t id;

    BOUGH_TRY(virtqueue_add(queue, &piece, 1, &id));
    virtqueue_kick(queue);
    do
        err = virtqueue_take(queue, &id, got);
    while (err == BOUGH_NOT_READY && bough_clock_now_ns(env->clock) < end_ns);
    return err == BOUGH_NOT_READY ? BOUGH_TIMEOUT : err;
}

/* As many requests as it takes, into memory that may be left to the device. */
static enum bough_err ask_all(struct bough_env *env, struct virtqueue *queue, uint8_t *into,
                              uint32_t len)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < len && done < len; i++) {
        uint32_t got;

        BOUGH_TRY(ask(env, queue, into + done, len - done, &got));
        done += got;
    }
    return done == len ? BOUGH_OK : BOUGH_IO;
}

enum bough_err virtio_rng_read(struct bough_env *env, struct bus_device *dev, void *into,
                               uint32_t len)
{
    uint8_t bytes[BYTES_MAX];
    struct virtqueue *queue = NULL;
    uint64_t features;
    enum bough_err err;

    assert(len > 0 && len <= BYTES_MAX);
    if (dev->kind != BUS_KIND_RNG)
        return BOUGH_UNSUPPORTED;
    err = virtio_start(env, dev, 0, 0, &features);
    if (err != BOUGH_OK)
        goto out;
    err = virtqueue_open(env, dev, 0, QUEUE_SIZE, &queue);
    if (err != BOUGH_OK)
        goto out;
    virtio_go(dev);
    err = ask_all(env, queue, bytes, len);
    if (err == BOUGH_OK)
        memcpy(into, bytes, len);
out:
    virtio_stop(dev);
    virtqueue_close(queue);
    return err;
}
