/* SPDX-License-Identifier: ISC
 *
 * lines_diff.c - what makes one row of lines of another.
 *
 * Owns no data.  Lines that differ are marked first; then groups of marked lines are moved to where
 * people would see them, which also joins some: a group can move down when its first line equals
 * the one behind it, and up likewise.
 *   (1) Marks have a zero before the first line and one behind the last.
 *   (2) The n-th group of one side stands across from the n-th of the other; most are empty.
 * The moment that matters is where a group comes to rest: beside a group of the other side if it
 * passes one, else where it is read best, if people are to read it, else as far down as it can.
 * That is git's choice, too.
 */
#include "lines_diff.h"
#include "lines_histogram.h"
#include "lines_indent.h"
#include <assert.h>

/* Marked lines in a row, up to the one before `end`; empty where start == end. */
struct group {
    const struct lines_run *run;
    uint32_t start, end;
};

static void first_group(struct group *group, const struct lines_run *run)
{
    *group = (struct group){.run = run};
    while (run->changed[group->end])
        group->end++;
}

static bool next_group(struct group *group)
{
    if (group->end == group->run->count)
        return false;
    group->start = ++group->end;
    while (group->run->changed[group->end])
        group->end++;
    return true;
}

static void previous_group(struct group *group)
{
    assert(group->start > 0);
    group->end = --group->start;
    while (group->start > 0 && group->run->changed[group->start - 1])
        group->start--;
}

static bool move_down(struct group *group)
{
    const struct lines_run *run = group->run;

    assert(group->start < group->end);
    if (group->end == run->count || run->classes[group->start] != run->classes[group->end])
        return false;
    run->changed[group->start++] = 0;
    run->changed[group->end++] = 1;
    while (run->changed[group->end])
        group->end++;
    return true;
}

static bool move_up(struct group *group)
{
    const struct lines_run *run = group->run;

    assert(group->start < group->end);
    if (group->start == 0 || run->classes[group->start - 1] != run->classes[group->end - 1])
        return false;
    run->changed[--group->start] = 1;
    run->changed[--group->end] = 0;
    while (group->start > 0 && run->changed[group->start - 1])
        group->start--;
    return true;
}

/* Moves a group up and then down as far as it goes, until it joins no others any more.  *beside
 * says whether one of the other side was passed, *top where it ended when it was highest. */
static enum bough_err settle(struct lines_work *work, struct group *group, struct group *other,
                             bool *beside, uint32_t *top)
{
    uint32_t size;

    do {
        size = group->end - group->start;
        while (move_up(group))
            previous_group(other);
        *top = group->end;
        *beside = other->end > other->start;
        while (move_down(group)) {
            bool in_step = next_group(other);

            assert(in_step);
            (void)in_step;
            *beside = *beside || other->end > other->start;
        }
        if (!lines_split_spend(work, (uint64_t)(group->end - *top) + size))
            return BOUGH_TOO_BIG;
    } while (size != group->end - group->start);
    return BOUGH_OK;
}

/* Moves a group one line up; the other side's goes along. */
static void step_up(struct group *group, struct group *other)
{
    bool up = move_up(group);

    assert(up);
    (void)up;
    previous_group(other);
}

/* Moves the groups of one side to where they are seen best; `indents` NULL: people do not look. */
static enum bough_err compact(struct lines_work *work, const struct lines_run *run,
                              const struct lines_run *across, const int16_t *indents)
{
    struct group group, other;

    first_group(&group, run);
    first_group(&other, across);
    do {
        uint32_t top, best;
        bool beside;

        if (group.start == group.end)
            continue;
        BOUGH_TRY(settle(work, &group, &other, &beside, &top));
        if (group.end == top)
            continue; /* it cannot move */
        while (beside && other.start == other.end)
            step_up(&group, &other);
        if (beside || indents == NULL)
            continue;
        BOUGH_TRY(lines_indent_choose(work, indents, run, group.end - group.start, top, group.end,
                                      &best));
        while (group.end > best)
            step_up(&group, &other);
    } while (next_group(&group) && next_group(&other));
    return BOUGH_OK;
}

static enum bough_err list(struct bough_arena *arena, const struct lines_run *a,
                           const struct lines_run *b, struct lines_edit **edits, size_t *count)
{
    struct group left, right;

    *count = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            *edits = bough_arena_take(arena, *count * sizeof(**edits));
            if (*edits == NULL)
                return BOUGH_NO_MEMORY;
            *count = 0;
        }
        first_group(&left, a);
        first_group(&right, b);
        do {
            if (left.start == left.end && right.start == right.end)
                continue;
            if (pass == 1)
                (*edits)[*count] = (struct lines_edit){left.start, left.end - left.start,
                                                       right.start, right.end - right.start};
            ++*count;
        } while (next_group(&left) && next_group(&right));
    }
    return BOUGH_OK;
}

enum bough_err lines_diff(struct lines_work *work, enum lines_how how, const uint32_t *a,
                          uint32_t a_count, const uint32_t *b, uint32_t b_count,
                          struct lines_edit **edits, size_t *count)
{
    size_t marks = (size_t)a_count + b_count + 2;
    uint8_t *changed = bough_arena_zeros(work->arena, marks, 1);
    struct lines_run left = {a, changed, a_count};
    struct lines_run right = {b, changed + a_count + 1, b_count};
    const int16_t *indents = NULL;

    if (changed == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(how == LINES_HISTOGRAM ? lines_histogram(work, left, right)
                                     : lines_myers(work, left, right));
    if (how == LINES_SHOWN)
        BOUGH_TRY(lines_indent_measure(work, &indents));
    BOUGH_TRY(compact(work, &left, &right, indents));
    BOUGH_TRY(compact(work, &right, &left, indents));
    return list(work->arena, &left, &right, edits, count);
}
