/* SPDX-License-Identifier: ISC
 *
 * lines_histogram.c - which lines of two texts differ, by what is rare in them.
 *
 * Owns no data.  Of all stretches that two texts have in common the one with the rarest line is
 * taken as equal, and the texts before and behind it are compared alike.  Where even the rarest
 * line is frequent, Myers decides.  Known as JGit's HistogramDiff; ties are broken as in git,
 * because the same texts must merge in the same way.
 *   (1) Lines are numbered from 1, so that 0 is none.
 *   (2) counts[0] and counts[1] of the work are, by class and for the range of a that is being
 *       looked at, the first line and how many there are; zero between ranges.
 *   (3) The smaller range is looked at first, so 32 are as many as can wait.
 */
#include "lines_histogram.h"
#include <assert.h>

#define FREQUENT   64u
#define RANGES_MAX 33

/* From the first line up to the line before `end`. */
struct range {
    uint32_t a, a_end, b, b_end;
};

struct index {
    struct lines_work *work;
    const uint32_t *a; /* classes */
    const uint32_t *b;
    uint32_t *next; /* of each line of a: the next of its class */
    uint32_t *first;
    uint32_t *counts;
    uint32_t rarest; /* how often the rarest line of the stretch occurs */
    bool has_common;
    struct range range;
    struct range best; /* the stretch; a_end and b_end are its last lines */
};

static uint32_t class_a(const struct index *index, uint32_t line)
{
    return index->a[line - 1];
}

static uint32_t class_b(const struct index *index, uint32_t line)
{
    return index->b[line - 1];
}

static void index_lines(struct index *index)
{
    for (uint32_t i = index->range.a_end; i-- > index->range.a;) {
        uint32_t class = class_a(index, i);

        index->next[i] = index->first[class];
        index->first[class] = i;
        index->counts[class]++;
    }
}

static void forget_lines(struct index *index)
{
    for (uint32_t i = index->range.a; i < index->range.a_end; i++) {
        index->first[class_a(index, i)] = 0;
        index->counts[class_a(index, i)] = 0;
    }
}

static uint32_t rarer(const struct index *index, uint32_t rare, uint32_t a)
{
    uint32_t count = index->counts[class_a(index, a)];

    return rare > 1 && count < rare ? count : rare;
}

/* The stretch around two equal lines; gives how often its rarest line occurs. */
static uint32_t stretch(const struct index *index, struct range *around)
{
    const struct range *range = &index->range;
    uint32_t rare = index->counts[class_a(index, around->a)];

    assert(class_a(index, around->a) == class_b(index, around->b));
    while (around->a > range->a && around->b > range->b &&
           class_a(index, around->a - 1) == class_b(index, around->b - 1)) {
        around->a--;
        around->b--;
        rare = rarer(index, rare, around->a);
    }
    while (around->a_end + 1 < range->a_end && around->b_end + 1 < range->b_end &&
           class_a(index, around->a_end + 1) == class_b(index, around->b_end + 1)) {
        around->a_end++;
        around->b_end++;
        rare = rarer(index, rare, around->a_end);
    }
    return rare;
}

/* Tries all stretches through a line of b; gives the next line to try, 0 without steps left. */
static uint32_t try_line(struct index *index, uint32_t b)
{
    uint32_t class = class_b(index, b);
    uint32_t next_b = b + 1;

    index->has_common = index->has_common || index->counts[class] > 0;
    if (index->counts[class] > index->rarest)
        return next_b;
    for (uint32_t a = index->first[class]; a != 0;) {
        struct range around = {a, a, b, b};
        uint32_t rare = stretch(index, &around);

        if (!lines_split_spend(index->work, around.a_end - around.a + 1u))
            return 0;
        if (next_b <= around.b_end)
            next_b = around.b_end + 1;
        if (index->best.a_end - index->best.a < around.a_end - around.a || rare < index->rarest) {
            index->best = around;
            index->rarest = rare;
        }
        do {
            a = index->next[a];
        } while (a != 0 && a <= around.a_end);
    }
    return next_b;
}

/* Finds the stretch; *frequent says that Myers must decide. */
static enum bough_err find(struct index *index, bool *frequent)
{
    const struct range *range = &index->range;
    uint32_t b = range->b;

    if (!lines_split_spend(index->work,
                           (uint64_t)range->a_end - range->a + range->b_end - range->b))
        return BOUGH_TOO_BIG;
    assert(range->a > 0 && range->b > 0);
    index->rarest = FREQUENT + 1;
    index->has_common = false;
    index->best = (struct range){0, 0, 0, 0};
    index_lines(index);
    while (b != 0 && b < range->b_end)
        b = try_line(index, b);
    forget_lines(index);
    *frequent = index->has_common && index->rarest > FREQUENT;
    return b == 0 ? BOUGH_TOO_BIG : BOUGH_OK;
}

static struct lines_run part(struct lines_run run, uint32_t from, uint32_t end)
{
    return (struct lines_run){run.classes + from - 1, run.changed + from - 1, end - from};
}

static size_t size_of(const struct range *range)
{
    return (size_t)range->a_end - range->a + range->b_end - range->b;
}

/* Cuts ranges until nothing is common. */
static enum bough_err walk(struct index *index, struct lines_run a, struct lines_run b)
{
    struct range waiting[RANGES_MAX] = {{1, a.count + 1, 1, b.count + 1}};
    unsigned count = 1;

    while (count > 0) {
        struct range *range = &index->range;
        struct range before, behind;
        bool frequent = false;

        *range = waiting[--count];
        index->best.a = 0;
        if (range->a < range->a_end && range->b < range->b_end)
            BOUGH_TRY(find(index, &frequent));
        if (frequent) {
            BOUGH_TRY(lines_myers(index->work, part(a, range->a, range->a_end),
                                  part(b, range->b, range->b_end)));
            continue;
        }
        if (index->best.a == 0) {
            memset(a.changed + range->a - 1, 1, range->a_end - range->a);
            memset(b.changed + range->b - 1, 1, range->b_end - range->b);
            continue;
        }
        assert(range->a <= index->best.a && index->best.a_end < range->a_end);
        assert(range->b <= index->best.b && index->best.b_end < range->b_end);
        before = (struct range){range->a, index->best.a, range->b, index->best.b};
        behind = (struct range){index->best.a_end + 1, range->a_end, index->best.b_end + 1,
                                range->b_end};
        assert(count + 2 <= RANGES_MAX);
        waiting[count++] = size_of(&before) < size_of(&behind) ? behind : before;
        waiting[count++] = size_of(&before) < size_of(&behind) ? before : behind;
    }
    return BOUGH_OK;
}

enum bough_err lines_histogram(struct lines_work *work, struct lines_run a, struct lines_run b)
{
    struct bough_arena_mark mark = bough_arena_now(work->arena);
    enum bough_err err = BOUGH_NO_MEMORY;
    struct index index = {
        .work = work,
        .a = a.classes,
        .b = b.classes,
        .next = bough_arena_take(work->arena, ((size_t)a.count + 1) * sizeof(*index.next)),
        .first = work->counts[0],
        .counts = work->counts[1],
    };

    if (index.next != NULL)
        err = walk(&index, a, b);
    bough_arena_back(work->arena, mark);
    return err;
}
