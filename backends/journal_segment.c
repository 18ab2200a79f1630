/* SPDX-License-Identifier: ISC
 *
 * journal_segment.c - what each segment of the device is used for.
 *
 *   (1) free_count and empty_count are the numbers of segments in these states.
 *   (2) `current` is USED.
 *   (3) A segment that is not FREE is found from the slot that its opening points to, or behind it
 *       without a gap; slots of former openings may stand between.
 * Marks cost an 85th of the segments in which something lives, while a collection is under way.
 */
#include "journal_segment.h"
#include "journal_address.h"

#define MARK_KINDS 3u

static void add_slot(struct journal_segments *segments, uint32_t segment)
{
    uint32_t mask = segments->slot_count - 1;
    uint32_t at = (uint32_t)segments->at[segment].opening & mask;

    assert(segments->slots_used < segments->slot_count);
    while (segments->slots[at] != 0)
        at = (at + 1) & mask;
    segments->slots[at] = segment + 1;
    segments->slots_used++;
}

/* Drops the slots of former openings. */
static void renew_slots(struct journal_segments *segments)
{
    memset(segments->slots, 0, segments->slot_count * sizeof(*segments->slots));
    segments->slots_used = 0;
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        if (segments->at[i].state != JOURNAL_SEGMENT_FREE)
            add_slot(segments, i);
    }
}

/* Takes a table and its slots for so many segments. */
static enum bough_err take(struct journal_segments *segments, uint32_t count)
{
    size_t size = count * sizeof(*segments->at);

    segments->slot_count = 16;
    while (segments->slot_count < 4 * count)
        segments->slot_count *= 2;
    segments->at = bough_heap_take(segments->heap, size);
    segments->slots =
        bough_heap_take(segments->heap, segments->slot_count * sizeof(*segments->slots));
    if (segments->at == NULL || segments->slots == NULL) {
        bough_heap_give(segments->heap, segments->at, size);
        bough_heap_give(segments->heap, segments->slots,
                        segments->slot_count * sizeof(*segments->slots));
        segments->at = NULL;
        segments->slots = NULL;
        return BOUGH_NO_MEMORY;
    }
    memset(segments->at, 0, size);
    return BOUGH_OK;
}

enum bough_err journal_segment_init(struct journal_segments *segments, struct bough_heap *heap,
                                    const struct journal_super *super)
{
    *segments = (struct journal_segments){
        .heap = heap, .super = *super, .free_count = super->segment_count};
    BOUGH_TRY(take(segments, super->segment_count));
    renew_slots(segments);
    return BOUGH_OK;
}

/* Gives back the table, but not the marks. */
static void give(struct journal_segments *segments)
{
    bough_heap_give(segments->heap, segments->at,
                    segments->super.segment_count * sizeof(*segments->at));
    bough_heap_give(segments->heap, segments->slots,
                    segments->slot_count * sizeof(*segments->slots));
    segments->at = NULL;
    segments->slots = NULL;
}

void journal_segment_release(struct journal_segments *segments)
{
    if (segments->at != NULL)
        journal_segment_unmark(segments);
    if (segments->at != NULL)
        give(segments);
}

enum bough_err journal_segment_grow(struct journal_segments *segments,
                                    const struct journal_super *super)
{
    struct journal_segments old = *segments;
    struct journal_segments grown = *segments;
    uint32_t more = super->segment_count - old.super.segment_count;

    assert(super->segment_count >= old.super.segment_count);
    BOUGH_TRY(take(&grown, super->segment_count));
    memcpy(grown.at, old.at, old.super.segment_count * sizeof(*old.at));
    grown.super = *super;
    grown.free_count += more;
    renew_slots(&grown);
    *segments = grown;
    give(&old);
    return BOUGH_OK;
}

/* The bytes of one kind of marks. */
static size_t marks_bytes(const struct journal_segments *segments)
{
    return (size_t)(segments->super.segment_bytes / JOURNAL_RECORD_MIN / 8);
}

/* Forgets one segment's marks. */
static void forget(struct journal_segments *segments, uint32_t segment)
{
    struct journal_segment *one = &segments->at[segment];

    bough_heap_give(segments->heap, one->marks, MARK_KINDS * marks_bytes(segments));
    one->marks = NULL;
    one->candidate = false;
    one->live_bytes = 0;
    one->history_bytes = 0;
}

void journal_segment_unmark(struct journal_segments *segments)
{
    for (uint32_t i = 0; i < segments->super.segment_count; i++)
        forget(segments, i);
}

void journal_segment_set(struct journal_segments *segments, uint32_t segment,
                         enum journal_segment_state state)
{
    struct journal_segment *one = &segments->at[segment];

    assert(segment < segments->super.segment_count);
    if (one->state == JOURNAL_SEGMENT_FREE)
        segments->free_count--;
    if (one->state == JOURNAL_SEGMENT_EMPTY)
        segments->empty_count--;
    if (state == JOURNAL_SEGMENT_FREE)
        segments->free_count++;
    if (state == JOURNAL_SEGMENT_EMPTY)
        segments->empty_count++;
    one->state = (uint8_t)state;
    assert(segments->free_count <= segments->super.segment_count);
}

void journal_segment_use(struct journal_segments *segments, uint32_t segment, uint64_t opening)
{
    assert(opening > 0);
    journal_segment_set(segments, segment, JOURNAL_SEGMENT_USED);
    forget(segments, segment);
    if (segments->at[segment].opening != opening)
        segments->at[segment].excess_bytes = 0;
    segments->at[segment].opening = opening;
    if (segments->opening_count < opening)
        segments->opening_count = opening;
    if (4 * (segments->slots_used + 1) > 3 * segments->slot_count)
        renew_slots(segments);
    else
        add_slot(segments, segment);
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

bool journal_segment_find(const struct journal_segments *segments, uint64_t position,
                          uint32_t *segment, uint64_t *offset)
{
    uint64_t opening = position / segments->super.segment_bytes;
    uint32_t mask = segments->slot_count - 1;

    for (uint32_t at = (uint32_t)opening & mask; segments->slots[at] != 0; at = (at + 1) & mask) {
        const struct journal_segment *one = &segments->at[segments->slots[at] - 1];

        if (one->opening != opening || one->state == JOURNAL_SEGMENT_FREE)
            continue;
        *segment = segments->slots[at] - 1;
        *offset = journal_format_segment_at(&segments->super, *segment) +
                  position % segments->super.segment_bytes;
        return true;
    }
    return false;
}

uint64_t journal_segment_position(const struct journal_segments *segments, uint64_t offset)
{
    uint64_t segment = journal_format_segment_of(&segments->super, offset);

    assert(segment < segments->super.segment_count);
    return segments->at[segment].opening * segments->super.segment_bytes +
           (offset - journal_format_segment_at(&segments->super, (uint32_t)segment));
}

/* The segment of an address and its record's bit in it; false for an address in none. */
static bool find_bit(const struct journal_segments *segments, uint64_t address, uint32_t *segment,
                     size_t *bit)
{
    uint64_t offset;

    if (!journal_segment_find(segments, journal_address_position(address), segment, &offset))
        return false;
    *bit = (size_t)((offset - journal_format_segment_at(&segments->super, *segment)) /
                    JOURNAL_RECORD_MIN);
    return true;
}

static bool bit_get(const uint8_t *bits, size_t bit)
{
    return (bits[bit / 8] >> (bit % 8) & 1) != 0;
}

enum bough_err journal_segment_mark(struct journal_segments *segments, uint64_t address,
                                    enum journal_segment_mark mark, bool *fresh)
{
    size_t bytes = marks_bytes(segments);
    struct journal_segment *one;
    uint8_t *bits;
    uint32_t segment;
    size_t bit;

    if (!find_bit(segments, address, &segment, &bit))
        return BOUGH_CORRUPT;
    one = &segments->at[segment];
    if (one->marks == NULL) {
        one->marks = bough_heap_take(segments->heap, MARK_KINDS * bytes);
        if (one->marks == NULL)
            return BOUGH_NO_MEMORY;
        memset(one->marks, 0, MARK_KINDS * bytes);
        one->live_bytes = 0;
        one->history_bytes = 0;
    }
    assert(bit / 8 < bytes);
    if (mark != JOURNAL_SEGMENT_NEWEST && !bit_get(one->marks, bit) &&
        !bit_get(one->marks + bytes, bit))
        one->live_bytes += journal_address_bytes_max(address);
    bits = one->marks + (size_t)mark * bytes;
    *fresh = !bit_get(bits, bit);
    bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
    return BOUGH_OK;
}

void journal_segment_count(struct journal_segments *segments, uint32_t segment, uint64_t address,
                           uint64_t record_bytes)
{
    uint64_t class_bytes = journal_address_bytes_max(address);

    assert(segment < segments->super.segment_count && class_bytes >= record_bytes);
    segments->at[segment].excess_bytes += class_bytes - record_bytes;
}

uint64_t journal_segment_live(const struct journal_segments *segments, uint32_t segment)
{
    const struct journal_segment *one = &segments->at[segment];
    uint64_t segment_bytes = segments->super.segment_bytes;

    assert(segment < segments->super.segment_count);
    /* Were the segment full of records, their classes would be this much; where padding stands
     * between them, too much of them is taken to live, never too little. */
    assert(one->live_bytes <= UINT64_MAX / segment_bytes);
    return one->live_bytes * segment_bytes / (segment_bytes + one->excess_bytes);
}

void journal_segment_count_history(struct journal_segments *segments, uint64_t address)
{
    uint32_t segment;
    size_t bit;

    if (find_bit(segments, address, &segment, &bit))
        segments->at[segment].history_bytes += journal_address_bytes_max(address);
}

bool journal_segment_has_mark(const struct journal_segments *segments, uint64_t address,
                              enum journal_segment_mark mark)
{
    uint32_t segment;
    size_t bit;

    return find_bit(segments, address, &segment, &bit) && segments->at[segment].marks != NULL &&
           bit_get(segments->at[segment].marks + (size_t)mark * marks_bytes(segments), bit);
}

bool journal_segment_has_marks(const struct journal_segments *segments, uint64_t offset,
                               uint64_t len)
{
    uint32_t segment = (uint32_t)journal_format_segment_of(&segments->super, offset);
    uint64_t from = offset - journal_format_segment_at(&segments->super, segment);
    const uint8_t *bits = segments->at[segment].marks;

    assert(from + len <= segments->super.segment_bytes);
    for (size_t bit = (size_t)(from / JOURNAL_RECORD_MIN);
         bits != NULL && bit < (from + len) / JOURNAL_RECORD_MIN; bit++) {
        if (bit_get(bits, bit) || bit_get(bits + marks_bytes(segments), bit))
            return true;
    }
    return false;
}

bool journal_segment_is_candidate(const struct journal_segments *segments, uint64_t address)
{
    uint32_t segment;
    size_t bit;

    return find_bit(segments, address, &segment, &bit) && segments->at[segment].candidate;
}
