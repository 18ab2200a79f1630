/* SPDX-License-Identifier: ISC
 *
 * heap_region.h - pieces of memory from regions that the system backs with huge pages.
 */
#ifndef HEAP_REGION_H
#define HEAP_REGION_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_REGION_CLASSES 72u

struct heap_piece;
struct heap_span;
struct heap_region;

/* Members are private to heap_region.c; all zeros to begin with. */
struct heap_regions {
    struct heap_hot {
        struct heap_piece *first; /* given back lately, the last one first */
        uint32_t count;
    } hot[HEAP_REGION_CLASSES];
    struct heap_span *partial[HEAP_REGION_CLASSES]; /* spans with free pieces, of each class */
    struct heap_region_list {
        struct heap_region *with_room; /* those with free spans */
        unsigned empty_count;          /* of these, in how many nothing is taken */
    } lists[2];                        /* of spans of pieces, and of rows */
    size_t region_count;
};

/* A piece of `bytes` > 0 bytes, aligned to 16, contents undefined; NULL when the system has no
 * memory.  Usually a few instructions. */
void *heap_region_take(struct heap_regions *regions, size_t bytes);

/* Gives back what heap_region_take(regions, bytes) returned.  Regions in which nothing is taken any
 * more go back to the system, but for a few. */
void heap_region_give(struct heap_regions *regions, void *at, size_t bytes);

/* Gives everything back that can be.  What is still taken stays. */
void heap_region_trim(struct heap_regions *regions);

#endif
