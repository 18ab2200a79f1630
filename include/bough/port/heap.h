/* SPDX-License-Identifier: ISC
 *
 * port/heap.h - memory, with a limit.
 */
#ifndef BOUGH_PORT_HEAP_H
#define BOUGH_PORT_HEAP_H

#include <assert.h>
#include <stddef.h>

struct bough_heap;

struct bough_heap_ops {
    /* At least `bytes` bytes, aligned for any type (16), contents undefined; NULL when the limit
     * would be passed.  Never blocks. */
    void *(*take)(struct bough_heap *heap, size_t bytes);

    /* Gives back what `take` returned; `bytes` is the size that was asked for. */
    void (*give)(struct bough_heap *heap, void *at, size_t bytes);
};

struct bough_heap {
    const struct bough_heap_ops *ops;
    size_t limit_bytes; /* taken_bytes never passes it */
    size_t taken_bytes; /* now; kept by the implementation */
    size_t taken_bytes_max;
};

/* Memory of `bytes` > 0 bytes, or NULL at the limit: the caller answers BOUGH_NO_MEMORY. */
static inline void *bough_heap_take(struct bough_heap *heap, size_t bytes)
{
    assert(bytes > 0);
    return heap->ops->take(heap, bytes);
}

/* `at` may be NULL (nothing happens); otherwise it came from bough_heap_take(heap, bytes). */
static inline void bough_heap_give(struct bough_heap *heap, void *at, size_t bytes)
{
    if (at != NULL)
        heap->ops->give(heap, at, bytes);
}

#endif
