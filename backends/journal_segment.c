/* SPDX-License-Identifier: ISC
 *
 * journal_segment.c - what each segment of the device is used for.
 *
 *   (1) free_count is the number of segments in the state FREE.
 *   (2) `current` is USED.
 * Marks cost a 256th of the segments in which something lives, while a collection is under way.
 */
#include "journal_segment.h"

enum bough_err journal_segment_init(struct journal_segments *segments, struct bough_heap *heap,
                                    const struct journal_super *super)
{
    size_t size = super->segment_count * sizeof(*segments->at);

    *segments = (struct journal_segments){
        .heap = heap,
        .super = *super,
        .at = bough_heap_take(heap, size),
        .free_count = super->segment_count,
    };
    if (segments->at == NULL)
        return BOUGH_NO_MEMORY;
    memset(segments->at, 0, size);
    return BOUGH_OK;
}

static size_t marks_bytes(const struct journal_segments *segments)
{
    return (size_t)(segments->super.segment_bytes / JOURNAL_RECORD_MIN / 8);
}

void journal_segment_forget(struct journal_segments *segments, uint32_t segment)
{
    struct journal_segment *one = &segments->at[segment];

    bough_heap_give(segments->heap, one->marks, marks_bytes(segments));
    one->marks = NULL;
    one->candidate = false;
    one->live_bytes = 0;
}

void journal_segment_unmark(struct journal_segments *segments)
{
    for (uint32_t i = 0; segments->at != NULL && i < segments->super.segment_count; i++)
        journal_segment_forget(segments, i);
}

void journal_segment_release(struct journal_segments *segments)
{
    journal_segment_unmark(segments);
    bough_heap_give(segments->heap, segments->at,
                    segments->super.segment_count * sizeof(*segments->at));
    segments->at = NULL;
}

void journal_segment_set(struct journal_segments *segments, uint32_t segment,
                         enum journal_segment_state state)
{
    struct journal_segment *one = &segments->at[segment];

    assert(segment < segments->super.segment_count);
    if (one->state == JOURNAL_SEGMENT_FREE)
        segments->free_count--;
    if (state == JOURNAL_SEGMENT_FREE)
        segments->free_count++;
    one->state = (uint8_t)state;
    assert(segments->free_count <= segments->super.segment_count);
}

enum bough_err journal_segment_pick(const struct journal_segments *segments, uint32_t *segment)
{
    uint32_t count = segments->super.segment_count;

    for (uint32_t i = 1; i <= count; i++) {
        *segment = (segments->current + i) % count;
        if (segments->at[*segment].state == JOURNAL_SEGMENT_FREE)
            return BOUGH_OK;
    }
    assert(segments->free_count == 0);
    return BOUGH_FULL;
}

/* The segment of an address and its record's bit in it; false for an address outside of the log. */
static bool find_bit(const struct journal_segments *segments, uint64_t address, uint32_t *segment,
                     size_t *bit)
{
    uint64_t offset = journal_format_address_offset(address);
    uint64_t found = journal_format_segment_of(&segments->super, offset);

    if (found >= segments->super.segment_count)
        return false;
    *segment = (uint32_t)found;
    *bit = (size_t)((offset - journal_format_segment_at(&segments->super, *segment)) /
                    JOURNAL_RECORD_MIN);
    return true;
}

enum bough_err journal_segment_mark(struct journal_segments *segments, uint64_t address,
                                    bool *fresh)
{
    struct journal_segment *one;
    uint32_t segment;
    size_t bit;

    if (!find_bit(segments, address, &segment, &bit))
        return BOUGH_CORRUPT;
    one = &segments->at[segment];
    if (one->marks == NULL) {
        one->marks = bough_heap_take(segments->heap, marks_bytes(segments));
        if (one->marks == NULL)
            return BOUGH_NO_MEMORY;
        memset(one->marks, 0, marks_bytes(segments));
        one->live_bytes = 0;
    }
    *fresh = (one->marks[bit / 8] >> (bit % 8) & 1) == 0;
    assert(bit / 8 < marks_bytes(segments));
    if (*fresh) {
        one->marks[bit / 8] |= (uint8_t)(1u << (bit % 8));
        one->live_bytes += journal_format_address_bytes(address);
    }
    return BOUGH_OK;
}

bool journal_segment_is_marked(const struct journal_segments *segments, uint64_t address)
{
    uint32_t segment;
    size_t bit;

    return find_bit(segments, address, &segment, &bit) && segments->at[segment].marks != NULL &&
           (segments->at[segment].marks[bit / 8] >> (bit % 8) & 1) != 0;
}

bool journal_segment_is_candidate(const struct journal_segments *segments, uint64_t address)
{
    uint32_t segment;
    size_t bit;

    return find_bit(segments, address, &segment, &bit) && segments->at[segment].candidate;
}
