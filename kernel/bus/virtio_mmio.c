/* SPDX-License-Identifier: ISC
 *
 * virtio_mmio.c - virtio devices behind a window of registers (virtio 1.2 section 4.2), versions 1
 * (legacy, section 4.2.4) and 2.
 *
 * Owns one struct per device; the registers are the device's.
 *   (1) Registers are read and written as 32 bits, the configuration space byte by byte.
 *   (2) A legacy device takes one page number for a queue: the ring is laid out for it in any case
 *       (virtqueue.c).
 */
#include "bus.h"

#include <stdio.h>

#define MAGIC        0x74726976u /* "virt" */
#define WINDOW_BYTES 0x200u
#define PAGE_BYTES   4096u
#define RESET_TRIES  100000u
#define VERSION_OLD  1u
#define VERSION_NEW  2u

enum registers {
    REG_MAGIC = 0x00,
    REG_VERSION = 0x04,
    REG_DEVICE = 0x08,
    REG_FEATURES = 0x10,
    REG_FEATURES_SELECT = 0x14,
    REG_ACCEPT = 0x20,
    REG_ACCEPT_SELECT = 0x24,
    REG_OLD_PAGE_SIZE = 0x28,
    REG_QUEUE_SELECT = 0x30,
    REG_QUEUE_MAX = 0x34,
    REG_QUEUE_SIZE = 0x38,
    REG_OLD_QUEUE_ALIGN = 0x3c,
    REG_OLD_QUEUE_PAGE = 0x40,
    REG_QUEUE_READY = 0x44,
    REG_NOTIFY = 0x50,
    REG_INTERRUPT = 0x60,
    REG_ACKNOWLEDGE = 0x64,
    REG_STATUS = 0x70,
    REG_DESCRIPTORS = 0x80,
    REG_AVAILABLE = 0x90,
    REG_USED = 0xa0,
    REG_GENERATION = 0xfc,
    REG_CONFIG = 0x100
};

struct mmio {
    struct bus_device base;
    volatile uint8_t *window;
};

static struct mmio *mmio_of(struct bus_device *dev)
{
    return (struct mmio *)dev;
}

static uint32_t get(struct bus_device *dev, uint32_t at)
{
    return *(volatile uint32_t *)(mmio_of(dev)->window + at);
}

static void set(struct bus_device *dev, uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)(mmio_of(dev)->window + at) = value;
}

static uint64_t mmio_features(struct bus_device *dev)
{
    uint64_t low;

    set(dev, REG_FEATURES_SELECT, 0);
    low = get(dev, REG_FEATURES);
    if (dev->legacy)
        return low;
    set(dev, REG_FEATURES_SELECT, 1);
    return (uint64_t)get(dev, REG_FEATURES) << 32 | low;
}

static void mmio_accept(struct bus_device *dev, uint64_t features)
{
    set(dev, REG_ACCEPT_SELECT, 0);
    set(dev, REG_ACCEPT, (uint32_t)features);
    if (dev->legacy)
        return;
    set(dev, REG_ACCEPT_SELECT, 1);
    set(dev, REG_ACCEPT, (uint32_t)(features >> 32));
}

static uint8_t mmio_status(struct bus_device *dev)
{
    return (uint8_t)get(dev, REG_STATUS);
}

static void mmio_set_status(struct bus_device *dev, uint8_t status)
{
    set(dev, REG_STATUS, status);
    for (uint32_t i = 0; status == 0 && i < RESET_TRIES && get(dev, REG_STATUS) != 0; i++)
        ;
    if (status == 0 && dev->legacy)
        set(dev, REG_OLD_PAGE_SIZE, PAGE_BYTES);
}

static uint16_t mmio_queue_size_max(struct bus_device *dev, uint16_t queue)
{
    uint32_t max;

    set(dev, REG_QUEUE_SELECT, queue);
    max = get(dev, REG_QUEUE_MAX);
    return max > INT16_MAX ? (uint16_t)INT16_MAX : (uint16_t)max;
}

static void set_address(struct bus_device *dev, uint32_t at, uint64_t address)
{
    set(dev, at, (uint32_t)address);
    set(dev, at + 4, (uint32_t)(address >> 32));
}

static enum bough_err mmio_queue_start(struct bus_device *dev, uint16_t queue,
                                       const struct bus_ring *ring)
{
    set(dev, REG_QUEUE_SELECT, queue);
    set(dev, REG_QUEUE_SIZE, ring->size);
    if (dev->legacy) {
        assert(ring->descriptors % PAGE_BYTES == 0);
        if (ring->descriptors / PAGE_BYTES > UINT32_MAX)
            return BOUGH_UNSUPPORTED;
        set(dev, REG_OLD_QUEUE_ALIGN, PAGE_BYTES);
        set(dev, REG_OLD_QUEUE_PAGE, (uint32_t)(ring->descriptors / PAGE_BYTES));
        return BOUGH_OK;
    }
    set_address(dev, REG_DESCRIPTORS, ring->descriptors);
    set_address(dev, REG_AVAILABLE, ring->available);
    set_address(dev, REG_USED, ring->used);
    set(dev, REG_QUEUE_READY, 1);
    return BOUGH_OK;
}

static void mmio_notify(struct bus_device *dev, uint16_t queue)
{
    set(dev, REG_NOTIFY, queue);
}

static void mmio_config(struct bus_device *dev, uint32_t at, void *into, uint32_t len)
{
    uint8_t *to = into;

    for (uint32_t i = 0; i < len; i++)
        to[i] = mmio_of(dev)->window[REG_CONFIG + at + i];
}

static uint32_t mmio_generation(struct bus_device *dev)
{
    return dev->legacy ? 0 : get(dev, REG_GENERATION);
}

static void mmio_acknowledge(struct bus_device *dev)
{
    uint32_t raised = get(dev, REG_INTERRUPT);

    if (raised != 0)
        set(dev, REG_ACKNOWLEDGE, raised);
}

static const struct bus_device_ops mmio_ops = {
    .features = mmio_features,
    .accept = mmio_accept,
    .status = mmio_status,
    .set_status = mmio_set_status,
    .queue_size_max = mmio_queue_size_max,
    .queue_start = mmio_queue_start,
    .notify = mmio_notify,
    .config = mmio_config,
    .generation = mmio_generation,
    .acknowledge = mmio_acknowledge,
};

enum bough_err virtio_mmio_find(struct bus_search *search, uint64_t address, uint32_t line)
{
    struct mmio probe = {.window = search->map(address, WINDOW_BYTES)};
    struct mmio *dev;
    uint32_t version;

    if (probe.window == NULL || address % sizeof(uint32_t) != 0)
        return BOUGH_INVALID;
    if (search->count == BOUGH_DEVICES_MAX)
        return BOUGH_BUSY;
    if (get(&probe.base, REG_MAGIC) != MAGIC || get(&probe.base, REG_DEVICE) == 0)
        return BOUGH_OK;
    version = get(&probe.base, REG_VERSION);
    if (version != VERSION_OLD && version != VERSION_NEW) {
        bough_log(search->env->log, BOUGH_WARN, "virtio", "mmio %llx has version %u",
                  (unsigned long long)address, (unsigned)version);
        return BOUGH_OK;
    }
    dev = bough_heap_take(search->env->heap, sizeof(*dev));
    if (dev == NULL)
        return BOUGH_NO_MEMORY;
    *dev = probe;
    dev->base.ops = &mmio_ops;
    dev->base.kind = get(&probe.base, REG_DEVICE);
    dev->base.line = line;
    dev->base.legacy = version == VERSION_OLD;
    (void)snprintf(dev->base.where, sizeof(dev->base.where), "mmio %llx",
                   (unsigned long long)address);
    search->found[search->count++] = &dev->base;
    return BOUGH_OK;
}
