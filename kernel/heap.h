/* SPDX-License-Identifier: ISC
 *
 * heap.h - the image's memory: one run of pages as a heap port.
 */
#ifndef HEAP_H
#define HEAP_H

#include "bough/port/heap.h"
#include <stdint.h>

#define HEAP_PAGE_BYTES  4096u
#define HEAP_CLASS_COUNT 28u
#define HEAP_BIN_COUNT   32u

struct heap_page;
struct heap_slab;
struct heap_run;

/* Members are private to heap.c. */
struct heap {
    struct bough_heap base;
    uint8_t *pages; /* page-aligned */
    struct heap_page *table;
    size_t page_count;
    uint32_t bins_used; /* bit n: bins[n] is not empty */
    struct heap_run *bins[HEAP_BIN_COUNT];
    struct heap_slab *partial[HEAP_CLASS_COUNT];
};

/* Makes a heap of the `bytes` bytes at `at` (borrowed for ever), less its own tables; at least 16
 * pages.  Every byte must be usable. */
void heap_init(struct heap *heap, void *at, size_t bytes);

/* Checks all invariants; asserts.  O(pages).  For tests. */
void heap_check(const struct heap *heap);

#endif
