/* SPDX-License-Identifier: ISC
 *
 * lines_indent.c - which of several places a group of lines is read best at, by indentation.
 *
 * Owns no data.  A group cuts the text in two places: before its first line and behind its last.
 * People see the group as a whole where both cuts are where they would cut themselves: between
 * blocks and not within one, behind empty lines rather than before them.
 *   (1) The less a line is indented, the better it is to cut before it: that counts most.  The
 *       rest are faults, added up: what is cut from its block, or from the empty lines that part
 *       it from what it follows.
 *   (2) Only what is near counts: empty lines up to BLANKS_MAX, indentation up to INDENT_MAX, and
 *       places up to PLACES_MAX above the lowest one.
 * How much each fault counts are numbers that git has found by trying on real histories; patches
 * are git's own bytes only with the same ones.
 */
#include "lines_indent.h"
#include <assert.h>

#define INDENT_MAX   200
#define INDENT_BLANK (-1) /* of a line in which nothing stands */
#define TAB_WIDTH    8
#define BLANKS_MAX   20
#define PLACES_MAX   100u

enum fault {
    FAULT_TEXT_BEGIN = 1,    /* nothing stands before the cut */
    FAULT_TEXT_END = 21,     /* nor behind it */
    FAULT_BLANK = -30,       /* each empty line beside the cut is an advantage, */
    FAULT_BLANK_BEHIND = 6,  /* less so behind it */
    FAULT_DEEPER = -4,       /* the line behind is indented more than that before: a block begins */
    FAULT_DEEPER_BLANK = 10, /* the same where empty lines are between them */
    FAULT_BETWEEN = 24,      /* it is indented less, and the one after it more: "} else {" */
    FAULT_BETWEEN_BLANK = 17,
    FAULT_LESS = 23, /* it is indented less: the block's last line is cut off */
    FAULT_LESS_BLANK = 17,
    FAULTS_OF_INDENT = 60, /* what a deeper cut is worth */
};

/* How good a place is: the less the better. */
struct rating {
    int indent; /* of both cuts */
    int faults;
};

/* How far the first line of some bytes is indented. */
static int16_t indent_of(struct bough_bytes bytes)
{
    int indent = 0;

    for (size_t i = 0; i < bytes.len && indent < INDENT_MAX; i++) {
        switch (bytes.at[i]) {
        case '\n':
            return INDENT_BLANK;
        case ' ':
            indent++;
            break;
        case '\t':
            indent += TAB_WIDTH - indent % TAB_WIDTH;
            break;
        case '\r':
            break;
        default:
            return (int16_t)indent;
        }
    }
    return indent < INDENT_MAX ? INDENT_BLANK : INDENT_MAX;
}

enum bough_err lines_indent_measure(const struct lines_work *work, const int16_t **indents)
{
    int16_t *made = bough_arena_take(work->arena, ((size_t)work->class_count + 1) * sizeof(*made));

    if (made == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t class = 0; class < work->class_count; class ++)
        made[class] = indent_of(lines_split_class(work, class));
    *indents = made;
    return BOUGH_OK;
}

/* The indentation of the nearest of `count` lines in which something stands, from `classes` on in
 * steps of `step`; INDENT_BLANK if there is none.  *blanks are the empty ones before it. */
static int look(const int16_t *indents, const uint32_t *classes, int step, uint32_t count,
                int *blanks)
{
    *blanks = 0;
    for (; count > 0; count--, classes += step) {
        if (indents[*classes] != INDENT_BLANK)
            return indents[*classes];
        if (++*blanks == BLANKS_MAX)
            return 0;
    }
    return INDENT_BLANK;
}

/* Adds what is to be said of a cut before line `at`; answers how many lines were looked at. */
static int rate(const int16_t *indents, const struct lines_run *run, uint32_t at,
                struct rating *rating)
{
    bool at_end = at == run->count;
    int own = at_end ? INDENT_BLANK : indents[run->classes[at]];
    int above_blanks;
    int below_blanks = 0;
    int above = INDENT_BLANK;
    int below = INDENT_BLANK;
    int behind;
    int blanks;

    assert(at <= run->count);
    above = look(indents, run->classes + at - (at > 0), -1, at, &above_blanks);
    if (!at_end)
        below = look(indents, run->classes + at + 1, 1, run->count - at - 1, &below_blanks);
    behind = own == INDENT_BLANK ? 1 + below_blanks : 0;
    blanks = above_blanks + behind;
    if (own == INDENT_BLANK)
        own = below;
    rating->indent += own;
    rating->faults += (above == INDENT_BLANK && above_blanks == 0) * FAULT_TEXT_BEGIN;
    rating->faults += at_end * FAULT_TEXT_END;
    rating->faults += blanks * FAULT_BLANK + behind * FAULT_BLANK_BEHIND;
    if (own == INDENT_BLANK || above == INDENT_BLANK || own == above)
        ;
    else if (own > above)
        rating->faults += blanks > 0 ? FAULT_DEEPER_BLANK : FAULT_DEEPER;
    else if (below != INDENT_BLANK && below > own)
        rating->faults += blanks > 0 ? FAULT_BETWEEN_BLANK : FAULT_BETWEEN;
    else
        rating->faults += blanks > 0 ? FAULT_LESS_BLANK : FAULT_LESS;
    return 2 + above_blanks + below_blanks;
}

/* Whether a place is no worse than another one: invariant (1). */
static bool is_as_good(const struct rating *a, const struct rating *b)
{
    int deeper = (a->indent > b->indent) - (a->indent < b->indent);

    return FAULTS_OF_INDENT * deeper + a->faults - b->faults <= 0;
}

enum bough_err lines_indent_choose(struct lines_work *work, const int16_t *indents,
                                   const struct lines_run *run, uint32_t size, uint32_t first,
                                   uint32_t last, uint32_t *end)
{
    struct rating best = {0};

    assert(size > 0 && size <= first && first <= last);
    if (last - first > size + 1)
        first = last - size - 1;
    if (last - first > PLACES_MAX)
        first = last - PLACES_MAX;
    for (uint32_t at = first; at <= last; at++) {
        struct rating rating = {0};
        int looked = rate(indents, run, at, &rating) + rate(indents, run, at - size, &rating);

        if (!lines_split_spend(work, (uint64_t)looked))
            return BOUGH_TOO_BIG;
        if (at > first && !is_as_good(&rating, &best))
            continue;
        best = rating;
        *end = at;
    }
    return BOUGH_OK;
}
