/* SPDX-License-Identifier: ISC
 *
 * lines_split.h - texts as lines, and lines as numbers: equal lines have equal numbers.
 */
#ifndef LINES_SPLIT_H
#define LINES_SPLIT_H

#include "bough/arena.h"
#include "bough/err.h"

struct lines_text {
    const uint8_t *at;
    uint32_t count;
    const uint32_t *starts;  /* of each line, and the text's end */
    const uint32_t *classes; /* of each line: equal iff the lines are, newline included */
};

/* What all texts of one comparison share.  Private to lines_*.c. */
struct lines_work {
    struct bough_arena *arena;
    uint64_t steps_left; /* and one more; 0 when the comparison was given up */
    uint32_t *slots;     /* hash table of classes, by the first line of each; 0 = free */
    uint32_t mask;
    uint32_t class_count;
    const struct bough_bytes *texts;
    uint32_t *lines; /* by class: its first line, as number of the text << 30 | where it begins */
    uint32_t *counts[2]; /* by class; for one comparison at a time, zero between them */
};

/* Splits at most 4 texts, which must, as their list, outlive the result.  A line ends behind its
 * newline, or with the text.  BOUGH_TOO_BIG past BOUGH_MERGE_LINES_MAX lines of a text, or when
 * lines were chosen so that they collide; BOUGH_NO_MEMORY.  Linear. */
BOUGH_MUST_CHECK enum bough_err lines_split(struct lines_work *work, struct bough_arena *arena,
                                            const struct bough_bytes *texts, size_t count,
                                            struct lines_text *split);

/* The bytes of one line, its newline included. */
struct bough_bytes lines_split_line(const struct lines_text *text, uint32_t number);

/* The bytes that the lines of a class begin with, and whatever stands behind them in the text. */
struct bough_bytes lines_split_class(const struct lines_work *work, uint32_t class);

/* Takes steps off what is left: false when there were not that many, and from then on. */
static inline bool lines_split_spend(struct lines_work *work, uint64_t steps)
{
    bool enough = work->steps_left > steps;

    work->steps_left -= enough ? steps : work->steps_left;
    return enough;
}

#endif
