/* SPDX-License-Identifier: ISC
 *
 * lines_myers.c - which lines of two texts differ, after Myers.
 *
 * Owns no data.  E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), section 4b:
 * paths from both corners of the edit graph meet in the middle, and each half is a graph of its
 * own.  What is given up early, and where, is as in git, because the same texts must merge in the
 * same way: lines without a partner, and frequent lines among them, are left out; a path that is
 * long and good enough is taken; and one that is too long.
 *   (1) k[d] is the furthest line of a that a path reaches on diagonal d = a - b.
 *   (2) The smaller half is looked at first, so 32 boxes are as many as can wait.
 */
#include "lines_myers.h"
#include <assert.h>

#define COST_MIN  256 /* no path is given up below this cost */
#define SNAKE     20  /* lines in a row that make a path good */
#define GOOD      4   /* times its cost: what a good path has come along */
#define FREQUENT  1024u
#define WINDOW    100u
#define BOXES_MAX 32
#define NEVER     INT32_MAX

struct box {
    int32_t a, a_end, b, b_end;
    bool minimal; /* no path may be given up */
};

struct search {
    struct lines_work *work;
    const uint32_t *a; /* classes of the lines that take part */
    const uint32_t *b;
    int32_t *forth; /* invariant (1), by diagonal */
    int32_t *back;
    int32_t cost_max;
    struct box box;
    int32_t forth_min, forth_max; /* diagonals in use */
    int32_t back_min, back_max;
    bool snake; /* one was found at this cost */
    bool found_forth;
    int32_t at_a, at_b; /* where the box is cut */
};

/* About the square root: a power of two. */
static uint32_t root_of(uint32_t number)
{
    uint32_t root = 1;

    for (; number > 0; number >>= 2)
        root <<= 1;
    return root;
}

static bool cut_at(struct search *s, int32_t a, int32_t b)
{
    s->at_a = a;
    s->at_b = b;
    return true;
}

/* One step more from the first corner; true when it meets the other side. */
static bool step_forth(struct search *s)
{
    const struct box *box = &s->box;
    int32_t *k = s->forth;
    bool odd = ((box->a - box->b - box->a_end + box->b_end) & 1) != 0;

    if (s->forth_min > box->a - box->b_end)
        k[--s->forth_min - 1] = -1;
    else
        s->forth_min++;
    if (s->forth_max < box->a_end - box->b)
        k[++s->forth_max + 1] = -1;
    else
        s->forth_max--;
    for (int32_t d = s->forth_max; d >= s->forth_min; d -= 2) {
        int32_t from = k[d - 1] >= k[d + 1] ? k[d - 1] + 1 : k[d + 1];
        int32_t at = from;

        while (at < box->a_end && at - d < box->b_end && s->a[at] == s->b[at - d])
            at++;
        s->snake = s->snake || at - from > SNAKE;
        (void)lines_split_spend(s->work, (uint64_t)(at - from));
        k[d] = at;
        if (odd && s->back_min <= d && d <= s->back_max && s->back[d] <= at)
            return cut_at(s, at, at - d);
    }
    return false;
}

/* The same from the last corner. */
static bool step_back(struct search *s)
{
    const struct box *box = &s->box;
    int32_t *k = s->back;
    bool odd = ((box->a - box->b - box->a_end + box->b_end) & 1) != 0;

    if (s->back_min > box->a - box->b_end)
        k[--s->back_min - 1] = NEVER;
    else
        s->back_min++;
    if (s->back_max < box->a_end - box->b)
        k[++s->back_max + 1] = NEVER;
    else
        s->back_max--;
    for (int32_t d = s->back_max; d >= s->back_min; d -= 2) {
        int32_t from = k[d - 1] < k[d + 1] ? k[d - 1] : k[d + 1] - 1;
        int32_t at = from;

        while (at > box->a && at - d > box->b && s->a[at - 1] == s->b[at - d - 1])
            at--;
        s->snake = s->snake || from - at > SNAKE;
        (void)lines_split_spend(s->work, (uint64_t)(from - at));
        k[d] = at;
        if (!odd && s->forth_min <= d && d <= s->forth_max && at <= s->forth[d])
            return cut_at(s, at, at - d);
    }
    return false;
}

static int32_t distance(int32_t a, int32_t b)
{
    return a > b ? a - b : b - a;
}

/* Whether the SNAKE lines before (forth) or behind a point are equal. */
static bool is_snake(const struct search *s, int32_t a, int32_t b, bool forth)
{
    assert(!forth || (a >= SNAKE && b >= SNAKE));
    for (int32_t i = 0; i < SNAKE; i++)
        if (forth ? s->a[a - 1 - i] != s->b[b - 1 - i] : s->a[a + i] != s->b[b + i])
            return false;
    return true;
}

/* Cuts at the path that has come furthest from the first corner for its cost, if it is good. */
static bool take_good_forth(struct search *s, int32_t cost)
{
    const struct box *box = &s->box;
    int32_t best = 0;

    for (int32_t d = s->forth_max; d >= s->forth_min; d -= 2) {
        int32_t a = s->forth[d];
        int32_t b = a - d;
        int32_t come = a - box->a + b - box->b - distance(d, box->a - box->b);

        if (come > GOOD * cost && come > best && box->a + SNAKE <= a && a < box->a_end &&
            box->b + SNAKE <= b && b < box->b_end && is_snake(s, a, b, true)) {
            best = come;
            s->found_forth = cut_at(s, a, b);
        }
    }
    return best > 0;
}

/* The same from the last corner. */
static bool take_good_back(struct search *s, int32_t cost)
{
    const struct box *box = &s->box;
    int32_t best = 0;

    for (int32_t d = s->back_max; d >= s->back_min; d -= 2) {
        int32_t a = s->back[d];
        int32_t b = a - d;
        int32_t come = box->a_end - a + box->b_end - b - distance(d, box->a_end - box->b_end);

        if (come > GOOD * cost && come > best && box->a < a && a <= box->a_end - SNAKE &&
            box->b < b && b <= box->b_end - SNAKE && is_snake(s, a, b, false)) {
            best = come;
            s->found_forth = !cut_at(s, a, b);
        }
    }
    return best > 0;
}

/* Cuts at the path that has come furthest, whatever it is worth. */
static void take_furthest(struct search *s)
{
    const struct box *box = &s->box;
    int32_t forth = -1, forth_a = -1, back = NEVER, back_a = NEVER;

    for (int32_t d = s->forth_max; d >= s->forth_min; d -= 2) {
        int32_t a = s->forth[d] < box->a_end ? s->forth[d] : box->a_end;

        if (box->b_end < a - d)
            a = box->b_end + d;
        if (forth < a + a - d) {
            forth = a + a - d;
            forth_a = a;
        }
    }
    for (int32_t d = s->back_max; d >= s->back_min; d -= 2) {
        int32_t a = s->back[d] > box->a ? s->back[d] : box->a;

        if (a - d < box->b)
            a = box->b + d;
        if (a + a - d < back) {
            back = a + a - d;
            back_a = a;
        }
    }
    s->found_forth = box->a_end + box->b_end - back < forth - box->a - box->b;
    if (s->found_forth)
        (void)cut_at(s, forth_a, forth - forth_a);
    else
        (void)cut_at(s, back_a, back - back_a);
}

/* Finds where to cut a box, and whether the halves must be minimal. */
static enum bough_err cut_box(struct search *s, struct box *first, struct box *second)
{
    const struct box *box = &s->box;
    bool met = false;

    assert(box->a < box->a_end && box->b < box->b_end);
    s->forth_min = s->forth_max = box->a - box->b;
    s->back_min = s->back_max = box->a_end - box->b_end;
    s->forth[s->forth_min] = box->a;
    s->back[s->back_min] = box->a_end;
    for (int32_t cost = 1;; cost++) {
        s->snake = false;
        if (!lines_split_spend(s->work, (uint64_t)cost + 1))
            return BOUGH_TOO_BIG;
        met = step_forth(s) || step_back(s);
        if (met)
            break;
        if (box->minimal)
            continue;
        if (s->snake && cost > COST_MIN && (take_good_forth(s, cost) || take_good_back(s, cost)))
            break;
        if (cost >= s->cost_max) {
            take_furthest(s);
            break;
        }
    }
    assert(box->a <= s->at_a && s->at_a <= box->a_end);
    assert(box->b <= s->at_b && s->at_b <= box->b_end);
    *first = (struct box){box->a, s->at_a, box->b, s->at_b, met || s->found_forth};
    *second = (struct box){s->at_a, box->a_end, s->at_b, box->b_end, met || !s->found_forth};
    return BOUGH_OK;
}

/* Takes off what a box begins and ends with alike. */
static void shrink(struct search *s)
{
    struct box *box = &s->box;

    assert(box->a <= box->a_end && box->b <= box->b_end);
    while (box->a < box->a_end && box->b < box->b_end && s->a[box->a] == s->b[box->b]) {
        box->a++;
        box->b++;
    }
    while (box->a < box->a_end && box->b < box->b_end &&
           s->a[box->a_end - 1] == s->b[box->b_end - 1]) {
        box->a_end--;
        box->b_end--;
    }
}

static int32_t size_of(const struct box *box)
{
    return box->a_end - box->a + box->b_end - box->b;
}

/* Cuts boxes until one side of each is empty; `a_at` and `b_at` say where lines stand in the runs.
 */
static enum bough_err search(struct search *s, const uint32_t *a_at, const uint32_t *b_at,
                             struct lines_run a, struct lines_run b)
{
    struct box waiting[BOXES_MAX];
    unsigned count = 1;

    waiting[0] = s->box;
    while (count > 0) {
        struct box first, second;
        bool first_is_smaller;

        s->box = waiting[--count];
        shrink(s);
        if (s->box.a == s->box.a_end || s->box.b == s->box.b_end) {
            for (int32_t i = s->box.a; i < s->box.a_end; i++)
                a.changed[a_at[i]] = 1;
            for (int32_t i = s->box.b; i < s->box.b_end; i++)
                b.changed[b_at[i]] = 1;
            continue;
        }
        BOUGH_TRY(cut_box(s, &first, &second));
        first_is_smaller = size_of(&first) < size_of(&second);
        assert(count + 2 <= BOXES_MAX);
        waiting[count++] = first_is_smaller ? second : first;
        waiting[count++] = first_is_smaller ? first : second;
    }
    return BOUGH_OK;
}

enum partner { PARTNER_NONE, PARTNER_FEW, PARTNER_MANY };

/* Whether a frequent line stands among lines that have mostly no partner; `from` and `end` bound
 * what is looked at. */
static bool is_among_lonely(const uint8_t *partners, uint32_t at, uint32_t from, uint32_t end)
{
    uint32_t none[2] = {0, 0};
    uint32_t many = 0;

    assert(from <= at && at < end);
    if (at - from > WINDOW)
        from = at - WINDOW;
    if (end - 1 - at > WINDOW)
        end = at + WINDOW + 1;
    for (uint32_t i = at; i-- > from && partners[i] != PARTNER_FEW;) {
        none[0] += partners[i] == PARTNER_NONE;
        many += partners[i] == PARTNER_MANY;
    }
    for (uint32_t i = at + 1; i < end && partners[i] != PARTNER_FEW; i++) {
        none[1] += partners[i] == PARTNER_NONE;
        many += partners[i] == PARTNER_MANY;
    }
    /* git counts the line itself once for each direction. */
    return none[0] > 0 && none[1] > 0 && (many + 2) * 4 < many + 2 + none[0] + none[1];
}

/* Puts the lines that take part into `classes` and `places`, and marks the others. */
static uint32_t choose(struct lines_run run, uint32_t from, uint32_t end, const uint32_t *counts,
                       uint8_t *partners, uint32_t *classes, uint32_t *places)
{
    uint32_t frequent = root_of(run.count);
    uint32_t chosen = 0;

    assert(from <= end && end <= run.count);
    frequent = frequent < FREQUENT ? frequent : FREQUENT;
    for (uint32_t i = from; i < end; i++) {
        uint32_t count = counts[run.classes[i]];

        partners[i] = count == 0 ? PARTNER_NONE : count >= frequent ? PARTNER_MANY : PARTNER_FEW;
    }
    for (uint32_t i = from; i < end; i++) {
        if (partners[i] == PARTNER_FEW ||
            (partners[i] == PARTNER_MANY && !is_among_lonely(partners, i, from, end))) {
            classes[chosen] = run.classes[i];
            places[chosen++] = i;
        } else {
            run.changed[i] = 1;
        }
    }
    return chosen;
}

/* Counts lines by class, or forgets it. */
static void count(uint32_t *counts, struct lines_run run, bool forget)
{
    for (uint32_t i = 0; i < run.count; i++)
        counts[run.classes[i]] = forget ? 0 : counts[run.classes[i]] + 1;
}

static enum bough_err compare(struct lines_work *work, struct lines_run a, struct lines_run b)
{
    uint32_t same = 0, a_end = a.count, b_end = b.count;
    size_t all = (size_t)a.count + b.count;
    uint32_t *classes = bough_arena_take(work->arena, (all + 1) * sizeof(*classes));
    uint32_t *places = bough_arena_take(work->arena, (all + 1) * sizeof(*places));
    uint8_t *partners = bough_arena_take(work->arena, all + 1);
    int32_t *k = bough_arena_take(work->arena, (2 * (all + 3) + 2) * sizeof(*k));
    struct search s = {.work = work, .a = classes, .b = classes + a.count};

    if (classes == NULL || places == NULL || partners == NULL || k == NULL)
        return BOUGH_NO_MEMORY;
    while (same < a_end && same < b_end && a.classes[same] == b.classes[same])
        same++;
    while (a_end > same && b_end > same && a.classes[a_end - 1] == b.classes[b_end - 1]) {
        a_end--;
        b_end--;
    }
    count(work->counts[0], a, false);
    count(work->counts[1], b, false);
    s.box.a_end = (int32_t)choose(a, same, a_end, work->counts[1], partners, classes, places);
    s.box.b_end = (int32_t)choose(b, same, b_end, work->counts[0], partners, classes + a.count,
                                  places + a.count);
    count(work->counts[0], a, true);
    count(work->counts[1], b, true);
    s.forth = k + s.box.b_end + 1;
    s.back = s.forth + s.box.a_end + s.box.b_end + 3;
    s.cost_max = (int32_t)root_of((uint32_t)(s.box.a_end + s.box.b_end + 3));
    if (s.cost_max < COST_MIN)
        s.cost_max = COST_MIN;
    return search(&s, places, places + a.count, a, b);
}

enum bough_err lines_myers(struct lines_work *work, struct lines_run a, struct lines_run b)
{
    struct bough_arena_mark mark = bough_arena_now(work->arena);
    enum bough_err err = BOUGH_TOO_BIG;

    assert(a.count <= INT32_MAX / 4 && b.count <= INT32_MAX / 4);
    if (lines_split_spend(work, (uint64_t)a.count + b.count))
        err = compare(work, a, b);
    bough_arena_back(work->arena, mark);
    return err;
}
