/* SPDX-License-Identifier: ISC
 *
 * heap_unix.c - the process's memory with an account and a limit.
 *
 * A tree in memory is many pieces of one or two KiB, read at random: with the system's pages of
 * 4 KiB most reads miss the processor's table of pages.  So all comes from the image's allocator
 * (heap.c), over ranges of addresses of two sorts.  Pieces, and tables of a large store, are where
 * huge pages are asked for (madvise(2)), but for the first few MiB: they would only make a
 * small process larger.  Rows, the chunks of arenas, come and go, and to clear a huge page costs
 * more than they gain; so they have none.
 *   (1) taken_bytes is the sum of what was asked for and not given back.
 *   (2) taken_bytes <= limit_bytes at all times: past it, take answers NULL as a small machine
 *       would, so that running out of memory can be had on purpose.
 *   (3) A range is larger than the limit, since pieces are rounded up; what is never touched of it
 *       costs nothing.
 *   (4) A range in which nothing is taken goes back to the system, but for that of rows, which is
 *       kept while there are pieces, unless it has grown large.
 */
#include "env_unix.h"
#include <stdlib.h>
#include <sys/mman.h>

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

/* What lies between is a row: larger than any node, smaller than the tables of a large store. */
#define PIECE_BYTES_MAX ((size_t)32 << 10)
#define TABLE_BYTES_MIN ((size_t)1 << 20)

#define SMALL_BYTES     ((size_t)8 << 20) /* without huge pages */
#define ROWS_BYTES_KEPT ((size_t)8 << 20) /* more than commits of a thousand keys take */
#define RANGE_BYTES_MAX ((size_t)1 << 40)
#define TABLE_SHARE     512u /* of it: the allocator's own table, of which little is touched */

/* The range that pieces of this size come from. */
static struct heap_range *range_of(struct heap_unix *heap, size_t bytes)
{
    return bytes > PIECE_BYTES_MAX && bytes < TABLE_BYTES_MIN ? &heap->rows : &heap->pieces;
}

/* Room for a limit's bytes in pieces that are half empty, and for the allocator's own table. */
static size_t range_bytes(size_t limit_bytes)
{
    return limit_bytes > RANGE_BYTES_MAX / 4 ? RANGE_BYTES_MAX
                                             : (2 * limit_bytes / SMALL_BYTES + 2) * SMALL_BYTES;
}

/* Maps a range of at most `bytes`; false when there is no address space for it.  Where less of that
 * is allowed than a limit would need, the range is the limit. */
static bool map(struct heap_range *range, size_t bytes, bool huge)
{
    void *at = MAP_FAILED;
    size_t small;

    for (; at == MAP_FAILED && bytes >= 2 * SMALL_BYTES; bytes /= 2) {
        at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
        range->at = at;
        range->size_bytes = bytes;
    }
    if (at == MAP_FAILED) {
        range->at = NULL;
        return false;
    }
    small = range->size_bytes / TABLE_SHARE + SMALL_BYTES;
    if (huge)
        (void)madvise(range->at + small, range->size_bytes - small, MADV_HUGEPAGE);
    heap_init(&range->heap, at, range->size_bytes);
    return true;
}

static void unmap(struct heap_range *range)
{
    if (range->at != NULL)
        (void)munmap(range->at, range->size_bytes);
    range->at = NULL;
}

static void *take_from_range(struct heap_unix *heap, size_t bytes)
{
    struct heap_range *range = range_of(heap, bytes);

    if (range->at == NULL &&
        !map(range, range_bytes(heap->base.limit_bytes), range == &heap->pieces))
        return NULL;
    return bough_heap_take(&range->heap.base, bytes);
}

static void give_to_range(struct heap_unix *heap, void *at, size_t bytes)
{
    struct heap_range *range = range_of(heap, bytes);

    bough_heap_give(&range->heap.base, at, bytes);
    if (range == &heap->rows && range->heap.base.taken_bytes == 0 &&
        range->heap.base.taken_bytes_max > ROWS_BYTES_KEPT)
        unmap(range);
}

static void *take(struct bough_heap *base, size_t bytes)
{
    struct heap_unix *heap = (struct heap_unix *)base;
    void *at;

    if (bytes > base->limit_bytes - base->taken_bytes)
        return NULL;
    at = WATCHED ? malloc(bytes) : take_from_range(heap, bytes);
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
        give_to_range(heap, at, bytes);
    if (base->taken_bytes > 0)
        return;
    unmap(&heap->pieces);
    unmap(&heap->rows);
}

static const struct bough_heap_ops ops = {.take = take, .give = give};

void heap_unix_init(struct heap_unix *heap, size_t limit_bytes)
{
    *heap = (struct heap_unix){.base = {.ops = &ops, .limit_bytes = limit_bytes}};
}
