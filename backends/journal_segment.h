/* SPDX-License-Identifier: ISC
 *
 * journal_segment.h - what each segment of the device is used for, and which of its objects live.
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include "bough/env.h"
#include "journal_format.h"

enum journal_segment_state {
    JOURNAL_SEGMENT_FREE,  /* may be written */
    JOURNAL_SEGMENT_USED,  /* holds part of the log */
    JOURNAL_SEGMENT_EMPTY, /* holds nothing any more, but the newest checkpoint still counts on it:
                              free after the next one */
};

/* Why a record is not garbage. */
enum journal_segment_mark {
    JOURNAL_SEGMENT_LIVES,  /* its object does, with all that it leads to */
    JOURNAL_SEGMENT_NEEDED, /* only the record: others are differences from it, or it is an index's
                             */
    JOURNAL_SEGMENT_NEWEST  /* and it is to stay as quick to read as it is */
};

struct journal_segment {
    uint8_t state;
    bool candidate;         /* was full when the collection under way began */
    uint64_t opening;       /* counts openings of segments; 0 = never opened */
    uint64_t excess_bytes;  /* by how much the classes of all its records exceed their lengths */
    uint64_t live_bytes;    /* classes of what lives in it, by the last collection, or the one under
                               way */
    uint64_t history_bytes; /* of these, history that is not settled */
    uint8_t *marks;         /* a bit for each JOURNAL_RECORD_MIN bytes, for each kind of marks after
                               the other; NULL = none set */
};

struct journal_segments {
    struct bough_heap *heap;
    struct journal_super super; /* the geometry */
    struct journal_segment *at;
    uint32_t *slots; /* segment + 1 by its opening; 0 = nothing there */
    uint32_t slot_count;
    uint32_t slots_used;
    uint32_t free_count;
    uint32_t empty_count;
    uint32_t current;       /* the one being written */
    uint64_t opening_count; /* openings so far */
};

/* A table in which every segment is free.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_segment_init(struct journal_segments *segments,
                                                     struct bough_heap *heap,
                                                     const struct journal_super *super);
/* Gives its memory back. */
void journal_segment_release(struct journal_segments *segments);

/* Makes the table one for a device that has grown.  BOUGH_NO_MEMORY (nothing changes then). */
BOUGH_MUST_CHECK enum bough_err journal_segment_grow(struct journal_segments *segments,
                                                     const struct journal_super *super);

/* Sets a segment's state, keeping the counts right. */
void journal_segment_set(struct journal_segments *segments, uint32_t segment,
                         enum journal_segment_state state);

/* Takes a segment into use without marks; if the opening is new, without records. */
void journal_segment_use(struct journal_segments *segments, uint32_t segment, uint64_t opening);

/* A free segment, the next behind `current` in a circle, so that wear is spread; BOUGH_FULL. */
BOUGH_MUST_CHECK enum bough_err journal_segment_pick(const struct journal_segments *segments,
                                                     uint32_t *segment);

/* The segment that holds a position, and where on the device it is; false when its segment has been
 * given up.  O(1). */
bool journal_segment_find(const struct journal_segments *segments, uint64_t position,
                          uint32_t *segment, uint64_t *offset);

/* The position of a device offset in a segment that was opened. */
uint64_t journal_segment_position(const struct journal_segments *segments, uint64_t offset);

/* Marks the record at an address; *fresh says whether it had no such mark before.  BOUGH_CORRUPT
 * (an address in no segment in use), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_segment_mark(struct journal_segments *segments,
                                                     uint64_t address,
                                                     enum journal_segment_mark mark, bool *fresh);

/* Counts the record at an address, which is marked, as history that may be kept shorter. */
void journal_segment_count_history(struct journal_segments *segments, uint64_t address);

/* Takes note of a record of `record_bytes` in a segment in use: by how much its class exceeds it.
 */
void journal_segment_count(struct journal_segments *segments, uint32_t segment, uint64_t address,
                           uint64_t record_bytes);

/* The bytes of a segment that are not garbage, as the last collection found them: as much of them
 * as the classes of its records tell. */
uint64_t journal_segment_live(const struct journal_segments *segments, uint32_t segment);

/* Whether the record at an address has this mark. */
bool journal_segment_has_mark(const struct journal_segments *segments, uint64_t address,
                              enum journal_segment_mark mark);

/* Whether a record that begins in these bytes of the device, in one segment, has any mark. */
bool journal_segment_has_marks(const struct journal_segments *segments, uint64_t offset,
                               uint64_t len);

/* Whether a collection under way may call the record at an address garbage. */
bool journal_segment_is_candidate(const struct journal_segments *segments, uint64_t address);

/* Forgets all marks. */
void journal_segment_unmark(struct journal_segments *segments);

#endif
