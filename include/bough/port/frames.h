/* SPDX-License-Identifier: ISC
 *
 * port/frames.h - an Ethernet interface, one frame at a time, never blocking.
 */
#ifndef BOUGH_PORT_FRAMES_H
#define BOUGH_PORT_FRAMES_H

#include "bough/err.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define BOUGH_FRAME_HEADER_BYTES 14u
#define BOUGH_FRAME_BYTES_MIN    60u /* what a received frame is padded to with zeros */

struct bough_frames;

struct bough_frames_ops {
    /* One whole frame without its checksum.  `frame` may be reused at once.  BOUGH_NOT_READY when
     * the ring is full (the frame is dropped), BOUGH_IO. */
    enum bough_err (*send)(struct bough_frames *net, const void *frame, size_t len);

    /* The next frame into `into` of `max` >= mtu + 14 bytes, padded with zeros to at least 60;
     * BOUGH_NOT_READY when there is none, BOUGH_IO. */
    enum bough_err (*receive)(struct bough_frames *net, void *into, size_t max, size_t *len);

    /* Returns when a frame may be ready or the monotonic clock passes `until_ns`, whichever is
     * sooner; may return early. */
    void (*wait)(struct bough_frames *net, uint64_t until_ns);

    /* Stops the device (no more DMA) and releases it. */
    void (*close)(struct bough_frames *net);
};

struct bough_frames {
    const struct bough_frames_ops *ops;
    uint8_t mac[6];
    uint16_t mtu; /* payload bytes of a frame, without the Ethernet header */
};

/* Sends a frame of 14..mtu+14 bytes. */
BOUGH_MUST_CHECK static inline enum bough_err bough_frames_send(struct bough_frames *net,
                                                                const void *frame, size_t len)
{
    assert(frame != NULL && len >= BOUGH_FRAME_HEADER_BYTES);
    return len > net->mtu + (size_t)BOUGH_FRAME_HEADER_BYTES ? BOUGH_TOO_BIG
                                                             : net->ops->send(net, frame, len);
}

/* Receives one frame, or BOUGH_NOT_READY. */
BOUGH_MUST_CHECK static inline enum bough_err bough_frames_receive(struct bough_frames *net,
                                                                   void *into, size_t max,
                                                                   size_t *len)
{
    assert(into != NULL && max >= net->mtu + (size_t)BOUGH_FRAME_HEADER_BYTES);
    return net->ops->receive(net, into, max, len);
}

/* Waits for a frame, not past `until_ns` of the monotonic clock. */
static inline void bough_frames_wait(struct bough_frames *net, uint64_t until_ns)
{
    net->ops->wait(net, until_ns);
}

/* Releases the interface; NULL is allowed. */
static inline void bough_frames_close(struct bough_frames *net)
{
    if (net != NULL)
        net->ops->close(net);
}

#endif
