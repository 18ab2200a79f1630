/* SPDX-License-Identifier: ISC
 *
 * heap_unix.c - malloc with an account and a limit.
 *
 *   (1) taken_bytes is the sum of what was asked for and not given back.
 *   (2) taken_bytes <= limit_bytes at all times: past it, take answers NULL as a small machine
 *       would, so that running out of memory can be had on purpose.
 */
#include "env_unix.h"
#include <stdlib.h>

static void *take(struct bough_heap *heap, size_t bytes)
{
    void *at;

    if (bytes > heap->limit_bytes - heap->taken_bytes)
        return NULL;
    at = malloc(bytes);
    if (at == NULL)
        return NULL;
    heap->taken_bytes += bytes;
    if (heap->taken_bytes > heap->taken_bytes_max)
        heap->taken_bytes_max = heap->taken_bytes;
    return at;
}

static void give(struct bough_heap *heap, void *at, size_t bytes)
{
    assert(bytes <= heap->taken_bytes);
    heap->taken_bytes -= bytes;
    free(at);
}

static const struct bough_heap_ops ops = {.take = take, .give = give};

void heap_unix_init(struct heap_unix *heap, size_t limit_bytes)
{
    heap->base = (struct bough_heap){.ops = &ops, .limit_bytes = limit_bytes};
}
