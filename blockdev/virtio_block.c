/* SPDX-License-Identifier: ISC
 *
 * virtio_block.c - a virtio block device (virtio 1.2 section 5.2), one request at a time.
 *
 * Owns one queue, a request header and a status byte.
 *   (1) A transfer goes in as few requests as the device's limits allow, each one descriptor of
 * data unless the device limits the size of a segment. (2) After a request that timed out or an
 * answer that cannot be, the device is stopped (it then writes to no memory of ours) and every
 * later call is BOUGH_IO. (3) Where FLUSH was negotiated, a write is durable after the flush
 * request is done and not before; where it was not, the host decides, and flush_survives says so.
 */
#include "bough/virtio.h"

#include "bough/limits.h"
#include "virtio.h"
#include "virtqueue.h"
#include <string.h>

/* Section 5.2.3: feature bits. */
#define F_SIZE_MAX (1ull << 1)
#define F_SEG_MAX  (1ull << 2)
#define F_RO       (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH    (1ull << 9)
#define F_DISCARD  (1ull << 13)

/* Section 5.2.4: offsets in the configuration. */
#define CONFIG_CAPACITY    0u
#define CONFIG_SIZE_MAX    8u
#define CONFIG_SEG_MAX     12u
#define CONFIG_BLK_SIZE    20u
#define CONFIG_DISCARD_MAX 36u

/* Section 5.2.6: requests. */
#define REQUEST_READ    0u
#define REQUEST_WRITE   1u
#define REQUEST_FLUSH   4u
#define REQUEST_DISCARD 11u
#define STATUS_OK       0u
#define STATUS_PENDING  0xffu /* ours: no device answers this */

#define SECTOR_BYTES    512u /* the unit of the protocol, whatever the block size */
#define BLOCK_BYTES_MAX 32768u
#define QUEUE_SIZE_MAX  64u
#define DATA_PIECES_MAX (VIRTQUEUE_PIECES_MAX - 2u)
#define TRANSFER_BYTES  (4u << 20) /* most of one request */
#define SPIN_NS         50000u     /* how long to look before sleeping */
#define NS_PER_MS       1000000ull

struct request {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

struct discard_range {
    uint64_t sector;
    uint32_t sector_count;
    uint32_t flags;
};

_Static_assert(sizeof(struct request) == 16, "section 5.2.6");
_Static_assert(sizeof(struct discard_range) == 16, "section 5.2.6");

struct virtio_block {
    struct bough_block base;
    struct bough_env *env;
    struct bus_device *bus;
    struct virtqueue *queue;
    uint32_t segment_bytes_max;
    uint32_t segment_count_max;
    uint32_t discard_sectors_max;
    bool dead;
    /* Shared with the device while a request is under way. */
    struct request request;
    struct discard_range range;
    volatile uint8_t status;
};

static struct virtio_block *block_of(struct bough_block *base)
{
    return (struct virtio_block *)base;
}

/* The device is not to be used any more. */
static enum bough_err give_up(struct virtio_block *dev, const char *why)
{
    bough_log(dev->env->log, BOUGH_ERROR, "virtio", "%s: request %u at sector %llu: %s",
              dev->bus->where, (unsigned)dev->request.type, (unsigned long long)dev->request.sector,
              why);
    virtio_stop(dev->bus);
    dev->dead = true;
    return BOUGH_IO;
}

/* Waits until the request is done: looks for a while, then sleeps until the interrupt. */
static enum bough_err wait_done(struct virtio_block *dev)
{
    uint64_t begin_ns = bough_clock_now_ns(dev->env->clock);
    uint64_t end_ns = begin_ns + BOUGH_DEVICE_TIMEOUT_MS * NS_PER_MS;
    enum bough_err err;
    uint16_t id;
    uint32_t len;

    for (;;) {
        uint64_t now_ns;

        err = virtqueue_take(dev->queue, &id, &len);
        if (err != BOUGH_NOT_READY)
            break;
        now_ns = bough_clock_now_ns(dev->env->clock);
        if (now_ns > end_ns)
            return give_up(dev, "timed out");
        if (now_ns - begin_ns < SPIN_NS)
            continue;
        virtqueue_interrupts(dev->queue, true);
        err = virtqueue_take(dev->queue, &id, &len);
        if (err != BOUGH_NOT_READY)
            break;
        dev->bus->wait(dev->bus, end_ns);
    }
    virtqueue_interrupts(dev->queue, false);
    return err == BOUGH_OK ? BOUGH_OK : give_up(dev, bough_err_name(err));
}

/* One request with `len` bytes of data (may be 0). */
static enum bough_err run(struct virtio_block *dev, uint32_t type, uint64_t sector, void *data,
                          uint32_t len)
{
    struct virtqueue_piece pieces[VIRTQUEUE_PIECES_MAX];
    uint32_t count = 0;
    uint16_t id;

    if (dev->dead)
        return BOUGH_IO;
    dev->request = (struct request){.type = type, .sector = sector};
    dev->status = STATUS_PENDING;
    pieces[count++] = (struct virtqueue_piece){.at = &dev->request, .len = sizeof(dev->request)};
    for (uint32_t done = 0; done < len;) {
        uint32_t step = len - done < dev->segment_bytes_max ? len - done : dev->segment_bytes_max;

        assert(count <= DATA_PIECES_MAX);
        pieces[count++] = (struct virtqueue_piece){
            .at = (uint8_t *)data + done, .len = step, .device_writes = type == REQUEST_READ};
        done += step;
    }
    pieces[count++] = (struct virtqueue_piece){
        .at = (void *)(uintptr_t)&dev->status, .len = 1, .device_writes = true};
    BOUGH_TRY(virtqueue_add(dev->queue, pieces, count, &id));
    virtqueue_kick(dev->queue);
    BOUGH_TRY(wait_done(dev));
    if (dev->status == STATUS_OK)
        return BOUGH_OK;
    bough_log(dev->env->log, BOUGH_ERROR, "virtio",
              "%s: request %u at sector %llu, %u bytes: status %u", dev->bus->where, (unsigned)type,
              (unsigned long long)sector, (unsigned)len, (unsigned)dev->status);
    return BOUGH_IO;
}

/* The most bytes of one request, a multiple of the block size. */
static uint32_t transfer_bytes_max(const struct virtio_block *dev)
{
    uint64_t bytes = (uint64_t)dev->segment_bytes_max * dev->segment_count_max;

    if (bytes > TRANSFER_BYTES)
        bytes = TRANSFER_BYTES;
    return (uint32_t)(bytes / dev->base.block_size * dev->base.block_size);
}

static enum bough_err transfer(struct virtio_block *dev, uint32_t type, uint64_t first,
                               uint32_t count, uint8_t *data)
{
    uint64_t sector = first * (dev->base.block_size / SECTOR_BYTES);
    uint64_t left = (uint64_t)count * dev->base.block_size;
    uint32_t max = transfer_bytes_max(dev);

    assert(max > 0);
    while (left > 0) {
        uint32_t step = left < max ? (uint32_t)left : max;

        BOUGH_TRY(run(dev, type, sector, data, step));
        data += step;
        sector += step / SECTOR_BYTES;
        left -= step;
    }
    return BOUGH_OK;
}

static enum bough_err block_read(struct bough_block *base, uint64_t first, uint32_t count,
                                 void *into)
{
    return transfer(block_of(base), REQUEST_READ, first, count, into);
}

static enum bough_err block_write(struct bough_block *base, uint64_t first, uint32_t count,
                                  const void *from)
{
    /* The device only reads it: the cast takes away a promise that is kept. */
    return transfer(block_of(base), REQUEST_WRITE, first, count, (uint8_t *)(uintptr_t)from);
}

static enum bough_err block_flush(struct bough_block *base)
{
    struct virtio_block *dev = block_of(base);

    if (base->flush_survives != BOUGH_SURVIVES_POWER)
        return dev->dead ? BOUGH_IO : BOUGH_OK;
    return run(dev, REQUEST_FLUSH, 0, NULL, 0);
}

static enum bough_err block_discard(struct bough_block *base, uint64_t first, uint64_t count)
{
    struct virtio_block *dev = block_of(base);
    uint32_t per_block = base->block_size / SECTOR_BYTES;
    uint64_t step_max = dev->discard_sectors_max / per_block;

    while (count > 0 && step_max > 0) {
        uint64_t step = count < step_max ? count : step_max;

        dev->range = (struct discard_range){.sector = first * per_block,
                                            .sector_count = (uint32_t)(step * per_block)};
        BOUGH_TRY(run(dev, REQUEST_DISCARD, 0, &dev->range, sizeof(dev->range)));
        first += step;
        count -= step;
    }
    return BOUGH_OK;
}

static void block_close(struct bough_block *base)
{
    struct virtio_block *dev = block_of(base);

    virtio_stop(dev->bus);
    virtqueue_close(dev->queue);
    bough_heap_give(dev->env->heap, dev, sizeof(*dev));
}

static const struct bough_block_ops block_ops = {
    .read = block_read,
    .write = block_write,
    .flush = block_flush,
    .close = block_close,
};

static const struct bough_block_ops block_ops_discard = {
    .read = block_read,
    .write = block_write,
    .flush = block_flush,
    .discard = block_discard,
    .close = block_close,
};

/* A 32-bit field of the configuration that goes with a feature; `otherwise` without it. */
static uint32_t field(struct virtio_block *dev, uint64_t features, uint64_t feature, uint32_t at,
                      uint32_t otherwise)
{
    uint32_t value;

    if ((features & feature) == 0)
        return otherwise;
    virtio_config(dev->bus, at, &value, sizeof(value));
    return value == 0 ? otherwise : value;
}

/* Reads what the device says of itself, and checks it. */
static enum bough_err configure(struct virtio_block *dev, uint64_t features)
{
    uint64_t sectors;
    uint32_t size = field(dev, features, F_BLK_SIZE, CONFIG_BLK_SIZE, SECTOR_BYTES);

    virtio_config(dev->bus, CONFIG_CAPACITY, &sectors, sizeof(sectors));
    if (size < SECTOR_BYTES || size > BLOCK_BYTES_MAX || (size & (size - 1)) != 0) {
        bough_log(dev->env->log, BOUGH_ERROR, "virtio", "%s: block size %u", dev->bus->where,
                  (unsigned)size);
        return BOUGH_UNSUPPORTED;
    }
    dev->segment_bytes_max = field(dev, features, F_SIZE_MAX, CONFIG_SIZE_MAX, TRANSFER_BYTES);
    dev->segment_count_max = field(dev, features, F_SEG_MAX, CONFIG_SEG_MAX, 1);
    if (dev->segment_count_max > DATA_PIECES_MAX)
        dev->segment_count_max = DATA_PIECES_MAX;
    dev->discard_sectors_max = field(dev, features, F_DISCARD, CONFIG_DISCARD_MAX, 0);
    dev->base = (struct bough_block){
        .ops = dev->discard_sectors_max == 0 ? &block_ops : &block_ops_discard,
        .block_size = size,
        .atomic_bytes = size,
        .block_count = sectors / (size / SECTOR_BYTES),
        .flush_survives = (features & F_FLUSH) != 0 ? BOUGH_SURVIVES_POWER : BOUGH_SURVIVES_GUEST,
        .read_only = (features & F_RO) != 0,
    };
    return transfer_bytes_max(dev) == 0 ? BOUGH_UNSUPPORTED : BOUGH_OK;
}

enum bough_err bough_virtio_block_open(struct bough_env *env, struct bus_device *bus,
                                       struct bough_block **result)
{
    uint64_t wanted = F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_DISCARD;
    struct virtio_block *dev;
    uint64_t features;
    enum bough_err err;

    if (bus->kind != BUS_KIND_BLOCK)
        return BOUGH_UNSUPPORTED;
    dev = bough_heap_take(env->heap, sizeof(*dev));
    if (dev == NULL)
        return BOUGH_NO_MEMORY;
    *dev = (struct virtio_block){.env = env, .bus = bus};
    err = virtio_start(env, bus, wanted, 0, &features);
    if (err != BOUGH_OK)
        goto out;
    err = configure(dev, features);
    if (err != BOUGH_OK)
        goto out;
    err = virtqueue_open(env, bus, 0, QUEUE_SIZE_MAX, &dev->queue);
    if (err != BOUGH_OK)
        goto out;
    /* Two entries of a chain are header and status. */
    if (virtqueue_size(dev->queue) < 3) {
        err = BOUGH_UNSUPPORTED;
        goto out;
    }
    if (virtqueue_size(dev->queue) < dev->segment_count_max + 2)
        dev->segment_count_max = virtqueue_size(dev->queue) - 2u;
    virtio_go(bus);
    *result = &dev->base;
    return BOUGH_OK;
out:
    bough_log(env->log, BOUGH_ERROR, "virtio", "%s: no block device: %s", bus->where,
              bough_err_name(err));
    virtio_stop(bus);
    virtqueue_close(dev->queue);
    bough_heap_give(env->heap, dev, sizeof(*dev));
    return err;
}
