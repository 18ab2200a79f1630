/* SPDX-License-Identifier: ISC
 *
 * merge.c - the merge of two commits, or of several.
 *
 * One common ancestor is the base.  Several are merged, one after the other, into a virtual base,
 * each time with a base of their own, which may have to be merged in turn.
 *   (1) Where ancestors disagree on a path, the virtual base has a mark in its place, which equals
 *       nothing: had it one of their values, a side that chose the other's would look unchanged or
 *       changed by chance, and what the other side made of it could vanish silently.
 *   (2) A base that cannot be had is not guessed at: all that differs is in conflict then.
 *   (3) Of several commits each is merged into what came of those before it.  Its base is what it
 *       has in common with all of them together, as if what was merged so far were a commit.
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

/* What was merged so far: the commits, what came of them, and what policies are told of it. */
struct so_far {
    struct bough_link *merged;
    size_t count;
    struct bough_tree tree;
    struct bough_merge_side side;
};

static bool is_younger(const struct bough_merge_side *a, const struct bough_merge_side *b)
{
    return a->time_s != b->time_s ? a->time_s > b->time_s
                                  : bough_bytes_compare(a->name, b->name) > 0;
}

/* Merges one more commit, where neither side has all of the other. */
static enum bough_err merge_apart(struct merging *merging, const struct bough_link *theirs,
                                  struct so_far *so_far, struct bough_merge_result *result)
{
    struct bough_merge_options options = *merging->options;
    struct merge_state state = {
        .store = merging->store, .arena = merging->arena, .options = &options};
    struct bough_tree ours = so_far->tree;
    struct bough_tree tree;
    struct base base;

    options.ours.time_s = so_far->side.time_s;
    options.ours.name = so_far->side.name;
    BOUGH_TRY(read_commit(merging, theirs, &tree, &options.theirs));
    BOUGH_TRY(find_base(merging, &result->base, 0, &base));
    BOUGH_TRY(
        merge_tree_merge(&state, base.known ? &base.tree : NULL, &ours, &tree, &so_far->tree));
    result->base_unknown = result->base_unknown || !base.known;
    result->conflict_count = state.conflict_count;
    result->outcome = state.conflict_count == 0 ? BOUGH_MERGE_CLEAN : BOUGH_MERGE_CONFLICTS;
    if (is_younger(&options.theirs, &so_far->side))
        so_far->side = options.theirs;
    so_far->merged[so_far->count++] = *theirs;
    return BOUGH_OK;
}

/* Whether one could not be merged, so that those behind it are not tried. */
static bool has_stopped(const struct bough_merge_result *result)
{
    return result->outcome == BOUGH_MERGE_CONFLICTS || result->outcome == BOUGH_MERGE_UNRELATED;
}

/* Merges one more commit, if that can be done. */
static enum bough_err merge_next(struct merging *merging, const struct bough_link *theirs,
                                 struct so_far *so_far, struct bough_merge_result *result)
{
    BOUGH_TRY(bough_merge_base_find(merging->store, so_far->merged, so_far->count, theirs, 1,
                                    merging->arena, &result->base));
    if (result->base.theirs_only == 0)
        return BOUGH_OK;
    if (result->base.ours_only == 0) {
        result->outcome = BOUGH_MERGE_FAST_FORWARD;
        so_far->merged[0] = *theirs;
        so_far->count = 1;
        return read_commit(merging, theirs, &so_far->tree, &so_far->side);
    }
    if (result->base.base_count == 0 && !merging->options->unrelated) {
        result->outcome = BOUGH_MERGE_UNRELATED;
        return BOUGH_OK;
    }
    return merge_apart(merging, theirs, so_far, result);
}

enum bough_err bough_merge_many(struct bough_store *store, const struct bough_link *ours,
                                const struct bough_link *theirs, size_t count,
                                const struct bough_merge_options *options,
                                struct bough_arena *arena, struct bough_merge_result *result)
{
    struct merging merging = {.store = store, .arena = arena, .options = options};
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct so_far so_far = {.count = 1};

    memset(result, 0, sizeof(*result));
    so_far.merged = bough_arena_take(arena, (count + 1) * sizeof(*so_far.merged));
    if (so_far.merged == NULL)
        return BOUGH_NO_MEMORY;
    so_far.merged[0] = *ours;
    BOUGH_TRY(read_commit(&merging, ours, &so_far.tree, &so_far.side));
    for (size_t i = 0; i < count && !has_stopped(result); i++) {
        BOUGH_TRY(merge_next(&merging, &theirs[i], &so_far, result));
        result->stopped_at = theirs[i];
    }
    result->tree = so_far.tree;
    bough_arena_back(arena, mark);
    if (count < 2 || result->outcome != BOUGH_MERGE_CLEAN)
        return BOUGH_OK;
    return bough_merge_base_find(store, ours, 1, theirs, count, arena, &result->base);
}

enum bough_err bough_merge(struct bough_store *store, const struct bough_link *ours,
                           const struct bough_link *theirs,
                           const struct bough_merge_options *options, struct bough_arena *arena,
                           struct bough_merge_result *result)
{
    return bough_merge_many(store, ours, theirs, 1, options, arena, result);
}
