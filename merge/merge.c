/* SPDX-License-Identifier: ISC
 *
 * merge.c - the merge of two commits.
 *
 * One common ancestor is the base.  Several are merged, one after the other, into a virtual base,
 * each time with a base of their own, which may have to be merged in turn.
 *   (1) Where ancestors disagree on a path, the virtual base has a mark in its place, which equals
 *       nothing: had it one of their values, a side that chose the other's would look unchanged or
 *       changed by chance, and what the other side made of it could vanish silently.
 *   (2) A base that cannot be had is not guessed at: all that differs is in conflict then.
 * Virtual bases are staged like any tree, and garbage as soon as the merge has ended.
 */
#include "bough/merge.h"
#include "bough/limits.h"
#include "merge_tree.h"

struct merging {
    struct bough_store *store;
    struct bough_arena *arena;
    const struct bough_merge_options *options;
    uint64_t torn; /* marks made so far */
};

/* A base: a tree, or that it is not known. */
struct base {
    bool known;
    struct bough_tree tree;
};

static enum bough_err find_base(struct merging *merging, const struct bough_merge_base *bases,
                                unsigned depth, struct base *base);

/* What the merge needs of a commit. */
static enum bough_err read_commit(struct merging *merging, const struct bough_link *link,
                                  struct bough_tree *tree, struct bough_merge_side *side)
{
    struct bough_arena_mark mark = bough_arena_now(merging->arena);
    struct bough_commit commit;

    BOUGH_TRY(bough_commit_get(merging->store, link, merging->arena, &commit));
    *tree = commit.tree;
    side->time_s = commit.committer.time_s;
    side->name = bough_bytes_of(link->name.at, BOUGH_HASH_BYTES);
    bough_arena_back(merging->arena, mark);
    return BOUGH_OK;
}

/* Merges one more of the bases into the virtual base of those before it. */
static enum bough_err join(struct merging *merging, const struct bough_merge_base *bases,
                           uint32_t count, unsigned depth, struct bough_merge_options *options,
                           struct base *base)
{
    struct merge_state state = {.store = merging->store,
                                .arena = merging->arena,
                                .options = options,
                                .torn = &merging->torn};
    struct bough_tree so_far = base->tree;
    struct bough_tree next;
    struct bough_merge_base *below = bough_arena_take(merging->arena, sizeof(*below));
    struct base under;

    assert(count > 0 && count < bases->base_count);
    if (below == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(read_commit(merging, &bases->bases[count], &next, &options->theirs));
    BOUGH_TRY(bough_merge_base_find(merging->store, bases->bases, count, &bases->bases[count], 1,
                                    merging->arena, below));
    BOUGH_TRY(find_base(merging, below, depth + 1, &under));
    BOUGH_TRY(
        merge_tree_merge(&state, under.known ? &under.tree : NULL, &so_far, &next, &base->tree));
    options->ours = options->theirs;
    return BOUGH_OK;
}

/* Merges several bases into one; with favor for none, and without telling of conflicts. */
static enum bough_err join_all(struct merging *merging, const struct bough_merge_base *bases,
                               unsigned depth, struct base *base)
{
    struct bough_merge_options options = *merging->options;

    options.favor = BOUGH_MERGE_FAVOR_NONE;
    options.conflict = NULL;
    base->known = true;
    BOUGH_TRY(read_commit(merging, &bases->bases[0], &base->tree, &options.ours));
    for (uint32_t i = 1; i < bases->base_count; i++)
        BOUGH_TRY(join(merging, bases, i, depth, &options, base));
    return BOUGH_OK;
}

/* The base that two sides with these common ancestors have.  Recursion is bounded by
 * BOUGH_MERGE_DEPTH_MAX. */
static enum bough_err find_base(struct merging *merging, const struct bough_merge_base *bases,
                                unsigned depth, struct base *base)
{
    struct bough_arena_mark mark = bough_arena_now(merging->arena);
    enum bough_err err;

    *base = (struct base){.known = bases->base_count > 0 || !bases->cut};
    if (bases->base_count == 0)
        return BOUGH_OK; /* unrelated: the empty tree */
    base->known = bases->base_count <= BOUGH_MERGE_BASES_MAX &&
                  (bases->base_count == 1 || depth < BOUGH_MERGE_DEPTH_MAX);
    for (uint32_t i = 0; i < bases->base_count && base->known; i++)
        base->known = !bases->cut || !bough_commit_is_cut(&bases->bases[i]);
    if (!base->known)
        return BOUGH_OK;
    err = join_all(merging, bases, depth, base);
    bough_arena_back(merging->arena, mark);
    return err;
}

/* Merges two commits neither of which has all of the other. */
static enum bough_err merge_apart(struct merging *merging, const struct bough_link *ours,
                                  const struct bough_link *theirs,
                                  struct bough_merge_result *result)
{
    struct bough_merge_options options = *merging->options;
    struct merge_state state = {
        .store = merging->store, .arena = merging->arena, .options = &options};
    struct bough_tree sides[2];
    struct base base;

    BOUGH_TRY(read_commit(merging, ours, &sides[0], &options.ours));
    BOUGH_TRY(read_commit(merging, theirs, &sides[1], &options.theirs));
    BOUGH_TRY(find_base(merging, &result->base, 0, &base));
    BOUGH_TRY(merge_tree_merge(&state, base.known ? &base.tree : NULL, &sides[0], &sides[1],
                               &result->tree));
    result->base_unknown = !base.known;
    result->conflict_count = state.conflict_count;
    result->outcome = state.conflict_count == 0 ? BOUGH_MERGE_CLEAN : BOUGH_MERGE_CONFLICTS;
    return BOUGH_OK;
}

enum bough_err bough_merge(struct bough_store *store, const struct bough_link *ours,
                           const struct bough_link *theirs,
                           const struct bough_merge_options *options, struct bough_arena *arena,
                           struct bough_merge_result *result)
{
    struct merging merging = {.store = store, .arena = arena, .options = options};
    struct bough_merge_side ignored;

    memset(result, 0, sizeof(*result));
    BOUGH_TRY(bough_merge_base_find(store, ours, 1, theirs, 1, arena, &result->base));
    if (result->base.theirs_only == 0) {
        result->outcome = BOUGH_MERGE_UP_TO_DATE;
        return read_commit(&merging, ours, &result->tree, &ignored);
    }
    if (result->base.ours_only == 0) {
        result->outcome = BOUGH_MERGE_FAST_FORWARD;
        return read_commit(&merging, theirs, &result->tree, &ignored);
    }
    if (result->base.base_count == 0 && !options->unrelated) {
        result->outcome = BOUGH_MERGE_UNRELATED;
        return read_commit(&merging, ours, &result->tree, &ignored);
    }
    return merge_apart(&merging, ours, theirs, result);
}
