/* SPDX-License-Identifier: ISC
 *
 * virtqueue.c - a split virtqueue (virtio 1.2 section 2.7), driver's side.
 *
 * Owns the ring, which the device shares, and a private record of every chain, which it cannot see.
 *   (1) Nothing read from the ring is believed: an id must be the head of a chain in flight, a
 * length at most what the chain lets the device write, the index at most as far ahead as there are
 *       chains in flight.  Links between descriptors are followed in the private record only.
 *   (2) Free descriptors form a list through `next`; a chain's descriptors are linked the same way.
 *   (3) The moment that matters: the available index is published after the entries (release), the
 *       used index is read before the entries (acquire), and the full fence before looking at the
 *       device's flags keeps a kick from being lost.
 * The layout is the one legacy devices ask for, which suits newer ones as well.
 */
#include "virtqueue.h"

#include <stdatomic.h>
#include <string.h>

#define RING_ALIGNMENT     4096u
#define DESCRIPTOR_NEXT    1u
#define DESCRIPTOR_WRITE   2u
#define USED_NO_NOTIFY     1u
#define AVAIL_NO_INTERRUPT 1u
#define NONE               UINT16_MAX

struct descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct available {
    uint16_t flags;
    _Atomic uint16_t index;
    uint16_t ring[];
};

struct used_entry {
    uint32_t id;
    uint32_t len;
};

struct used {
    uint16_t flags;
    _Atomic uint16_t index;
    struct used_entry ring[];
};

_Static_assert(sizeof(struct descriptor) == 16, "virtio 1.2 section 2.7.5");
_Static_assert(sizeof(struct used_entry) == 8, "virtio 1.2 section 2.7.8");

/* What the driver knows of a descriptor. */
struct record {
    uint16_t next;       /* in its chain, or in the free list */
    uint16_t count;      /* descriptors of the chain, at its head; else 0 */
    uint32_t room_bytes; /* that the device may write, at the head */
};

struct virtqueue {
    struct bough_env *env;
    struct bus_device *dev;
    uint16_t index;
    uint16_t size;
    uint16_t free_first;
    uint16_t free_count;
    uint16_t chains_in_flight;
    uint16_t added_count; /* since the last kick */
    uint16_t next_index;  /* our copy of available->index */
    uint16_t taken_index; /* how far the used ring is read */
    bool broken;          /* the device lied */
    void *memory;         /* what the heap gave for the ring */
    size_t memory_bytes;
    volatile struct descriptor *descriptors;
    volatile struct available *available;
    volatile struct used *used;
    struct record records[];
};

/* Bytes of the ring before the used part, which begins on a boundary. */
static size_t front_bytes(uint16_t size)
{
    size_t bytes = size * sizeof(struct descriptor) + sizeof(struct available) +
                   (size + 1u) * sizeof(uint16_t);

    return (bytes + RING_ALIGNMENT - 1) / RING_ALIGNMENT * RING_ALIGNMENT;
}

static size_t back_bytes(uint16_t size)
{
    return sizeof(struct used) + size * sizeof(struct used_entry) + sizeof(uint16_t);
}

static size_t queue_bytes(uint16_t size)
{
    return sizeof(struct virtqueue) + size * sizeof(struct record);
}

/* The greatest power of two that is at most `size_max` and what the device allows. */
static uint16_t choose_size(uint16_t device_max, uint16_t size_max)
{
    uint32_t size = 1;

    while (size * 2 <= device_max && size * 2 <= size_max)
        size *= 2;
    return (uint16_t)size;
}

/* Takes memory for the ring and puts the parts into it. */
static enum bough_err place_ring(struct virtqueue *queue)
{
    uint8_t *at;

    queue->memory_bytes = front_bytes(queue->size) + back_bytes(queue->size) + RING_ALIGNMENT;
    queue->memory = bough_heap_take(queue->env->heap, queue->memory_bytes);
    if (queue->memory == NULL)
        return BOUGH_NO_MEMORY;
    memset(queue->memory, 0, queue->memory_bytes);
    at = (uint8_t *)queue->memory + (RING_ALIGNMENT - (uintptr_t)queue->memory % RING_ALIGNMENT);
    queue->descriptors = (void *)at;
    queue->available = (void *)(at + queue->size * sizeof(struct descriptor));
    queue->used = (void *)(at + front_bytes(queue->size));
    return BOUGH_OK;
}

static void init_records(struct virtqueue *queue)
{
    for (uint16_t i = 0; i < queue->size; i++)
        queue->records[i] = (struct record){.next = (uint16_t)(i + 1)};
    queue->records[queue->size - 1].next = NONE;
    queue->free_first = 0;
    queue->free_count = queue->size;
}

enum bough_err virtqueue_open(struct bough_env *env, struct bus_device *dev, uint16_t index,
                              uint16_t size_max, struct virtqueue **result)
{
    uint16_t device_max = dev->ops->queue_size_max(dev, index);
    struct virtqueue *queue;
    struct bus_ring ring;
    enum bough_err err;
    uint16_t size;

    assert(size_max > 0);
    if (device_max == 0) {
        bough_log(env->log, BOUGH_ERROR, "virtio", "%s has no queue %u", dev->where, index);
        return BOUGH_UNSUPPORTED;
    }
    size = choose_size(device_max, size_max);
    queue = bough_heap_take(env->heap, queue_bytes(size));
    if (queue == NULL)
        return BOUGH_NO_MEMORY;
    *queue = (struct virtqueue){.env = env, .dev = dev, .index = index, .size = size};
    err = place_ring(queue);
    if (err != BOUGH_OK)
        goto out;
    init_records(queue);
    queue->available->flags = AVAIL_NO_INTERRUPT;
    ring = (struct bus_ring){.descriptors = (uintptr_t)queue->descriptors,
                             .available = (uintptr_t)queue->available,
                             .used = (uintptr_t)queue->used,
                             .size = size};
    err = dev->ops->queue_start(dev, index, &ring);
    if (err != BOUGH_OK)
        goto out;
    *result = queue;
    return BOUGH_OK;
out:
    virtqueue_close(queue);
    return err;
}

void virtqueue_close(struct virtqueue *queue)
{
    if (queue == NULL)
        return;
    bough_heap_give(queue->env->heap, queue->memory, queue->memory_bytes);
    bough_heap_give(queue->env->heap, queue, queue_bytes(queue->size));
}

uint16_t virtqueue_size(const struct virtqueue *queue)
{
    return queue->size;
}

/* Takes a descriptor from the free list for a piece and links the next free one behind it. */
static uint16_t fill_descriptor(struct virtqueue *queue, const struct virtqueue_piece *piece,
                                bool last)
{
    uint16_t at = queue->free_first;
    struct record *record = &queue->records[at];
    unsigned flags = piece->device_writes ? DESCRIPTOR_WRITE : 0;

    assert(at < queue->size && piece->at != NULL && piece->len > 0);
    queue->free_first = record->next;
    queue->free_count--;
    record->count = 0;
    queue->descriptors[at].address = (uintptr_t)piece->at;
    queue->descriptors[at].len = piece->len;
    queue->descriptors[at].flags = (uint16_t)(last ? flags : flags | DESCRIPTOR_NEXT);
    queue->descriptors[at].next = last ? 0 : record->next;
    if (last)
        record->next = NONE;
    return at;
}

enum bough_err virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces,
                             uint32_t count, uint16_t *id)
{
    uint16_t head = queue->free_first;
    uint32_t room_bytes = 0;

    assert(count > 0 && count <= VIRTQUEUE_PIECES_MAX);
    if (count > queue->free_count || queue->broken)
        return BOUGH_BUSY;
    for (uint32_t i = 0; i < count; i++) {
        assert(i == 0 || pieces[i].device_writes || !pieces[i - 1].device_writes);
        assert(pieces[i].len <= UINT32_MAX - room_bytes);
        room_bytes += pieces[i].device_writes ? pieces[i].len : 0;
        (void)fill_descriptor(queue, &pieces[i], i + 1 == count);
    }
    queue->records[head].count = (uint16_t)count;
    queue->records[head].room_bytes = room_bytes;
    queue->available->ring[queue->next_index % queue->size] = head;
    queue->next_index++;
    queue->chains_in_flight++;
    queue->added_count++;
    atomic_store_explicit(&queue->available->index, queue->next_index, memory_order_release);
    *id = head;
    return BOUGH_OK;
}

void virtqueue_kick(struct virtqueue *queue)
{
    if (queue->added_count == 0)
        return;
    queue->added_count = 0;
    atomic_thread_fence(memory_order_seq_cst);
    if ((queue->used->flags & USED_NO_NOTIFY) == 0)
        queue->dev->ops->notify(queue->dev, queue->index);
}

/* Puts the descriptors of the chain back on the free list. */
static void free_chain(struct virtqueue *queue, uint16_t head)
{
    uint16_t last = head;

    for (uint16_t i = 1; i < queue->records[head].count; i++) {
        last = queue->records[last].next;
        assert(last < queue->size);
    }
    queue->free_count = (uint16_t)(queue->free_count + queue->records[head].count);
    queue->records[head].count = 0;
    queue->records[last].next = queue->free_first;
    queue->free_first = head;
    queue->chains_in_flight--;
    assert(queue->free_count <= queue->size);
}

/* The device broke the rules: no more of it. */
static enum bough_err refuse(struct virtqueue *queue, const char *what, uint32_t number)
{
    bough_log(queue->env->log, BOUGH_ERROR, "virtio", "%s queue %u: impossible %s %u",
              queue->dev->where, queue->index, what, (unsigned)number);
    queue->broken = true;
    return BOUGH_CORRUPT;
}

enum bough_err virtqueue_take(struct virtqueue *queue, uint16_t *id, uint32_t *len)
{
    uint16_t index = atomic_load_explicit(&queue->used->index, memory_order_acquire);
    uint16_t ahead = (uint16_t)(index - queue->taken_index);
    uint32_t used_id;
    uint32_t used_len;

    if (queue->broken)
        return BOUGH_CORRUPT;
    if (ahead == 0)
        return BOUGH_NOT_READY;
    if (ahead > queue->chains_in_flight)
        return refuse(queue, "index", index);
    used_id = queue->used->ring[queue->taken_index % queue->size].id;
    used_len = queue->used->ring[queue->taken_index % queue->size].len;
    if (used_id >= queue->size || queue->records[used_id].count == 0)
        return refuse(queue, "id", used_id);
    /* Legacy devices are known to put anything here (virtio 1.2 section 2.7.8.3). */
    if (used_len > queue->records[used_id].room_bytes && queue->dev->legacy)
        used_len = queue->records[used_id].room_bytes;
    if (used_len > queue->records[used_id].room_bytes)
        return refuse(queue, "length", used_len);
    queue->taken_index++;
    free_chain(queue, (uint16_t)used_id);
    *id = (uint16_t)used_id;
    *len = used_len;
    return BOUGH_OK;
}

void virtqueue_interrupts(struct virtqueue *queue, bool on)
{
    queue->available->flags = (uint16_t)(on ? 0 : AVAIL_NO_INTERRUPT);
    atomic_thread_fence(memory_order_seq_cst);
}
