/* SPDX-License-Identifier: ISC
 *
 * heap_unix.c - the process's memory with an account and a limit.
 *
 *   (1) taken_bytes is the sum of what was asked for and not given back.
 *   (2) taken_bytes <= limit_bytes at all times: past it, take answers NULL as a small machine
 *       would, so that running out of memory can be had on purpose.
 * Pieces come from regions of huge pages (heap_region.c).  When all is given back, nothing is kept.
 */
#include "env_unix.h"
#include <stdlib.h>

/* Where a sanitizer watches every piece by itself, all come from malloc. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define WATCHED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

static void *take(struct bough_heap *base, size_t bytes)
{
    struct heap_unix *heap = (struct heap_unix *)base;
    void *at;

    if (bytes > base->limit_bytes - base->taken_bytes)
        return NULL;
    at = WATCHED ? malloc(bytes) : heap_region_take(&heap->regions, bytes);
    if (at == NULL)
        return NULL;
    base->taken_bytes += bytes;
    if (base->taken_bytes > base->taken_bytes_max)
        base->taken_bytes_max = base->taken_bytes;
    return at;
}

static void give(struct bough_heap *base, void *at, size_t bytes)
{
    struct heap_unix *heap = (struct heap_unix *)base;

    assert(bytes <= base->taken_bytes);
    base->taken_bytes -= bytes;
    if (WATCHED)
        free(at);
    else
        heap_region_give(&heap->regions, at, bytes);
    if (base->taken_bytes == 0)
        heap_region_trim(&heap->regions);
}

static const struct bough_heap_ops ops = {.take = take, .give = give};

void heap_unix_init(struct heap_unix *heap, size_t limit_bytes)
{
    *heap = (struct heap_unix){.base = {.ops = &ops, .limit_bytes = limit_bytes}};
}
