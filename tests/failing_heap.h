/* SPDX-License-Identifier: ISC
 *
 * failing_heap.h - memory that runs out on purpose: allocation number k fails, once or from then
 * on.
 */
#ifndef FAILING_HEAP_H
#define FAILING_HEAP_H

#include "bough/env.h"
#include <stdbool.h>
#include <stdint.h>

struct failing_heap {
    struct bough_heap base;
    struct bough_heap *below;
    uint64_t count;   /* allocations asked for since failing_heap_arm */
    uint64_t fail_at; /* the one that fails, from 1 on; 0 = none */
    bool forever;     /* and all after it */
};

static inline void *failing_heap_take(struct bough_heap *base, size_t bytes)
{
    struct failing_heap *heap = (struct failing_heap *)base;
    uint64_t number = ++heap->count;
    void *at = NULL;

    if (heap->fail_at == 0 || number < heap->fail_at || (number > heap->fail_at && !heap->forever))
        at = bough_heap_take(heap->below, bytes);
    if (at != NULL)
        base->taken_bytes += bytes;
    return at;
}

static inline void failing_heap_give(struct bough_heap *base, void *at, size_t bytes)
{
    struct failing_heap *heap = (struct failing_heap *)base;

    assert(bytes <= base->taken_bytes);
    base->taken_bytes -= bytes;
    bough_heap_give(heap->below, at, bytes);
}

/* A heap over `below` that does not fail yet. */
static inline void failing_heap_init(struct failing_heap *heap, struct bough_heap *below)
{
    static const struct bough_heap_ops ops = {.take = failing_heap_take, .give = failing_heap_give};

    *heap = (struct failing_heap){.base = {.ops = &ops, .limit_bytes = below->limit_bytes},
                                  .below = below};
}

/* Counts anew, and fails at number `fail_at`; 0 = never. */
static inline void failing_heap_arm(struct failing_heap *heap, uint64_t fail_at, bool forever)
{
    heap->count = 0;
    heap->fail_at = fail_at;
    heap->forever = forever;
}

#endif
