/* SPDX-License-Identifier: ISC
 *
 * device.c - a store on a block device and with an allocator of your own.
 *
 * Build: cc device.c $(pkg-config --cflags --libs --static bough)
 */
#include "bough/env_unix.h"
#include "bough/journal.h"
#include "bough/ref.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE  4096u
#define BLOCK_COUNT 1024u

static uint8_t medium[BLOCK_COUNT][BLOCK_SIZE]; /* stands for what your machine has */

static enum bough_err read_blocks(struct bough_block *dev, uint64_t first, uint32_t count, void *to)
{
    (void)dev;
    memcpy(to, medium[first], (size_t)count * BLOCK_SIZE);
    return BOUGH_OK;
}

static enum bough_err write_blocks(struct bough_block *dev, uint64_t first, uint32_t count,
                                   const void *from)
{
    (void)dev;
    memcpy(medium[first], from, (size_t)count * BLOCK_SIZE);
    return BOUGH_OK;
}

static enum bough_err flush_blocks(struct bough_block *dev)
{
    (void)dev;
    return BOUGH_OK; /* when everything written before is durable */
}

static void close_device(struct bough_block *dev)
{
    (void)dev;
}

static void *take(struct bough_heap *heap, size_t bytes)
{
    void *at = bytes > heap->limit_bytes - heap->taken_bytes ? NULL : malloc(bytes);

    heap->taken_bytes += at == NULL ? 0 : bytes;
    return at;
}

static void give(struct bough_heap *heap, void *at, size_t bytes)
{
    heap->taken_bytes -= bytes;
    free(at);
}

int main(void)
{
    static const struct bough_block_ops dev_ops = {
        .read = read_blocks, .write = write_blocks, .flush = flush_blocks, .close = close_device};
    static const struct bough_heap_ops heap_ops = {.take = take, .give = give};
    struct bough_block dev = {.ops = &dev_ops,
                              .block_size = BLOCK_SIZE,
                              .atomic_bytes = BLOCK_SIZE,
                              .block_count = BLOCK_COUNT};
    struct bough_heap heap = {.ops = &heap_ops, .limit_bytes = (size_t)8 << 20};
    struct bough_env *unix_env = bough_env_unix_open(1 << 20); /* for its clock and entropy */
    struct bough_env env = *unix_env;
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_store_info info;

    env.heap = &heap;
    if (bough_journal_format(&env, &dev, NULL) != BOUGH_OK ||
        bough_journal_open(&env, &dev, &backend) != BOUGH_OK ||
        bough_store_open(&env, backend, 1 << 20, &store) != BOUGH_OK)
        return 1;
    bough_store_info(store, &info);
    printf("a store of %llu KiB, in %zu KiB of memory\n",
           (unsigned long long)(info.capacity_bytes >> 10), heap.taken_bytes >> 10);
    bough_store_close(store);
    bough_env_unix_close(unix_env);
    return heap.taken_bytes == 0 ? 0 : 1;
}
