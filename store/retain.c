/* SPDX-License-Identifier: ISC
 *
 * retain.c - the commits of one branch that its policy keeps, and where it cuts.
 *
 * Owns a binary heap of commits that wait.
 *   (1) A commit's generation is greater than its parents', so commits come out children first, and
 *       equal ones one after the other.
 *   (2) Only the parents of kept commits are put in: what is kept hangs together.
 */
#include "retain.h"
#include "store_internal.h"

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define DAY_S           ((int64_t)24 * 60 * 60)

struct retain_spot {
    struct bough_link link;
    uint64_t generation; /* 0 for one that was dropped before */
    int64_t time_s;
};

static bool stands_before(const struct retain_spot *a, const struct retain_spot *b)
{
    if (a->generation != b->generation)
        return a->generation > b->generation;
    return memcmp(a->link.name.at, b->link.name.at, BOUGH_HASH_BYTES) < 0;
}

static void swap(struct retain_spot *a, struct retain_spot *b)
{
    struct retain_spot kept = *a;

    *a = *b;
    *b = kept;
}

static enum bough_err grow(struct retain *retain)
{
    size_t max = retain->max == 0 ? 64 : 2 * retain->max;
    struct retain_spot *spots = bough_arena_take(&retain->arena, max * sizeof(*spots));

    if (spots == NULL)
        return BOUGH_NO_MEMORY;
    if (retain->count > 0)
        memcpy(spots, retain->spots, retain->count * sizeof(*spots));
    retain->spots = spots;
    retain->max = max;
    return BOUGH_OK;
}

static enum bough_err put_in(struct retain *retain, const struct retain_spot *spot)
{
    size_t at = retain->count;

    if (retain->count == retain->max)
        BOUGH_TRY(grow(retain));
    retain->spots[retain->count++] = *spot;
    while (at > 0 && stands_before(&retain->spots[at], &retain->spots[(at - 1) / 2])) {
        swap(&retain->spots[at], &retain->spots[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return BOUGH_OK;
}

static struct retain_spot take_out(struct retain *retain)
{
    struct retain_spot first = retain->spots[0];
    size_t at = 0;

    assert(retain->count > 0);
    retain->spots[0] = retain->spots[--retain->count];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= retain->count)
            return first;
        if (child + 1 < retain->count &&
            stands_before(&retain->spots[child + 1], &retain->spots[child]))
            child++;
        if (!stands_before(&retain->spots[child], &retain->spots[at]))
            return first;
        swap(&retain->spots[child], &retain->spots[at]);
        at = child;
    }
}

/* Reads a commit with scratch of its own; its parents live until the scratch is released. */
static enum bough_err read_commit(struct retain *retain, const struct bough_link *link,
                                  struct bough_arena *scratch, struct bough_commit *commit)
{
    bough_arena_init(scratch, retain->store->env->heap, ARENA_BYTES_MAX);
    return bough_commit_get(retain->store, link, scratch, commit);
}

static enum bough_err add(struct retain *retain, const struct bough_link *link)
{
    struct retain_spot spot = {.link = *link};
    struct bough_arena scratch;
    struct bough_commit commit;
    enum bough_err err;

    if (bough_commit_is_cut(link))
        return put_in(retain, &spot);
    err = read_commit(retain, link, &scratch, &commit);
    if (err == BOUGH_OK) {
        spot.generation = commit.generation;
        spot.time_s = commit.committer.time_s;
    }
    bough_arena_release(&scratch);
    return err == BOUGH_OK ? put_in(retain, &spot) : err;
}

enum bough_err retain_begin(struct retain *retain, struct bough_store *store,
                            const struct bough_retention *policy, const struct bough_link *head)
{
    int64_t now_s = (int64_t)(bough_clock_wall_ns(store->env->clock) / 1000000000u);

    *retain = (struct retain){.store = store, .commits = policy->commits, .oldest_s = INT64_MAX};
    if (policy->days > 0)
        retain->oldest_s = now_s == 0 ? INT64_MIN : now_s - (int64_t)policy->days * DAY_S;
    bough_arena_init(&retain->arena, store->env->heap, ARENA_BYTES_MAX);
    return add(retain, head);
}

enum bough_err retain_next(struct retain *retain, struct bough_link *link, bool *kept)
{
    struct retain_spot spot;
    struct bough_arena scratch;
    struct bough_commit commit;
    enum bough_err err;

    if (retain->count == 0)
        return BOUGH_NOT_FOUND;
    spot = take_out(retain);
    while (retain->count > 0 && bough_hash_equal(&retain->spots[0].link.name, &spot.link.name))
        (void)take_out(retain);
    *link = spot.link;
    *kept =
        spot.generation > 0 && (retain->kept_count == 0 || retain->kept_count < retain->commits ||
                                spot.time_s >= retain->oldest_s);
    if (!*kept)
        return BOUGH_OK;
    assert(!bough_commit_is_cut(link));
    retain->kept_count++;
    err = read_commit(retain, link, &scratch, &commit);
    for (uint32_t i = 0; err == BOUGH_OK && i < commit.parent_count; i++)
        err = add(retain, &commit.parents[i]);
    bough_arena_release(&scratch);
    return err;
}

void retain_end(struct retain *retain)
{
    bough_arena_release(&retain->arena);
    *retain = (struct retain){0};
}
