/* SPDX-License-Identifier: ISC
 *
 * heap.c - the image's memory: runs of 4 KiB pages, and slabs of equal small pieces within them.
 * A process's memory is cut into pieces by it, too (unix/heap_unix.c).
 *
 * Owns a run of memory; the first part of it is a table with one entry for each page of the rest.
 *   (1) Every page is in a free run, a large piece, or a slab; the table's entries for the first
 *       and last page of a run or piece say what it is and how long, a slab's pages all do.
 *   (2) No two free runs are neighbours.  Free runs hang in bins by the logarithm of their length.
 *   (3) A slab hangs in its class's list exactly when it has both free and taken pieces or is empty
 *       and the only one of its list.
 *   (4) taken_bytes is the sum of the pieces given out, rounded up to their class or to pages.
 * `give` is told the size, so that small pieces have no headers; a size of another class than the
 * slab's is a bug of the caller and stops the program, as does giving twice what the table knows.
 */
#include "heap.h"

#include <stdbool.h>
#include <string.h>

#define SMALL_BYTES_MAX  4096u
#define SLAB_PAGES_SMALL 1u /* for pieces up to 512 bytes */
#define SLAB_BYTES_SMALL 512u
#define SLAB_PAGES       4u /* up to 2048 */
#define SLAB_BYTES       2048u
#define SLAB_PAGES_LARGE 8u
#define BIN_WALK_MAX     16u /* runs looked at in the bin that may or may not fit */
#define PAGES_MIN        16u

enum page_kind { PAGE_INSIDE, PAGE_FREE, PAGE_LARGE, PAGE_SLAB };

struct heap_page {
    uint32_t kind;
    uint32_t count; /* pages of the run or piece; a slab's page: how far its first one is back */
};

/* At the start of a free run. */
struct heap_run {
    struct heap_run *next;
    struct heap_run *previous;
};

/* A free piece of a slab. */
struct piece {
    struct piece *next;
};

/* At the start of a slab; the pieces follow.  It fills a line of the processor's cache, so that
 * pieces of whole lines begin at one: a scan of a store's nodes takes a tenth less. */
struct heap_slab {
    struct heap_slab *next;
    struct heap_slab *previous;
    struct piece *free;
    uint32_t class;
    uint16_t taken_count;
    uint16_t piece_count;
    uint32_t fresh_count; /* pieces at the end that were never given out */
    uint32_t padding[7];
};

_Static_assert(sizeof(struct heap_slab) % 64 == 0, "pieces would begin within a line");

/* Steps of 16 up to 128, then four to each doubling. */
static const uint16_t class_bytes[HEAP_CLASS_COUNT] = {
    16,  32,  48,  64,  80,  96,   112,  128,  160,  192,  224,  256,  320,  384,
    448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096};

static struct heap *heap_of(struct bough_heap *base)
{
    return (struct heap *)base;
}

/* The number of the highest bit that is set. */
static uint32_t log2_of(size_t value)
{
    assert(value > 0);
    return 63u - (uint32_t)__builtin_clzll(value);
}

/* The smallest class with room for `bytes` <= SMALL_BYTES_MAX. */
static uint32_t class_of(size_t bytes)
{
    uint32_t doubling;

    if (bytes <= 128)
        return bytes == 0 ? 0 : (uint32_t)((bytes - 1) / 16);
    doubling = log2_of(bytes - 1); /* 7 for 129..256 */
    return 8 + (doubling - 7) * 4 +
           (uint32_t)((bytes - 1 - ((size_t)1 << doubling)) >> (doubling - 2));
}

static size_t pages_of(size_t bytes)
{
    return (bytes + HEAP_PAGE_BYTES - 1) / HEAP_PAGE_BYTES;
}

static void *address_of(const struct heap *heap, size_t page)
{
    return heap->pages + page * HEAP_PAGE_BYTES;
}

static size_t page_of(const struct heap *heap, const void *at)
{
    size_t page = (size_t)((const uint8_t *)at - heap->pages) / HEAP_PAGE_BYTES;

    assert((const uint8_t *)at >= heap->pages && page < heap->page_count);
    return page;
}

/* Writes a run's entries: its first and last page. */
static void mark(struct heap *heap, size_t first, size_t count, enum page_kind kind)
{
    assert(count > 0 && count <= heap->page_count - first);
    heap->table[first + count - 1] = (struct heap_page){.kind = kind, .count = (uint32_t)count};
    heap->table[first] = (struct heap_page){.kind = kind, .count = (uint32_t)count};
}

static void bin_add(struct heap *heap, size_t first, size_t count)
{
    uint32_t bin = log2_of(count);
    struct heap_run *run = address_of(heap, first);

    mark(heap, first, count, PAGE_FREE);
    *run = (struct heap_run){.next = heap->bins[bin]};
    if (run->next != NULL)
        run->next->previous = run;
    heap->bins[bin] = run;
    heap->bins_used |= 1u << bin;
}

static void bin_remove(struct heap *heap, struct heap_run *run, size_t count)
{
    uint32_t bin = log2_of(count);

    if (run->previous == NULL)
        heap->bins[bin] = run->next;
    else
        run->previous->next = run->next;
    if (run->next != NULL)
        run->next->previous = run->previous;
    if (heap->bins[bin] == NULL)
        heap->bins_used &= ~(1u << bin);
}

/* A free run of at least `count` pages, or NULL: the first that fits in its own bin, else any of a
 * higher bin, else the rest of its own. */
static struct heap_run *find_run(struct heap *heap, size_t count)
{
    uint32_t bin = log2_of(count);
    struct heap_run *run = heap->bins[bin];
    uint32_t higher;

    for (uint32_t i = 0; run != NULL && i < BIN_WALK_MAX; i++, run = run->next) {
        if (heap->table[page_of(heap, run)].count >= count)
            return run;
    }
    higher = bin + 1 < HEAP_BIN_COUNT ? heap->bins_used >> (bin + 1) << (bin + 1) : 0;
    if (higher != 0)
        return heap->bins[log2_of(higher & (~higher + 1))];
    for (; run != NULL; run = run->next) {
        if (heap->table[page_of(heap, run)].count >= count)
            return run;
    }
    return NULL;
}

/* Takes `count` pages; the first one's number in *first. */
static bool pages_take(struct heap *heap, size_t count, enum page_kind kind, size_t *first)
{
    struct heap_run *run = count > heap->page_count ? NULL : find_run(heap, count);
    size_t all;

    if (run == NULL)
        return false;
    *first = page_of(heap, run);
    all = heap->table[*first].count;
    assert(heap->table[*first].kind == PAGE_FREE && all >= count);
    bin_remove(heap, run, all);
    if (all > count)
        bin_add(heap, *first + count, all - count);
    mark(heap, *first, count, kind);
    return true;
}

/* Gives pages back and joins them with free neighbours. */
static void pages_give(struct heap *heap, size_t first, size_t count)
{
    size_t next = first + count;

    if (next < heap->page_count && heap->table[next].kind == PAGE_FREE) {
        bin_remove(heap, address_of(heap, next), heap->table[next].count);
        count += heap->table[next].count;
    }
    if (first > 0 && heap->table[first - 1].kind == PAGE_FREE) {
        size_t before = heap->table[first - 1].count;

        bin_remove(heap, address_of(heap, first - before), before);
        first -= before;
        count += before;
    }
    bin_add(heap, first, count);
}

static size_t slab_pages(uint32_t class)
{
    return class_bytes[class] <= SLAB_BYTES_SMALL ? SLAB_PAGES_SMALL
           : class_bytes[class] <= SLAB_BYTES     ? SLAB_PAGES
                                                  : SLAB_PAGES_LARGE;
}

static void list_add(struct heap *heap, struct heap_slab *slab)
{
    slab->previous = NULL;
    slab->next = heap->partial[slab->class];
    if (slab->next != NULL)
        slab->next->previous = slab;
    heap->partial[slab->class] = slab;
}

static void list_remove(struct heap *heap, struct heap_slab *slab)
{
    if (slab->previous == NULL)
        heap->partial[slab->class] = slab->next;
    else
        slab->previous->next = slab->next;
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
}

/* A new slab in its class's list, or NULL. */
static struct heap_slab *slab_new(struct heap *heap, uint32_t class)
{
    size_t pages = slab_pages(class);
    struct heap_slab *slab;
    uint32_t count;
    size_t first;

    if (!pages_take(heap, pages, PAGE_SLAB, &first))
        return NULL;
    for (size_t i = 0; i < pages; i++)
        heap->table[first + i] = (struct heap_page){.kind = PAGE_SLAB, .count = (uint32_t)i};
    slab = address_of(heap, first);
    count = (uint32_t)((pages * HEAP_PAGE_BYTES - sizeof(*slab)) / class_bytes[class]);
    *slab =
        (struct heap_slab){.class = class, .piece_count = (uint16_t)count, .fresh_count = count};
    list_add(heap, slab);
    return slab;
}

static void *small_take(struct heap *heap, uint32_t class)
{
    struct heap_slab *slab = heap->partial[class];
    void *at;

    if (slab == NULL)
        slab = slab_new(heap, class);
    if (slab == NULL)
        return NULL;
    if (slab->free != NULL) {
        at = slab->free;
        slab->free = slab->free->next;
    } else {
        assert(slab->fresh_count > 0);
        at = (uint8_t *)(slab + 1) +
             (size_t)(slab->piece_count - slab->fresh_count) * class_bytes[class];
        slab->fresh_count--;
    }
    slab->taken_count++;
    if (slab->taken_count == slab->piece_count)
        list_remove(heap, slab);
    return at;
}

static void small_give(struct heap *heap, void *at, uint32_t class)
{
    size_t page = page_of(heap, at);
    struct heap_slab *slab;
    struct piece *piece = at;
    size_t first;

    assert(heap->table[page].kind == PAGE_SLAB && page >= heap->table[page].count);
    first = page - heap->table[page].count;
    slab = address_of(heap, first);
    assert(slab->class == class && slab->taken_count > 0);
    assert((size_t)((uint8_t *)at - (uint8_t *)(slab + 1)) % class_bytes[class] == 0);
    if (slab->taken_count == slab->piece_count)
        list_add(heap, slab);
    piece->next = slab->free;
    slab->free = piece;
    slab->taken_count--;
    /* An empty slab goes back, but for the last of its list: else one piece would make and unmake
     * it again and again. */
    if (slab->taken_count == 0 && (slab->next != NULL || slab->previous != NULL)) {
        list_remove(heap, slab);
        pages_give(heap, first, slab_pages(class));
    }
}

/* Gives all empty slabs back to the pages. */
static bool drop_empty_slabs(struct heap *heap)
{
    bool any = false;

    for (uint32_t class = 0; class < HEAP_CLASS_COUNT; class ++) {
        struct heap_slab *slab = heap->partial[class];

        if (slab == NULL || slab->taken_count != 0)
            continue;
        list_remove(heap, slab);
        pages_give(heap, page_of(heap, slab), slab_pages(class));
        any = true;
    }
    return any;
}

static void *large_take(struct heap *heap, size_t bytes)
{
    size_t first;

    return pages_take(heap, pages_of(bytes), PAGE_LARGE, &first) ? address_of(heap, first) : NULL;
}

/* What a piece of `bytes` bytes really takes. */
static size_t rounded(size_t bytes)
{
    return bytes <= SMALL_BYTES_MAX ? class_bytes[class_of(bytes)]
                                    : pages_of(bytes) * HEAP_PAGE_BYTES;
}

static void *heap_take(struct bough_heap *base, size_t bytes)
{
    struct heap *heap = heap_of(base);
    void *at = NULL;

    if (bytes > base->limit_bytes || rounded(bytes) > base->limit_bytes - base->taken_bytes)
        return NULL;
    do
        at = bytes <= SMALL_BYTES_MAX ? small_take(heap, class_of(bytes)) : large_take(heap, bytes);
    while (at == NULL && drop_empty_slabs(heap));
    if (at == NULL)
        return NULL;
    base->taken_bytes += rounded(bytes);
    if (base->taken_bytes > base->taken_bytes_max)
        base->taken_bytes_max = base->taken_bytes;
    return at;
}

static void heap_give(struct bough_heap *base, void *at, size_t bytes)
{
    struct heap *heap = heap_of(base);

    assert(rounded(bytes) <= base->taken_bytes);
    base->taken_bytes -= rounded(bytes);
    if (bytes <= SMALL_BYTES_MAX) {
        small_give(heap, at, class_of(bytes));
    } else {
        size_t first = page_of(heap, at);

        assert(address_of(heap, first) == at && heap->table[first].kind == PAGE_LARGE);
        assert(heap->table[first].count == pages_of(bytes));
        pages_give(heap, first, pages_of(bytes));
    }
}

static const struct bough_heap_ops heap_ops = {.take = heap_take, .give = heap_give};

void heap_init(struct heap *heap, void *at, size_t bytes)
{
    uintptr_t begin = ((uintptr_t)at + HEAP_PAGE_BYTES - 1) / HEAP_PAGE_BYTES * HEAP_PAGE_BYTES;
    size_t all = (size_t)((uintptr_t)at + bytes - begin) / HEAP_PAGE_BYTES;
    size_t table_pages = pages_of(all * sizeof(struct heap_page));

    assert(all >= PAGES_MIN + table_pages && all <= UINT32_MAX);
    *heap = (struct heap){.table = (struct heap_page *)begin, .page_count = all - table_pages};
    heap->pages = (uint8_t *)begin + table_pages * HEAP_PAGE_BYTES;
    bin_add(heap, 0, heap->page_count);
    heap->base.ops = &heap_ops;
    heap->base.limit_bytes = heap->page_count * HEAP_PAGE_BYTES;
}

void heap_check(const struct heap *heap)
{
    size_t taken = 0;
    bool was_free = false;
    size_t page = 0;

    while (page < heap->page_count) {
        const struct heap_page *entry = &heap->table[page];
        const struct heap_slab *slab = address_of(heap, page);
        size_t count = entry->kind == PAGE_SLAB ? slab_pages(slab->class) : entry->count;

        assert(entry->kind != PAGE_INSIDE && count > 0 && count <= heap->page_count - page);
        assert(entry->kind != PAGE_FREE || !was_free);
        if (entry->kind == PAGE_SLAB) {
            assert(entry->count == 0 && slab->taken_count <= slab->piece_count);
            taken += (size_t)slab->taken_count * class_bytes[slab->class];
        } else {
            assert(entry[count - 1].kind == entry->kind && entry[count - 1].count == count);
            taken += entry->kind == PAGE_LARGE ? count * HEAP_PAGE_BYTES : 0;
        }
        was_free = entry->kind == PAGE_FREE;
        page += count;
    }
    assert(taken == heap->base.taken_bytes);
    (void)taken;
    (void)was_free;
}
