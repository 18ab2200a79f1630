/* SPDX-License-Identifier: ISC
 *
 * patch_diff.c - find a patch that makes one row of units of another.
 *
 * What both begin and end with is taken off.  In between, places of the base are found by a hash of
 * the next few bytes, and a stretch that is alike is an anchor: what stands before it was dropped
 * from the base, or added.  The walk goes forwards in both.
 *   (1) The places of a chain are in ascending order, and those behind the walk are dropped from
 *       its front: so each is passed over once.
 * The moment that matters is the choice of an anchor.  Sorted keys begin alike, so the first one
 * may belong to the next key; a wrong one costs all that was skipped.  So before a short one is
 * taken, the next few places are asked for a longer one.
 */
#include "patch_diff.h"
#include <assert.h>
#include <string.h>

#define WINDOW_BYTES  8u  /* what is hashed */
#define ANCHOR_BYTES  12u /* shorter ones cost more than they spare, */
#define SURE_BYTES    32u /* and than these no longer one is looked for */
#define AHEAD         48u /* units from a short one on */
#define CANDIDATE_MAX 32u
#define NONE          UINT32_MAX

struct diff {
    const uint8_t *base;
    const uint8_t *result;
    size_t base_count; /* both without what they end with alike */
    size_t result_count;
    size_t unit_bytes;
    uint32_t *heads; /* first place by hash */
    uint32_t *next;  /* of each place: the next of its chain */
    uint32_t mask;
    size_t base_at;
    size_t result_at;
};

struct anchor {
    size_t base_at;
    size_t result_at;
    size_t count; /* units; 0 = none */
};

static uint32_t hash_at(const struct diff *diff, const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return (uint32_t)(word * 0x9e3779b97f4a7c15u >> 32) & diff->mask; /* 2^64 / golden ratio */
}

/* How many units two places have in common, at most `max`. */
static size_t alike(const struct diff *diff, size_t base_at, size_t result_at, size_t max)
{
    const uint8_t *a = diff->base + base_at * diff->unit_bytes;
    const uint8_t *b = diff->result + result_at * diff->unit_bytes;
    size_t bytes = max * diff->unit_bytes;
    size_t at = 0;

    while (bytes - at >= 8 && memcmp(a + at, b + at, 8) == 0)
        at += 8;
    while (at < bytes && a[at] == b[at])
        at++;
    return at / diff->unit_bytes;
}

/* Takes off what both end with. */
static void trim_end(struct diff *diff)
{
    size_t unit = diff->unit_bytes;

    while (diff->base_count > diff->base_at && diff->result_count > diff->result_at &&
           memcmp(diff->base + (diff->base_count - 1) * unit,
                  diff->result + (diff->result_count - 1) * unit, unit) == 0) {
        diff->base_count--;
        diff->result_count--;
    }
}

/* Chains the places of the base from base_at on. */
static enum bough_err make_index(struct diff *diff, struct bough_arena *arena)
{
    size_t count = diff->base_count;
    size_t slots = 16;

    while (slots < count - diff->base_at)
        slots *= 2;
    diff->mask = (uint32_t)(slots - 1);
    diff->heads = bough_arena_take(arena, slots * sizeof(*diff->heads));
    diff->next = bough_arena_take(arena, count * sizeof(*diff->next));
    if (diff->heads == NULL || diff->next == NULL)
        return BOUGH_NO_MEMORY;
    memset(diff->heads, 0xff, slots * sizeof(*diff->heads));
    for (size_t i = count; i-- > diff->base_at;) {
        uint32_t *head;

        if ((count - i) * diff->unit_bytes < WINDOW_BYTES)
            continue;
        head = &diff->heads[hash_at(diff, diff->base + i * diff->unit_bytes)];
        diff->next[i] = *head;
        *head = (uint32_t)i;
    }
    return BOUGH_OK;
}

/* The longest stretch that is alike at a place of the result, and not behind the walk. */
static struct anchor longest_at(struct diff *diff, size_t result_at)
{
    size_t result_left = diff->result_count - result_at;
    struct anchor best = {.result_at = result_at};
    uint32_t *head;

    if (result_left * diff->unit_bytes < WINDOW_BYTES)
        return best;
    head = &diff->heads[hash_at(diff, diff->result + result_at * diff->unit_bytes)];
    while (*head != NONE && *head < diff->base_at)
        *head = diff->next[*head];
    for (uint32_t at = *head, i = 0; at != NONE && i < CANDIDATE_MAX; at = diff->next[at], i++) {
        size_t base_left = diff->base_count - at;
        size_t count =
            alike(diff, at, result_at, base_left < result_left ? base_left : result_left);

        if (count > best.count)
            best = (struct anchor){.base_at = at, .result_at = result_at, .count = count};
    }
    return best;
}

/* The next anchor; count 0 when there is none. */
static struct anchor find_anchor(struct diff *diff)
{
    size_t least = diff->unit_bytes == 1 ? ANCHOR_BYTES : 1;
    size_t sure = SURE_BYTES / diff->unit_bytes;
    struct anchor best = {0};
    size_t end = diff->result_count;

    for (size_t at = diff->result_at; at < end && best.count < sure; at++) {
        struct anchor found = longest_at(diff, at);

        if (found.count < least || found.count <= best.count)
            continue;
        if (best.count == 0 && end - at > AHEAD)
            end = at + AHEAD;
        best = found;
    }
    return best;
}

/* Writes what comes before an anchor, and the anchor. */
static void take(struct diff *diff, const struct anchor *anchor, struct patch *patch)
{
    size_t unit = diff->unit_bytes;

    patch_drop(patch, anchor->base_at - diff->base_at);
    patch_add(patch, bough_bytes_of(diff->result + diff->result_at * unit,
                                    (anchor->result_at - diff->result_at) * unit));
    patch_keep(patch, anchor->count);
    diff->base_at = anchor->base_at + anchor->count;
    diff->result_at = anchor->result_at + anchor->count;
}

/* Walks the middle, from anchor to anchor. */
static enum bough_err walk(struct diff *diff, struct bough_arena *arena, struct patch *patch)
{
    struct anchor anchor = {.count = 1};

    if (diff->base_at < diff->base_count && diff->result_at < diff->result_count)
        BOUGH_TRY(make_index(diff, arena));
    while (diff->base_at < diff->base_count && diff->result_at < diff->result_count &&
           anchor.count > 0 && !patch->out.overflow) {
        anchor = find_anchor(diff);
        if (anchor.count > 0)
            take(diff, &anchor, patch);
    }
    return BOUGH_OK;
}

enum bough_err patch_diff(struct bough_bytes base, struct bough_bytes result, size_t unit_bytes,
                          struct bough_arena *arena, struct encode *out)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct diff diff = {
        .base = base.at,
        .result = result.at,
        .base_count = base.len / unit_bytes,
        .result_count = result.len / unit_bytes,
        .unit_bytes = unit_bytes,
    };
    struct anchor ends = {0};
    struct patch patch;
    size_t tail;
    enum bough_err err;

    assert(unit_bytes == 1 || unit_bytes == WINDOW_BYTES);
    assert(base.len % unit_bytes == 0 && result.len % unit_bytes == 0);
    if (diff.base_count > INT32_MAX || diff.result_count > INT32_MAX)
        return BOUGH_TOO_BIG;
    patch_begin(&patch, *out, unit_bytes, diff.result_count);
    ends.count = alike(&diff, 0, 0,
                       diff.base_count < diff.result_count ? diff.base_count : diff.result_count);
    take(&diff, &ends, &patch);
    trim_end(&diff);
    tail = result.len / unit_bytes - diff.result_count;
    err = walk(&diff, arena, &patch);
    ends =
        (struct anchor){.base_at = diff.base_count, .result_at = diff.result_count, .count = tail};
    take(&diff, &ends, &patch);
    *out = patch_end(&patch);
    bough_arena_back(arena, mark);
    return err;
}
