/* SPDX-License-Identifier: ISC
 *
 * fake_virtio.h - the device's side of a virtio device, in the test's own memory: it finds the ring
 * where the driver says, takes chains, and answers them as the test wants, lies included.
 */
#ifndef FAKE_VIRTIO_H
#define FAKE_VIRTIO_H

#include "virtio.h"
#include "virtqueue.h"
#include <string.h>

#define FAKE_QUEUES     2u
#define FAKE_QUEUE_SIZE 64u

/* The ring as the device sees it (virtio 1.2 section 2.7). */
struct fake_descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct fake_virtio {
    struct bus_device base;
    uint64_t offered;
    uint64_t accepted;
    uint8_t status;
    uint8_t config[64];
    uint16_t queue_size;
    struct bus_ring rings[FAKE_QUEUES];
    uint16_t seen[FAKE_QUEUES]; /* of the available ring */
    uint16_t done[FAKE_QUEUES]; /* of the used ring */
    uint32_t notify_count;
    uint32_t wait_count;
    void (*on_notify)(struct fake_virtio *fake, uint16_t queue); /* may be NULL */
};

static inline struct fake_virtio *fake_of(struct bus_device *dev)
{
    return (struct fake_virtio *)dev;
}

static inline uint64_t fake_features(struct bus_device *dev)
{
    return fake_of(dev)->offered;
}

static inline void fake_accept(struct bus_device *dev, uint64_t features)
{
    fake_of(dev)->accepted = features;
}

static inline uint8_t fake_status(struct bus_device *dev)
{
    return fake_of(dev)->status;
}

static inline void fake_set_status(struct bus_device *dev, uint8_t status)
{
    fake_of(dev)->status = status;
}

static inline uint16_t fake_queue_size_max(struct bus_device *dev, uint16_t queue)
{
    return queue < FAKE_QUEUES ? fake_of(dev)->queue_size : 0;
}

static inline enum bough_err fake_queue_start(struct bus_device *dev, uint16_t queue,
                                              const struct bus_ring *ring)
{
    fake_of(dev)->rings[queue] = *ring;
    return BOUGH_OK;
}

static inline void fake_notify(struct bus_device *dev, uint16_t queue)
{
    fake_of(dev)->notify_count++;
    if (fake_of(dev)->on_notify != NULL)
        fake_of(dev)->on_notify(fake_of(dev), queue);
}

static inline void fake_config(struct bus_device *dev, uint32_t at, void *into, uint32_t len)
{
    memcpy(into, fake_of(dev)->config + at, len);
}

static inline uint32_t fake_generation(struct bus_device *dev)
{
    (void)dev;
    return 0;
}

static inline void fake_wait(struct bus_device *dev, uint64_t until_ns)
{
    (void)until_ns;
    fake_of(dev)->wait_count++;
}

static inline void fake_init(struct fake_virtio *fake, uint32_t kind, uint64_t features)
{
    static const struct bus_device_ops ops = {
        .features = fake_features,
        .accept = fake_accept,
        .status = fake_status,
        .set_status = fake_set_status,
        .queue_size_max = fake_queue_size_max,
        .queue_start = fake_queue_start,
        .notify = fake_notify,
        .config = fake_config,
        .generation = fake_generation,
    };

    *fake = (struct fake_virtio){
        .base = {.ops = &ops, .kind = kind, .where = "fake", .wait = fake_wait},
        .offered = features | VIRTIO_F_VERSION_1,
        .queue_size = FAKE_QUEUE_SIZE,
    };
}

static inline struct fake_descriptor *fake_descriptor(struct fake_virtio *fake, uint16_t queue,
                                                      uint16_t id)
{
    return (struct fake_descriptor *)(uintptr_t)fake->rings[queue].descriptors + id;
}

/* The next chain's head, or false when the driver has added none. */
static inline bool fake_next(struct fake_virtio *fake, uint16_t queue, uint16_t *head)
{
    const uint16_t *available = (const uint16_t *)(uintptr_t)fake->rings[queue].available;

    if (available[1] == fake->seen[queue])
        return false;
    *head = available[2 + fake->seen[queue] % fake->rings[queue].size];
    fake->seen[queue]++;
    return true;
}

/* Says that a chain is done; anything can be said. */
static inline void fake_answer(struct fake_virtio *fake, uint16_t queue, uint32_t id, uint32_t len)
{
    uint8_t *used = (uint8_t *)(uintptr_t)fake->rings[queue].used;
    uint32_t entry[2] = {id, len};

    memcpy(used + 4 + 8u * (fake->done[queue] % fake->rings[queue].size), entry, sizeof(entry));
    fake->done[queue]++;
    memcpy(used + 2, &fake->done[queue], sizeof(uint16_t));
}

#endif
