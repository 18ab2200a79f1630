/* SPDX-License-Identifier: ISC
 *
 * merge_base.c - where two histories meet.
 *
 * Two colours flow from the commits of both sides to their parents, youngest first.  A commit that
 * comes out of the front with both is a common ancestor, and from there a third one flows: below
 * lies what is common, but not lowest.
 *   (1) What comes out has its final colours (front.c, 1): so a common ancestor that does not have
 *       the third one is no ancestor of another.
 *   (2) `live` is the number of commits at the front without the third colour; when there is none,
 *       nothing below can be a base, or be on one side only.
 */
#include "bough/merge_base.h"
#include "front.h"

#define OURS   1u
#define THEIRS 2u
#define BOTH   (OURS | THEIRS)
#define COMMON 4u /* reached from a base */

struct walk {
    struct front front;
    size_t live;
    uint64_t floor; /* what is of a lower generation does not matter */
    struct bough_merge_base result;
};

static enum bough_err add(struct walk *walk, const struct bough_link *link, uint64_t below,
                          unsigned colours)
{
    struct front_commit *commit;
    bool was_live;

    BOUGH_TRY(front_add(&walk->front, link, below, &commit));
    assert(colours != 0);
    was_live = commit->flags != 0 && (commit->flags & COMMON) == 0;
    commit->flags |= colours;
    walk->live -= was_live;
    walk->live += (commit->flags & COMMON) == 0;
    return BOUGH_OK;
}

static enum bough_err add_all(struct walk *walk, const struct bough_link *links, size_t count,
                              unsigned colour, uint64_t *oldest)
{
    *oldest = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        struct front_commit *commit;

        BOUGH_TRY(add(walk, &links[i], UINT64_MAX, colour));
        BOUGH_TRY(front_add(&walk->front, &links[i], UINT64_MAX, &commit));
        if (commit->generation < *oldest)
            *oldest = commit->generation;
    }
    return BOUGH_OK;
}

/* What a commit is that is not below a base. */
static void judge(struct bough_merge_base *result, const struct front_commit *commit)
{
    result->cut = result->cut || commit->generation == 0;
    if ((commit->flags & BOTH) == BOTH) {
        if (result->base_count < BOUGH_MERGE_BASES_MAX)
            result->bases[result->base_count] = commit->link;
        result->base_count++;
    } else if (commit->generation > 0) {
        result->ours_only += (commit->flags & OURS) != 0;
        result->theirs_only += (commit->flags & THEIRS) != 0;
    }
}

/* Looks at `count` commits more; BOUGH_NOT_READY: that was not the end. */
static enum bough_err go(struct walk *walk, uint64_t count)
{
    for (; walk->live > 0; count--) {
        const struct front_commit *commit;
        unsigned colours;

        if (count == 0)
            return BOUGH_NOT_READY;
        commit = front_take(&walk->front);

        assert(commit != NULL && (commit->flags & BOTH) != 0);
        if (commit == NULL || commit->generation < walk->floor)
            return BOUGH_OK;
        colours = commit->flags;
        assert((colours & COMMON) == 0 || (colours & BOTH) == BOTH);
        if ((colours & COMMON) == 0) {
            walk->live--;
            judge(&walk->result, commit);
        }
        if ((colours & BOTH) == BOTH)
            colours |= COMMON;
        for (uint32_t i = 0; i < commit->parent_count; i++)
            BOUGH_TRY(add(walk, &commit->parents[i], commit->generation, colours));
    }
    return BOUGH_OK;
}

/* Begins a walk; `to_theirs`: nothing older than theirs matters. */
static enum bough_err begin(struct walk *walk, struct bough_store *store,
                            const struct bough_link *ours, size_t ours_count,
                            const struct bough_link *theirs, size_t theirs_count, bool to_theirs,
                            struct bough_arena *arena)
{
    uint64_t oldest;

    memset(walk, 0, sizeof(*walk));
    front_init(&walk->front, store, arena);
    BOUGH_TRY(add_all(walk, ours, ours_count, OURS, &oldest));
    BOUGH_TRY(add_all(walk, theirs, theirs_count, THEIRS, &oldest));
    if (to_theirs)
        walk->floor = oldest;
    return BOUGH_OK;
}

/* A whole walk. */
static enum bough_err walk_all(struct bough_store *store, const struct bough_link *ours,
                               size_t ours_count, const struct bough_link *theirs,
                               size_t theirs_count, bool to_theirs, struct bough_arena *arena,
                               struct bough_merge_base *result)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct walk walk;
    enum bough_err err =
        begin(&walk, store, ours, ours_count, theirs, theirs_count, to_theirs, arena);

    if (err == BOUGH_OK)
        err = go(&walk, UINT64_MAX);
    bough_arena_back(arena, mark);
    *result = walk.result;
    return err;
}

enum bough_err bough_merge_base_find(struct bough_store *store, const struct bough_link *ours,
                                     size_t ours_count, const struct bough_link *theirs,
                                     size_t theirs_count, struct bough_arena *arena,
                                     struct bough_merge_base *result)
{
    return walk_all(store, ours, ours_count, theirs, theirs_count, false, arena, result);
}

enum bough_err bough_merge_base_open(struct bough_merge_base_walk *walk, struct bough_store *store,
                                     const struct bough_link *ours, size_t ours_count,
                                     const struct bough_link *theirs, size_t theirs_count,
                                     struct bough_arena *arena)
{
    walk->state = bough_arena_take(arena, sizeof(*walk->state));
    if (walk->state == NULL)
        return BOUGH_NO_MEMORY;
    return begin(walk->state, store, ours, ours_count, theirs, theirs_count, false, arena);
}

enum bough_err bough_merge_base_step(struct bough_merge_base_walk *walk,
                                     struct bough_merge_base *result)
{
    BOUGH_TRY(go(walk->state, BOUGH_HISTORY_STEP_MAX));
    *result = walk->state->result;
    return BOUGH_OK;
}

enum bough_err bough_merge_base_is_ancestor(struct bough_store *store,
                                            const struct bough_link *ancestor,
                                            const struct bough_link *commit,
                                            struct bough_arena *arena, bool *yes)
{
    struct bough_merge_base result;

    BOUGH_TRY(walk_all(store, commit, 1, ancestor, 1, true, arena, &result));
    *yes = result.theirs_only == 0;
    return BOUGH_OK;
}
