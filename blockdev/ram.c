/* SPDX-License-Identifier: ISC
 *
 * ram.c - a block device in memory.
 *
 * Owns one run of block_size * block_count bytes from the heap, zeroed at open.  Nothing fails
 * after open and nothing survives close: the device says so (BOUGH_SURVIVES_NOTHING).
 */
#include "bough/blockdev.h"
#include <string.h>

#define BLOCK_SIZE_MIN 512u
#define BLOCK_SIZE_MAX 32768u

struct ram {
    struct bough_block base;
    struct bough_heap *heap;
    uint8_t *bytes;
    size_t size_bytes;
};

static struct ram *ram_of(struct bough_block *dev)
{
    return (struct ram *)dev;
}

static uint8_t *block_at(struct ram *ram, uint64_t first)
{
    size_t offset = (size_t)first * ram->base.block_size;

    assert(offset < ram->size_bytes);
    return ram->bytes + offset;
}

static enum bough_err ram_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    memcpy(into, block_at(ram_of(dev), first), (size_t)count * dev->block_size);
    return BOUGH_OK;
}

static enum bough_err ram_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                const void *from)
{
    memcpy(block_at(ram_of(dev), first), from, (size_t)count * dev->block_size);
    return BOUGH_OK;
}

static enum bough_err ram_flush(struct bough_block *dev)
{
    (void)dev;
    return BOUGH_OK;
}

static void ram_close(struct bough_block *dev)
{
    struct ram *ram = ram_of(dev);

    bough_heap_give(ram->heap, ram->bytes, ram->size_bytes);
    bough_heap_give(ram->heap, ram, sizeof(*ram));
}

static const struct bough_block_ops ops = {
    .read = ram_read, .write = ram_write, .flush = ram_flush, .close = ram_close};

enum bough_err bough_ram_open(struct bough_env *env, uint32_t block_size, uint64_t block_count,
                              struct bough_block **dev)
{
    struct ram *ram;

    if (block_size < BLOCK_SIZE_MIN || block_size > BLOCK_SIZE_MAX ||
        (block_size & (block_size - 1)) != 0 || block_count == 0)
        return BOUGH_INVALID;
    if (block_count > SIZE_MAX / block_size)
        return BOUGH_NO_MEMORY;
    ram = bough_heap_take(env->heap, sizeof(*ram));
    if (ram == NULL)
        return BOUGH_NO_MEMORY;
    *ram = (struct ram){
        .base = {.ops = &ops,
                 .block_size = block_size,
                 .atomic_bytes = block_size,
                 .block_count = block_count,
                 .flush_survives = BOUGH_SURVIVES_NOTHING},
        .heap = env->heap,
        .size_bytes = (size_t)block_count * block_size,
    };
    ram->bytes = bough_heap_take(env->heap, ram->size_bytes);
    if (ram->bytes == NULL) {
        bough_heap_give(env->heap, ram, sizeof(*ram));
        return BOUGH_NO_MEMORY;
    }
    memset(ram->bytes, 0, ram->size_bytes);
    *dev = &ram->base;
    return BOUGH_OK;
}
