/* SPDX-License-Identifier: ISC
 *
 * virtqueue.h - a split virtqueue (virtio 1.2 section 2.7), driver's side.
 */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include "bus.h"

#define VIRTQUEUE_PIECES_MAX 64u /* buffers of one chain */

struct virtqueue;

/* A piece of memory for the device; memory is mapped at its physical address. */
struct virtqueue_piece {
    void *at;
    uint32_t len;
    bool device_writes;
};

/* Makes queue `index` of a device with at most `size_max` entries (fewer if the device wants) and
 * starts it.  BOUGH_UNSUPPORTED (no such queue), BOUGH_NO_MEMORY.  The caller closes it. */
BOUGH_MUST_CHECK enum bough_err virtqueue_open(struct bough_env *env, struct bus_device *dev,
                                               uint16_t index, uint16_t size_max,
                                               struct virtqueue **queue);

/* Releases the queue's memory.  The device must have been stopped. */
void virtqueue_close(struct virtqueue *queue);

/* How many entries the queue has; ids are below it. */
uint16_t virtqueue_size(const struct virtqueue *queue);

/* Queues a chain of `count` pieces, those that the device reads first; its id in *id.  The memory
 * is the device's until virtqueue_take returns that id.  The device is told by virtqueue_kick.
 * BOUGH_BUSY when there is no room. */
BOUGH_MUST_CHECK enum bough_err virtqueue_add(struct virtqueue *queue,
                                              const struct virtqueue_piece *pieces, uint32_t count,
                                              uint16_t *id);

/* Tells the device, if it wants to be told and anything was added since the last kick. */
void virtqueue_kick(struct virtqueue *queue);

/* The next chain that the device is done with: its id and how many bytes were written.
 * BOUGH_NOT_READY when there is none; BOUGH_CORRUPT when the device says something that cannot be
 * (no such chain, more bytes than there was room for): the queue must not be used any more. */
BOUGH_MUST_CHECK enum bough_err virtqueue_take(struct virtqueue *queue, uint16_t *id,
                                               uint32_t *len);

/* Whether the device is asked to interrupt when it is done with a chain; off at first.  After
 * switching on, look with virtqueue_take once more before sleeping. */
void virtqueue_interrupts(struct virtqueue *queue, bool on);

#endif
