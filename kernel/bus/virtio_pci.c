/* SPDX-License-Identifier: ISC
 *
 * virtio_pci.c - virtio devices on PCI in their modern form (virtio 1.2 section 4.1).
 *
 * Owns one struct per device; what the capabilities say of places and lengths is checked once,
 * here. (1) A structure is used only where its capability gives it as many bytes as are touched.
 *   (2) Interrupts are messages (MSI-X) with one vector for all queues, or none at all.
 * Transitional devices are used through their modern side; those with only a legacy side are left
 * alone, with a warning.
 */
#include "bus.h"
#include "pci.h"

#include <stdio.h>

#define VENDOR           0x1af4u
#define DEVICE_FIRST     0x1000u
#define DEVICE_MODERN    0x1040u
#define DEVICE_LAST      0x107fu
#define REG_SUBSYSTEM    0x2eu
#define RESET_TRIES      100000u
#define NO_VECTOR        0xffffu
#define MESSAGE_ADDRESS  0xfee00000u /* to processor 0 (Intel SDM volume 3, 11.11.1) */
#define MSIX_CONTROL     2u
#define MSIX_TABLE       4u
#define MSIX_ON          0x8000u
#define MSIX_ENTRY_BYTES 16u
#define CAPS_MAX         16u
#define CONFIG_BYTES_MAX 4096u

/* Section 4.1.4: the types of virtio's own capabilities. */
enum parts { PART_COMMON = 1, PART_NOTIFY = 2, PART_ISR = 3, PART_DEVICE = 4, PART_COUNT = 5 };

/* Section 4.1.4.3: the common structure. */
enum common {
    COMMON_FEATURES_SELECT = 0x00,
    COMMON_FEATURES = 0x04,
    COMMON_ACCEPT_SELECT = 0x08,
    COMMON_ACCEPT = 0x0c,
    COMMON_CONFIG_VECTOR = 0x10,
    COMMON_STATUS = 0x14,
    COMMON_GENERATION = 0x15,
    COMMON_QUEUE_SELECT = 0x16,
    COMMON_QUEUE_SIZE = 0x18,
    COMMON_QUEUE_VECTOR = 0x1a,
    COMMON_QUEUE_ENABLE = 0x1c,
    COMMON_QUEUE_NOTIFY = 0x1e,
    COMMON_DESCRIPTORS = 0x20,
    COMMON_AVAILABLE = 0x28,
    COMMON_USED = 0x30,
    COMMON_BYTES = 0x38
};

struct part {
    volatile uint8_t *at;
    uint32_t bytes;
};

struct virtio_pci {
    struct bus_device base;
    struct pci_function function;
    struct part parts[PART_COUNT];
    uint32_t notify_step;
    volatile uint32_t *message_table;
    bool messages;
};

static struct virtio_pci *pci_of(struct bus_device *dev)
{
    return (struct virtio_pci *)dev;
}

static volatile uint8_t *common(struct bus_device *dev, uint32_t at)
{
    return pci_of(dev)->parts[PART_COMMON].at + at;
}

static void set16(struct bus_device *dev, uint32_t at, uint16_t value)
{
    *(volatile uint16_t *)common(dev, at) = value;
}

static uint16_t get16(struct bus_device *dev, uint32_t at)
{
    return *(volatile uint16_t *)common(dev, at);
}

static void set32(struct bus_device *dev, uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)common(dev, at) = value;
}

static uint32_t get32(struct bus_device *dev, uint32_t at)
{
    return *(volatile uint32_t *)common(dev, at);
}

static uint64_t modern_features(struct bus_device *dev)
{
    uint64_t low;

    set32(dev, COMMON_FEATURES_SELECT, 0);
    low = get32(dev, COMMON_FEATURES);
    set32(dev, COMMON_FEATURES_SELECT, 1);
    return (uint64_t)get32(dev, COMMON_FEATURES) << 32 | low;
}

static void modern_accept(struct bus_device *dev, uint64_t features)
{
    set32(dev, COMMON_ACCEPT_SELECT, 0);
    set32(dev, COMMON_ACCEPT, (uint32_t)features);
    set32(dev, COMMON_ACCEPT_SELECT, 1);
    set32(dev, COMMON_ACCEPT, (uint32_t)(features >> 32));
}

static uint8_t modern_status(struct bus_device *dev)
{
    return *common(dev, COMMON_STATUS);
}

static void modern_set_status(struct bus_device *dev, uint8_t status)
{
    *common(dev, COMMON_STATUS) = status;
    for (uint32_t i = 0; status == 0 && i < RESET_TRIES && modern_status(dev) != 0; i++)
        ;
}

static uint16_t modern_queue_size_max(struct bus_device *dev, uint16_t queue)
{
    uint16_t max;

    set16(dev, COMMON_QUEUE_SELECT, queue);
    max = get16(dev, COMMON_QUEUE_SIZE);
    return max > INT16_MAX ? (uint16_t)INT16_MAX : max;
}

static void set_address(struct bus_device *dev, uint32_t at, uint64_t address)
{
    set32(dev, at, (uint32_t)address);
    set32(dev, at + 4, (uint32_t)(address >> 32));
}

static enum bough_err modern_queue_start(struct bus_device *dev, uint16_t queue,
                                         const struct bus_ring *ring)
{
    set16(dev, COMMON_QUEUE_SELECT, queue);
    set16(dev, COMMON_QUEUE_SIZE, ring->size);
    set_address(dev, COMMON_DESCRIPTORS, ring->descriptors);
    set_address(dev, COMMON_AVAILABLE, ring->available);
    set_address(dev, COMMON_USED, ring->used);
    if (pci_of(dev)->messages) {
        set16(dev, COMMON_CONFIG_VECTOR, NO_VECTOR);
        set16(dev, COMMON_QUEUE_VECTOR, 0);
    }
    set16(dev, COMMON_QUEUE_ENABLE, 1);
    return BOUGH_OK;
}

static void modern_notify(struct bus_device *dev, uint16_t queue)
{
    struct virtio_pci *pci = pci_of(dev);
    uint64_t at;

    set16(dev, COMMON_QUEUE_SELECT, queue);
    at = (uint64_t)get16(dev, COMMON_QUEUE_NOTIFY) * pci->notify_step;
    if (at + sizeof(uint16_t) <= pci->parts[PART_NOTIFY].bytes)
        *(volatile uint16_t *)(pci->parts[PART_NOTIFY].at + at) = queue;
}

static void modern_config(struct bus_device *dev, uint32_t at, void *into, uint32_t len)
{
    const struct part *part = &pci_of(dev)->parts[PART_DEVICE];
    uint8_t *to = into;

    for (uint32_t i = 0; i < len; i++)
        to[i] = at + i < part->bytes ? part->at[at + i] : 0;
}

static uint32_t modern_generation(struct bus_device *dev)
{
    return *common(dev, COMMON_GENERATION);
}

static bool modern_message_vector(struct bus_device *dev, uint8_t vector)
{
    struct virtio_pci *pci = pci_of(dev);
    uint32_t cap = pci_capability(&pci->function, PCI_CAP_MSIX, 0);

    if (cap == 0 || pci->message_table == NULL)
        return false;
    pci->message_table[0] = MESSAGE_ADDRESS;
    pci->message_table[1] = 0;
    pci->message_table[2] = vector;
    pci->message_table[3] = 0; /* not masked */
    pci_set16(&pci->function, cap + MSIX_CONTROL, MSIX_ON);
    pci->messages = true;
    return true;
}

static const struct bus_device_ops modern_ops = {
    .features = modern_features,
    .accept = modern_accept,
    .status = modern_status,
    .set_status = modern_set_status,
    .queue_size_max = modern_queue_size_max,
    .queue_start = modern_queue_start,
    .notify = modern_notify,
    .config = modern_config,
    .generation = modern_generation,
    .message_vector = modern_message_vector,
};

/* Where `bytes` bytes at `offset` of a BAR are; NULL when they cannot be. */
static void *map_bar(struct bus_search *search, const struct pci_function *function, uint32_t bar,
                     uint32_t offset, uint32_t bytes)
{
    uint64_t base = pci_bar(function, bar);

    return base == 0 || bytes == 0 ? NULL : search->map(base + offset, bytes);
}

/* Takes down one of virtio's capabilities: the first of each kind counts. */
static void read_part(struct bus_search *search, struct virtio_pci *dev, uint32_t cap)
{
    uint8_t kind = pci_get8(&dev->function, cap + 3);
    uint8_t bar = pci_get8(&dev->function, cap + 4);
    uint32_t offset = pci_get32(&dev->function, cap + 8);
    uint32_t bytes = pci_get32(&dev->function, cap + 12);

    if (kind == 0 || kind >= PART_COUNT || dev->parts[kind].at != NULL)
        return;
    if (kind != PART_NOTIFY && bytes > CONFIG_BYTES_MAX)
        bytes = CONFIG_BYTES_MAX;
    dev->parts[kind].at = map_bar(search, &dev->function, bar, offset, bytes);
    dev->parts[kind].bytes = dev->parts[kind].at == NULL ? 0 : bytes;
    if (kind == PART_NOTIFY)
        dev->notify_step = pci_get32(&dev->function, cap + 16);
}

/* Finds the table of MSI-X, for one entry of it. */
static void read_message_table(struct bus_search *search, struct virtio_pci *dev)
{
    uint32_t cap = pci_capability(&dev->function, PCI_CAP_MSIX, 0);
    uint32_t place;

    if (cap == 0)
        return;
    place = pci_get32(&dev->function, cap + MSIX_TABLE);
    dev->message_table = map_bar(search, &dev->function, place & 7u, place & ~7u, MSIX_ENTRY_BYTES);
}

/* Adds one function. */
static enum bough_err add_function(struct bus_search *search, const struct pci_function *function)
{
    struct virtio_pci *dev = bough_heap_take(search->env->heap, sizeof(*dev));
    uint32_t cap = 0;

    if (dev == NULL)
        return BOUGH_NO_MEMORY;
    *dev = (struct virtio_pci){.function = *function};
    dev->base.ops = &modern_ops;
    dev->base.line = BUS_NO_LINE;
    dev->base.kind = function->device >= DEVICE_MODERN ? function->device - DEVICE_MODERN
                                                       : pci_get16(function, REG_SUBSYSTEM);
    (void)snprintf(dev->base.where, sizeof(dev->base.where), "pci %02x:%02x.%x",
                   (unsigned)(function->at >> 8), (unsigned)(function->at >> 3 & 31u),
                   (unsigned)(function->at & 7u));
    pci_enable(function);
    for (uint32_t i = 0; i < CAPS_MAX && (i == 0 || cap != 0); i++) {
        cap = pci_capability(function, PCI_CAP_VENDOR, cap);
        if (cap != 0)
            read_part(search, dev, cap);
    }
    read_message_table(search, dev);
    if (dev->parts[PART_COMMON].bytes < COMMON_BYTES || dev->parts[PART_NOTIFY].bytes < 2) {
        bough_log(search->env->log, BOUGH_WARN, "virtio", "%s has no modern interface",
                  dev->base.where);
        bough_heap_give(search->env->heap, dev, sizeof(*dev));
        return BOUGH_OK;
    }
    search->found[search->count++] = &dev->base;
    return BOUGH_OK;
}

enum bough_err virtio_pci_find(struct bus_search *search)
{
    struct pci_function functions[PCI_FUNCTIONS_MAX];
    uint32_t count = pci_find(functions, PCI_FUNCTIONS_MAX);

    for (uint32_t i = 0; i < count && search->count < BOUGH_DEVICES_MAX; i++) {
        if (functions[i].vendor == VENDOR && functions[i].device >= DEVICE_FIRST &&
            functions[i].device <= DEVICE_LAST)
            BOUGH_TRY(add_function(search, &functions[i]));
    }
    return BOUGH_OK;
}
