/* SPDX-License-Identifier: ISC
 *
 * heap_region.c - pieces of memory from regions that the system backs with huge pages.
 *
 * A tree in memory is many pieces of one or two KiB, read at random: with pages of 4 KiB most reads
 * miss the processor's table of pages.  So pieces come from regions of 2 MiB, aligned, for which a
 * huge page is asked (madvise(2), MADV_HUGEPAGE).  A region is 32 spans.  A span holds pieces of
 * one class; larger pieces are spans in a row, and the largest are mapped by themselves.  The
 * region's first KiB tells about its spans.
 *   (1) A span of pieces has `out_count` pieces that are taken or hot, `free` lists others, and
 *       those from `fresh` on were never given out.
 *   (2) Such a span is in its class's list iff it has a piece to give out.
 *   (3) A region's `spans_used` has a bit for each span in use; it is listed iff one is not.
 *   (4) A list's `empty_count` is how many of its regions have no spans in use.
 * What was given back is hot: it is taken again first, since it is still in the processor's caches.
 * Pieces have no headers: `give` is told the size.  A process of a few MiB gets no huge pages,
 * since they would only make it larger; nor do rows, which are read from one end to the other and
 * soon given back: to clear a huge page costs more than they gain.
 */
#include "heap_region.h"
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define REGION_BYTES ((size_t)2 << 20)
#define SPAN_BYTES   ((size_t)64 << 10)
#define SPAN_COUNT   32u
#define SPANS_ALL    UINT32_MAX
#define HUGE_FROM    4u /* regions that there are already */

/* Regions that are kept though nothing is taken: what a commit of a thousand keys works with comes
 * and goes in rows. */
#define EMPTY_MAX      1u
#define EMPTY_ROWS_MAX 4u

#define HOT_MAX  64u
#define HOT_KEPT 32u

/* Classes are steps of 16 up to EXACT_MAX, then eight to each doubling. */
#define EXACT_MAX   256u
#define EXACT_COUNT 16u
#define SMALL_MAX   ((size_t)32 << 10)
#define ROW_MAX     ((size_t)1 << 20)
#define PAGE_BYTES  ((size_t)4096)

/* A piece that was given back. */
struct heap_piece {
    struct heap_piece *next;
};

struct heap_span {
    struct heap_span *next; /* in its class's list */
    struct heap_span *previous;
    struct heap_piece *free;
    uint32_t fresh; /* where in the region the next piece begins that was never given out */
    uint32_t end;   /* of the span, in the region */
    uint16_t class;
    uint16_t out_count;
};

struct heap_region {
    struct heap_region *next;
    struct heap_region *previous;
    bool is_rows;
    uint32_t spans_used;
    struct heap_span spans[SPAN_COUNT];
};

#define REGION_HEADER_BYTES ((sizeof(struct heap_region) + 63) & ~(size_t)63)

_Static_assert(SPAN_BYTES *SPAN_COUNT == REGION_BYTES, "spans must fill a region");
_Static_assert(REGION_HEADER_BYTES < SPAN_BYTES - SMALL_MAX, "a region's first span is too small");

static unsigned log2_of(size_t number)
{
    unsigned log = 0;

    while (number >>= 1)
        log++;
    return log;
}

/* The least class whose pieces have `bytes` bytes. */
static unsigned class_of(size_t bytes)
{
    unsigned log;

    if (bytes <= EXACT_MAX)
        return (unsigned)((bytes - 1) / 16);
    log = log2_of(bytes - 1); /* 8 to 14 */
    return EXACT_COUNT + (log - 8) * 8 + (unsigned)((bytes - 1) >> (log - 3) & 7);
}

/* How large the pieces of a class are. */
static size_t class_bytes(unsigned class)
{
    unsigned behind = class - EXACT_COUNT;

    return class < EXACT_COUNT ? 16 * ((size_t) class + 1)
                               : (size_t)(9 + behind % 8) << (5 + behind / 8);
}

static struct heap_region *region_of(const void *at)
{
    return (struct heap_region *)((uintptr_t)at & ~(uintptr_t)(REGION_BYTES - 1));
}

/* Memory of `bytes` bytes, a multiple of PAGE_BYTES, aligned to that of a region; or NULL. */
static void *map_aligned(size_t bytes)
{
    uint8_t *wide;
    size_t before;

    if (bytes > SIZE_MAX - REGION_BYTES)
        return NULL;
    wide = mmap(NULL, bytes + REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0);
    if (wide == MAP_FAILED)
        return NULL;
    before = (size_t)(-(uintptr_t)wide & (REGION_BYTES - 1));
    if (before > 0)
        (void)munmap(wide, before);
    if (before < REGION_BYTES)
        (void)munmap(wide + before + bytes, REGION_BYTES - before);
    return wide + before;
}

static void list_region(struct heap_regions *regions, struct heap_region *region)
{
    struct heap_region_list *list = &regions->lists[region->is_rows];

    region->next = list->with_room;
    region->previous = NULL;
    if (region->next != NULL)
        region->next->previous = region;
    list->with_room = region;
}

static void unlist_region(struct heap_regions *regions, struct heap_region *region)
{
    struct heap_region_list *list = &regions->lists[region->is_rows];

    *(region->previous != NULL ? &region->previous->next : &list->with_room) = region->next;
    if (region->next != NULL)
        region->next->previous = region->previous;
}

/* A new region, listed; NULL when there is no memory. */
static struct heap_region *new_region(struct heap_regions *regions, bool is_rows)
{
    struct heap_region *region = map_aligned(REGION_BYTES);

    if (region == NULL)
        return NULL;
    if (!is_rows && regions->region_count >= HUGE_FROM)
        (void)madvise(region, REGION_BYTES, MADV_HUGEPAGE);
    region->is_rows = is_rows;
    region->spans_used = 0;
    list_region(regions, region);
    regions->lists[is_rows].empty_count++;
    regions->region_count++;
    return region;
}

static void drop_region(struct heap_regions *regions, struct heap_region *region)
{
    assert(region->spans_used == 0 && regions->lists[region->is_rows].empty_count > 0);
    unlist_region(regions, region);
    regions->lists[region->is_rows].empty_count--;
    regions->region_count--;
    (void)munmap(region, REGION_BYTES);
}

/* Where `count` spans in a row are free in a region: the number of the first, SPAN_COUNT if they
 * are nowhere.  The first span, in which the header is, is not for rows. */
static unsigned find_row(const struct heap_region *region, unsigned count)
{
    uint32_t row = ((uint32_t)1 << count) - 1;

    assert(count > 0 && count < SPAN_COUNT);
    for (unsigned at = 1; at + count <= SPAN_COUNT; at++) {
        if ((region->spans_used & row << at) == 0)
            return at;
    }
    return SPAN_COUNT;
}

/* Counts spans as used. */
static void use_spans(struct heap_regions *regions, struct heap_region *region, uint32_t spans)
{
    struct heap_region_list *list = &regions->lists[region->is_rows];

    assert((region->spans_used & spans) == 0);
    if (region->spans_used == 0)
        list->empty_count--;
    region->spans_used |= spans;
    if (region->spans_used == SPANS_ALL)
        unlist_region(regions, region);
}

/* Counts spans as free; so may the region be, then. */
static void free_spans(struct heap_regions *regions, struct heap_region *region, uint32_t spans)
{
    struct heap_region_list *list = &regions->lists[region->is_rows];

    assert((region->spans_used & spans) == spans);
    if (region->spans_used == SPANS_ALL)
        list_region(regions, region);
    region->spans_used &= ~spans;
    if (region->spans_used != 0)
        return;
    list->empty_count++;
    if (list->empty_count > (region->is_rows ? EMPTY_ROWS_MAX : EMPTY_MAX))
        drop_region(regions, region);
}

static void list_span(struct heap_regions *regions, struct heap_span *span)
{
    span->next = regions->partial[span->class];
    span->previous = NULL;
    if (span->next != NULL)
        span->next->previous = span;
    regions->partial[span->class] = span;
}

static void unlist_span(struct heap_regions *regions, struct heap_span *span)
{
    *(span->previous != NULL ? &span->previous->next : &regions->partial[span->class]) = span->next;
    if (span->next != NULL)
        span->next->previous = span->previous;
}

/* A span of fresh pieces of a class, listed; NULL when there is no memory. */
static struct heap_span *new_span(struct heap_regions *regions, unsigned class)
{
    struct heap_region *region = regions->lists[false].with_room;
    struct heap_span *span;
    unsigned at = 0;

    if (region == NULL)
        region = new_region(regions, false);
    if (region == NULL)
        return NULL;
    while ((region->spans_used >> at & 1) != 0)
        at++;
    use_spans(regions, region, (uint32_t)1 << at);
    span = &region->spans[at];
    *span = (struct heap_span){
        .fresh = (uint32_t)(at == 0 ? REGION_HEADER_BYTES : at * SPAN_BYTES),
        .end = (uint32_t)((at + 1) * SPAN_BYTES),
        .class = (uint16_t) class,
    };
    list_span(regions, span);
    return span;
}

/* Whether a span has no piece to give out. */
static bool is_out(const struct heap_span *span, size_t piece_bytes)
{
    return span->free == NULL && span->end - span->fresh < piece_bytes;
}

/* A piece of a span. */
static void *take_cold(struct heap_regions *regions, unsigned class)
{
    size_t piece_bytes = class_bytes(class);
    struct heap_span *span = regions->partial[class];
    void *at;

    if (span == NULL)
        span = new_span(regions, class);
    if (span == NULL)
        return NULL;
    at = span->free;
    if (at != NULL) {
        span->free = span->free->next;
    } else {
        at = (uint8_t *)region_of(span) + span->fresh;
        span->fresh += (uint32_t)piece_bytes;
    }
    span->out_count++;
    if (is_out(span, piece_bytes))
        unlist_span(regions, span);
    return at;
}

/* Gives a piece back to its span, which goes when it was the last, unless it is the last span of
 * its class: else one piece would make and unmake it again and again. */
static void give_cold(struct heap_regions *regions, struct heap_piece *piece, unsigned class)
{
    struct heap_region *region = region_of(piece);
    struct heap_span *span = &region->spans[((uintptr_t)piece & (REGION_BYTES - 1)) / SPAN_BYTES];

    assert(span->class == class && span->out_count > 0);
    if (is_out(span, class_bytes(class)))
        list_span(regions, span);
    piece->next = span->free;
    span->free = piece;
    span->out_count--;
    if (span->out_count > 0 || (span->next == NULL && span->previous == NULL))
        return;
    unlist_span(regions, span);
    free_spans(regions, region, (uint32_t)1 << (span - region->spans));
}

/* Gives all but the newest `keep` of a class's hot pieces back to their spans. */
static void cool(struct heap_regions *regions, unsigned class, uint32_t keep)
{
    struct heap_hot *hot = &regions->hot[class];
    struct heap_piece **end = &hot->first;
    struct heap_piece *piece;

    for (uint32_t i = 0; i < keep && *end != NULL; i++)
        end = &(*end)->next;
    piece = *end;
    *end = NULL;
    while (piece != NULL) {
        struct heap_piece *next = piece->next;

        give_cold(regions, piece, class);
        hot->count--;
        piece = next;
    }
}

static unsigned spans_of(size_t bytes)
{
    return (unsigned)((bytes + SPAN_BYTES - 1) / SPAN_BYTES);
}

/* Spans in a row. */
static void *take_row(struct heap_regions *regions, unsigned count)
{
    struct heap_region *region = regions->lists[true].with_room;
    unsigned at;

    while (region != NULL && find_row(region, count) == SPAN_COUNT)
        region = region->next;
    if (region == NULL)
        region = new_region(regions, true);
    if (region == NULL)
        return NULL;
    at = find_row(region, count);
    use_spans(regions, region, (((uint32_t)1 << count) - 1) << at);
    return (uint8_t *)region + at * SPAN_BYTES;
}

/* What is larger than a region is for comes from the system by itself. */
static size_t mapped_bytes(size_t bytes)
{
    return bytes > SIZE_MAX - PAGE_BYTES ? SIZE_MAX
                                         : (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static void *take_mapped(size_t bytes)
{
    void *at = map_aligned(mapped_bytes(bytes));

    if (at != NULL)
        (void)madvise(at, mapped_bytes(bytes), MADV_HUGEPAGE);
    return at;
}

void *heap_region_take(struct heap_regions *regions, size_t bytes)
{
    struct heap_piece *piece;
    struct heap_hot *hot;

    assert(bytes > 0);
    if (bytes > ROW_MAX)
        return take_mapped(bytes);
    if (bytes > SMALL_MAX)
        return take_row(regions, spans_of(bytes));
    hot = &regions->hot[class_of(bytes)];
    piece = hot->first;
    if (piece == NULL)
        return take_cold(regions, class_of(bytes));
    hot->first = piece->next;
    hot->count--;
    return piece;
}

void heap_region_give(struct heap_regions *regions, void *at, size_t bytes)
{
    struct heap_piece *piece = at;
    struct heap_hot *hot;

    assert(bytes > 0);
    if (bytes > ROW_MAX) {
        (void)munmap(at, mapped_bytes(bytes));
        return;
    }
    if (bytes > SMALL_MAX) {
        size_t first = ((uintptr_t)at & (REGION_BYTES - 1)) / SPAN_BYTES;

        free_spans(regions, region_of(at), (((uint32_t)1 << spans_of(bytes)) - 1) << first);
        return;
    }
    hot = &regions->hot[class_of(bytes)];
    piece->next = hot->first;
    hot->first = piece;
    if (++hot->count > HOT_MAX)
        cool(regions, class_of(bytes), HOT_KEPT);
}

void heap_region_trim(struct heap_regions *regions)
{
    for (unsigned class = 0; class < HEAP_REGION_CLASSES; class ++) {
        struct heap_span *span;

        cool(regions, class, 0);
        span = regions->partial[class];
        if (span == NULL || span->out_count > 0)
            continue;
        unlist_span(regions, span);
        free_spans(regions, region_of(span), (uint32_t)1 << (span - region_of(span)->spans));
    }
    for (unsigned i = 0; i < 2; i++) {
        struct heap_region *region = regions->lists[i].with_room;

        while (region != NULL) {
            struct heap_region *next = region->next;

            if (region->spans_used == 0)
                drop_region(regions, region);
            region = next;
        }
        assert(regions->lists[i].empty_count == 0);
    }
}
