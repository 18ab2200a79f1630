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

struct journal_segment {
    uint8_t state;
    bool candidate;      /* was full when the collection under way began */
    uint64_t opening;    /* when it was opened: later = greater.  0 = not since this mount */
    uint64_t live_bytes; /* found by the collection under way, or the last one */
    uint8_t *marks;      /* a bit for each JOURNAL_RECORD_MIN bytes; NULL = none set */
};

struct journal_segments {
    struct bough_heap *heap;
    struct journal_super super; /* the geometry */
    struct journal_segment *at;
    uint32_t free_count;
    uint32_t current;       /* the one being written */
    uint64_t opening_count; /* openings so far */
};

/* A table in which every segment is free.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_segment_init(struct journal_segments *segments,
                                                     struct bough_heap *heap,
                                                     const struct journal_super *super);
/* Gives its memory back. */
void journal_segment_release(struct journal_segments *segments);

/* Sets a segment's state, keeping free_count right. */
void journal_segment_set(struct journal_segments *segments, uint32_t segment,
                         enum journal_segment_state state);

/* A free segment, the next behind `current` in a circle, so that wear is spread; BOUGH_FULL. */
BOUGH_MUST_CHECK enum bough_err journal_segment_pick(const struct journal_segments *segments,
                                                     uint32_t *segment);

/* Marks the record at an address as live; *fresh says whether it was not marked before.
 * BOUGH_CORRUPT (an address outside of the log), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_segment_mark(struct journal_segments *segments,
                                                     uint64_t address, bool *fresh);

/* Whether the record at an address is marked. */
bool journal_segment_is_marked(const struct journal_segments *segments, uint64_t address);

/* Whether a collection under way may call the record at an address garbage. */
bool journal_segment_is_candidate(const struct journal_segments *segments, uint64_t address);

/* Forgets one segment's marks: it is written anew. */
void journal_segment_forget(struct journal_segments *segments, uint32_t segment);

/* Forgets all marks. */
void journal_segment_unmark(struct journal_segments *segments);

#endif
