/* SPDX-License-Identifier: ISC
 *
 * json_order.c - three lists of distinct things: which ones remain, and in what order.
 *
 * Owns no data.  Things that are in all three lists ("kept") divide each list into gaps: gap 0 is
 * before the first of them, and each has one behind it.  What a side added stands in one of its
 * gaps, and goes there in the result.
 *   (1) Nothing is asked that tells ours from theirs.
 */
#include "json_order.h"
#include <assert.h>

struct merger {
    const struct json_order *order;
    size_t *kept;
    size_t kept_count;
    bool *is_done;    /* by thing: it is in the result */
    size_t *ends[2];  /* by kept thing: behind its gap, as a place in ours and theirs */
    bool *is_removed; /* by kept thing: something of the base is gone from its gap */
    size_t *result;
    size_t count;
};

static bool is_in(const struct json_order *order, size_t thing, enum json_order_side side)
{
    return order->places[side][thing] != JSON_ORDER_NONE;
}

static bool is_kept(const struct json_order *order, size_t thing)
{
    return is_in(order, thing, JSON_ORDER_BASE) && is_in(order, thing, JSON_ORDER_OURS) &&
           is_in(order, thing, JSON_ORDER_THEIRS);
}

/* The kept things in the order of one list; gives how many. */
static size_t list_kept(const struct json_order *order, enum json_order_side side, size_t *into)
{
    size_t count = 0;

    for (size_t i = 0; i < order->counts[side]; i++)
        if (is_kept(order, order->lists[side][i]))
            into[count++] = order->lists[side][i];
    return count;
}

/* The order of what is kept is that of the side that changed it. */
static enum bough_err order_kept(struct merger *merger, struct bough_arena *arena, const char **why)
{
    size_t *lists[3];
    size_t bytes;

    for (int i = 0; i < 3; i++) {
        lists[i] = bough_arena_take(arena, merger->order->thing_count * sizeof(*lists[i]));
        if (lists[i] == NULL)
            return BOUGH_NO_MEMORY;
        merger->kept_count = list_kept(merger->order, (enum json_order_side)i, lists[i]);
    }
    bytes = merger->kept_count * sizeof(**lists);
    merger->kept = lists[1];
    if (memcmp(lists[0], lists[1], bytes) == 0) {
        merger->kept = lists[2];
    } else if (memcmp(lists[0], lists[2], bytes) != 0 && memcmp(lists[1], lists[2], bytes) != 0) {
        *why = "both sides reordered an array";
        return BOUGH_CONFLICT;
    }
    return BOUGH_OK;
}

/* Finds out where gaps end on each side, and in which something was removed. */
static void find_gaps(struct merger *merger)
{
    const struct json_order *order = merger->order;

    for (int i = 0; i < 3; i++) {
        size_t gap = 0; /* 1 + the kept thing before it */

        for (size_t place = 0; place < order->counts[i]; place++) {
            size_t thing = order->lists[i][place];

            assert(thing < order->thing_count);
            if (is_kept(order, thing))
                gap = thing + 1;
            else if (i == JSON_ORDER_BASE)
                merger->is_removed[gap] = true;
            if (i != JSON_ORDER_BASE)
                merger->ends[i - 1][gap] = place + 1;
        }
    }
}

/* What a side added in a gap. */
struct run {
    const size_t *at;
    size_t count;
};

static struct run run_of(const struct merger *merger, size_t gap, enum json_order_side side)
{
    const struct json_order *order = merger->order;
    size_t from = gap == 0 ? 0 : order->places[side][gap - 1] + 1;
    size_t end = merger->ends[side - 1][gap];

    assert(from <= order->counts[side] && end <= order->counts[side]);
    return (struct run){order->lists[side] + from, end > from ? end - from : 0};
}

/* The first thing from *at on that was added and is not in the result; NONE at the end. */
static size_t next_added(const struct merger *merger, const struct run *run, size_t *at)
{
    for (; *at < run->count; ++*at)
        if (!is_in(merger->order, run->at[*at], JSON_ORDER_BASE) && !merger->is_done[run->at[*at]])
            return run->at[*at];
    return JSON_ORDER_NONE;
}

/* < 0, 0, > 0: which run comes first; *both says whether each has something. */
static int compare_runs(const struct merger *merger, const struct run *a, const struct run *b,
                        bool *both)
{
    size_t i = 0, k = 0;
    size_t left = next_added(merger, a, &i);
    size_t right = next_added(merger, b, &k);

    *both = left != JSON_ORDER_NONE && right != JSON_ORDER_NONE;
    while (left == right && left != JSON_ORDER_NONE) {
        i++;
        k++;
        left = next_added(merger, a, &i);
        right = next_added(merger, b, &k);
    }
    return (left > right) - (left < right);
}

static void put_run(struct merger *merger, const struct run *run)
{
    size_t at = 0;

    for (size_t thing; (thing = next_added(merger, run, &at)) != JSON_ORDER_NONE;) {
        assert(merger->count < merger->order->thing_count);
        merger->result[merger->count++] = thing;
        merger->is_done[thing] = true;
    }
}

static enum bough_err put_gap(struct merger *merger, size_t gap, const char **why)
{
    struct run ours = run_of(merger, gap, JSON_ORDER_OURS);
    struct run theirs = run_of(merger, gap, JSON_ORDER_THEIRS);
    bool both;
    int order = compare_runs(merger, &ours, &theirs, &both);

    if (merger->order->are_values && order != 0 && both && merger->is_removed[gap]) {
        *why = "both sides changed the same items of an array";
        return BOUGH_CONFLICT;
    }
    put_run(merger, order < 0 ? &ours : &theirs);
    put_run(merger, order < 0 ? &theirs : &ours);
    return BOUGH_OK;
}

enum bough_err json_order_merge(const struct json_order *order, struct bough_arena *arena,
                                size_t **result, size_t *count, const char **why)
{
    size_t things = order->thing_count;
    struct merger merger = {.order = order};

    merger.is_done = bough_arena_zeros(arena, things, sizeof(bool));
    merger.is_removed = bough_arena_zeros(arena, things + 1, sizeof(bool));
    merger.ends[0] = bough_arena_zeros(arena, things + 1, sizeof(size_t));
    merger.ends[1] = bough_arena_zeros(arena, things + 1, sizeof(size_t));
    merger.result = bough_arena_zeros(arena, things, sizeof(size_t));
    if (merger.is_done == NULL || merger.is_removed == NULL || merger.ends[0] == NULL ||
        merger.ends[1] == NULL || merger.result == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(order_kept(&merger, arena, why));
    find_gaps(&merger);
    BOUGH_TRY(put_gap(&merger, 0, why));
    for (size_t i = 0; i < merger.kept_count; i++) {
        merger.result[merger.count++] = merger.kept[i];
        BOUGH_TRY(put_gap(&merger, merger.kept[i] + 1, why));
    }
    assert(merger.count <= things);
    *result = merger.result;
    *count = merger.count;
    return BOUGH_OK;
}
