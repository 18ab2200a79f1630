/* SPDX-License-Identifier: ISC
 *
 * merge_heads.c - which of several commits there is something to merge of.
 *
 * History is walked from the youngest of them down to the oldest.
 *   (1) What comes out of the front has its final flags (front.c, 1): a commit that was asked for
 *       and not reached by then is reached from none of the others.
 */
#include "bough/merge.h"
#include "front.h"

#define ASKED   1u
#define REACHED 2u /* from another commit */

/* Puts the commits at the front; *count is how many there are, each once. */
static enum bough_err begin(struct front *front, const struct bough_link *commits, size_t *count)
{
    size_t given = *count;

    *count = 0;
    for (size_t i = 0; i < given; i++) {
        struct front_commit *commit;

        BOUGH_TRY(front_add(front, &commits[i], UINT64_MAX, &commit));
        *count += commit->flags == 0;
        commit->flags = ASKED;
    }
    return BOUGH_OK;
}

/* Adds those of the commits that are reached from none of the others, in the order of the walk. */
static enum bough_err walk(struct front *front, const struct bough_link *commits, size_t count,
                           struct bough_hash *kept, size_t *kept_count)
{
    BOUGH_TRY(begin(front, commits, &count));
    while (count > 0) {
        const struct front_commit *commit = front_take(front);

        assert(commit != NULL); /* those asked for are still there */
        if ((commit->flags & ASKED) != 0)
            count--;
        if (commit->flags == ASKED)
            kept[(*kept_count)++] = commit->link.name;
        for (uint32_t i = 0; i < commit->parent_count; i++) {
            struct front_commit *parent;

            BOUGH_TRY(front_add(front, &commit->parents[i], commit->generation, &parent));
            parent->flags |= REACHED;
        }
    }
    return BOUGH_OK;
}

/* Takes a name out of those that were kept; false if it is not there. */
static bool take(struct bough_hash *kept, size_t *count, const struct bough_hash *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (!bough_hash_equal(&kept[i], name))
            continue;
        kept[i] = kept[--*count];
        return true;
    }
    return false;
}

enum bough_err bough_merge_heads(struct bough_store *store, const struct bough_link *ours,
                                 struct bough_link *theirs, size_t *count,
                                 struct bough_arena *arena, bool *forward)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct bough_link all[BOUGH_MERGE_HEADS_MAX + 1];
    struct bough_hash kept[BOUGH_MERGE_HEADS_MAX + 1];
    size_t kept_count = 0;
    size_t given = *count;
    struct front front;
    enum bough_err err;

    if (given > BOUGH_MERGE_HEADS_MAX)
        return BOUGH_TOO_BIG;
    all[0] = *ours;
    if (given > 0)
        memcpy(all + 1, theirs, given * sizeof(*theirs));
    front_init(&front, store, arena);
    err = walk(&front, all, given + 1, kept, &kept_count);
    bough_arena_back(arena, mark);
    if (err != BOUGH_OK)
        return err;
    *forward = !take(kept, &kept_count, &ours->name);
    *count = 0;
    for (size_t i = 0; i < given; i++)
        if (take(kept, &kept_count, &theirs[i].name))
            theirs[(*count)++] = theirs[i];
    assert(kept_count == 0);
    return BOUGH_OK;
}
