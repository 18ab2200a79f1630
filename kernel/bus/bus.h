/* SPDX-License-Identifier: ISC
 *
 * bus.h - a virtio device as its transport shows it (virtio-mmio, virtio-pci), and finding them.
 *
 * The drivers above (block, net, rng) use only this and virtqueue.h.  Everything read from a device
 * is untrusted.
 */
#ifndef BUS_H
#define BUS_H

#include "bough/env.h"
#include "bough/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Device types (virtio 1.2 section 5). */
#define BUS_KIND_NET   1u
#define BUS_KIND_BLOCK 2u
#define BUS_KIND_RNG   4u

/* Bits of the status register (section 2.1). */
#define BUS_STATUS_ACKNOWLEDGE 1u
#define BUS_STATUS_DRIVER      2u
#define BUS_STATUS_DRIVER_OK   4u
#define BUS_STATUS_FEATURES_OK 8u
#define BUS_STATUS_FAILED      128u

#define BUS_NO_LINE UINT32_MAX

/* Where the three parts of a queue are, in physical addresses. */
struct bus_ring {
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
    uint16_t size;
};

struct bus_device;

struct bus_device_ops {
    /* The features offered, bit n = feature n. */
    uint64_t (*features)(struct bus_device *dev);

    /* Writes the features that the driver wants. */
    void (*accept)(struct bus_device *dev, uint64_t features);

    /* Reads the status register. */
    uint8_t (*status)(struct bus_device *dev);

    /* Writes it; 0 resets, and returns only when the device says it is done (or never will be). */
    void (*set_status)(struct bus_device *dev, uint8_t status);

    /* The most entries that queue `queue` may have; 0: there is no such queue. */
    uint16_t (*queue_size_max)(struct bus_device *dev, uint16_t queue);

    /* Tells the device where a queue is and starts it.  BOUGH_UNSUPPORTED where the transport
     * cannot express it. */
    enum bough_err (*queue_start)(struct bus_device *dev, uint16_t queue,
                                  const struct bus_ring *ring);

    /* Tells the device to look at a queue. */
    void (*notify)(struct bus_device *dev, uint16_t queue);

    /* Copies `len` bytes of the device's configuration from offset `at`. */
    void (*config)(struct bus_device *dev, uint32_t at, void *into, uint32_t len);

    /* Changes when the configuration did; read before and after `config`. */
    uint32_t (*generation)(struct bus_device *dev);

    /* Takes back a raised interrupt line.  NULL where interrupts are messages. */
    void (*acknowledge)(struct bus_device *dev);

    /* Lets the device send its interrupts as messages with this vector; false where it cannot.
     * NULL where it has a line instead. */
    bool (*message_vector)(struct bus_device *dev, uint8_t vector);
};

struct bus_device {
    const struct bus_device_ops *ops;
    uint32_t kind;
    uint32_t line;   /* interrupt line of the machine, or BUS_NO_LINE */
    bool legacy;     /* before virtio 1.0: no VERSION_1, one page-aligned ring */
    bool interrupts; /* an interrupt of this device ends `wait` */
    char where[32];  /* "mmio feb00e00", for logs */

    /* Sleeps until the device interrupts or the monotonic clock passes `until_ns`; may return
     * early.  Filled in by the kernel. */
    void (*wait)(struct bus_device *dev, uint64_t until_ns);
};

/* What a search needs, and what it has found so far. */
struct bus_search {
    struct bough_env *env;
    /* Makes device registers at a physical address usable and returns where; NULL: no room. */
    void *(*map)(uint64_t address, uint64_t bytes);
    struct bus_device *found[BOUGH_DEVICES_MAX];
    uint32_t count;
};

/* Adds the virtio-mmio device at `address`, if there is one; an empty slot is no error.
 * BOUGH_INVALID (no registers can be there), BOUGH_BUSY (too many devices), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err virtio_mmio_find(struct bus_search *search, uint64_t address,
                                                 uint32_t line);

/* Adds all virtio devices on PCI.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err virtio_pci_find(struct bus_search *search);

#endif
