/* SPDX-License-Identifier: ISC
 *
 * blame.c - which commit each key is from.
 *
 * The keys begin at the head, and go from a commit to the first of its parents that has them as
 * they are; what no parent has so is the commit's own.
 *   (1) Each key that is not found yet is held by exactly one commit of the front: its bit is set
 *       in that commit's set, and in no other.
 *   (2) `left` is how many there are; so the front holds no more commits than that.
 *   (3) Between two steps, `child` is the commit that is compared with its parents, or NULL, and
 *       `parent` the number of the one that is next; if `comparing` is set, it has been compared
 *       with that one as far as `compared`, and what differs up to there is in `changed`.  No
 *       comparison stays open, since it would hold nodes in memory.
 */
#include "bough/blame.h"
#include "bough/diff.h"
#include "bough/limits.h"
#include "front.h"

/* The longest path that a comparison may come by. */
#define PATH_BYTES_MAX ((BOUGH_PATH_STEPS_MAX + 1u) * (BOUGH_STEP_BYTES_MAX + 1u))

/* A set that is not in use. */
struct spare {
    struct spare *next;
};

_Static_assert(sizeof(struct spare) <= sizeof(uint64_t), "it fits into the smallest set");

struct blame {
    struct front front;
    struct bough_arena *arena;
    struct bough_bytes prefix;
    struct bough_bytes after;
    struct bough_blame_key *keys; /* in bytewise order of paths */
    size_t count;
    size_t left;
    size_t words;        /* of a set */
    uint64_t *changed;   /* between a commit and one parent */
    struct spare *spare; /* sets to be used again */
    uint32_t passed;     /* commits and differences looked at in this step */
    const struct front_commit *child;
    uint32_t parent;
    bool comparing;
    uint8_t *compared; /* a path, of PATH_BYTES_MAX at most: invariant (3) */
    size_t compared_len;
};

static void set_bit(uint64_t *set, size_t at)
{
    set[at / 64] |= (uint64_t)1 << (at % 64);
}

static bool has_bit(const uint64_t *set, size_t at)
{
    return (set[at / 64] >> (at % 64) & 1) != 0;
}

/* An empty set. */
static uint64_t *new_set(struct blame *blame)
{
    struct spare *spare = blame->spare;

    if (spare == NULL)
        return bough_arena_zeros(blame->arena, blame->words, sizeof(uint64_t));
    blame->spare = spare->next;
    return memset(spare, 0, blame->words * sizeof(uint64_t));
}

static void give_set(struct blame *blame, uint64_t *set)
{
    struct spare *spare = (struct spare *)(void *)set;

    spare->next = blame->spare;
    blame->spare = spare;
}

/* The commit at the front with a set of its own. */
static enum bough_err add(struct blame *blame, const struct bough_link *link, uint64_t below,
                          uint64_t **set)
{
    struct front_commit *commit;

    BOUGH_TRY(front_add(&blame->front, link, below, &commit));
    if (commit->set == NULL)
        commit->set = new_set(blame);
    *set = commit->set;
    return *set == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Lists the keys. */
static enum bough_err list_keys(struct blame *blame, const struct bough_tree *tree, size_t max)
{
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry entry;
    enum bough_err err = bough_tree_walk_open(&walk, blame->front.store, tree, blame->prefix,
                                              blame->after, blame->arena);
    size_t room = 0;

    while (err == BOUGH_OK && blame->count < max) {
        err = bough_tree_walk_next(&walk, &path, &entry);
        if (err != BOUGH_OK)
            break;
        if (blame->count == room) {
            struct bough_blame_key *keys;

            room = room == 0 ? 64 : 2 * room;
            keys = bough_arena_take(blame->arena, room * sizeof(*keys));
            if (keys == NULL)
                return BOUGH_NO_MEMORY;
            if (blame->count > 0)
                memcpy(keys, blame->keys, blame->count * sizeof(*keys));
            blame->keys = keys;
        }
        blame->keys[blame->count] =
            (struct bough_blame_key){.path = bough_arena_copy(blame->arena, path)};
        if (blame->keys[blame->count++].path.at == NULL)
            return BOUGH_NO_MEMORY;
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* The number of the first key whose path is >= `path`. */
static size_t search(const struct blame *blame, struct bough_bytes path)
{
    size_t low = 0;
    size_t high = blame->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bough_bytes_compare(blame->keys[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds to blame->changed the keys that differ between a parent and its child, from where the last
 * step stopped.  BOUGH_NOT_READY: this one stops at `path`, which lives in `diff`. */
static enum bough_err read_changes(struct blame *blame, struct bough_tree_diff *diff,
                                   struct bough_bytes *path)
{
    struct bough_diff_change change;

    while (blame->passed < BOUGH_HISTORY_STEP_MAX) {
        enum bough_err err = bough_tree_diff_next(diff, &change);
        size_t at;

        if (err != BOUGH_OK)
            return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
        blame->passed++;
        *path = change.path;
        at = search(blame, change.path);
        if (at == blame->count)
            return BOUGH_OK; /* behind the last one */
        if (bough_bytes_equal(blame->keys[at].path, change.path))
            set_bit(blame->changed, at);
    }
    return BOUGH_NOT_READY;
}

/* Compares a parent with its child.  BOUGH_NOT_READY: invariant (3). */
static enum bough_err compare(struct blame *blame, const struct bough_tree *parent,
                              const struct bough_tree *child)
{
    struct bough_arena_mark mark = bough_arena_now(blame->arena);
    struct bough_bytes after =
        blame->comparing ? bough_bytes_of(blame->compared, blame->compared_len) : blame->after;
    struct bough_bytes path = after;
    struct bough_tree_diff diff;
    enum bough_err err;

    if (!blame->comparing)
        memset(blame->changed, 0, blame->words * sizeof(*blame->changed));
    BOUGH_TRY(bough_tree_diff_open(&diff, blame->front.store, parent, child, blame->prefix, after,
                                   blame->arena));
    err = read_changes(blame, &diff, &path);
    assert(path.at == after.at || path.len <= PATH_BYTES_MAX);
    if (err != BOUGH_NOT_READY) {
        blame->comparing = false;
    } else if (path.at != after.at) {
        memcpy(blame->compared, path.at, path.len);
        blame->compared_len = path.len;
        blame->comparing = true;
    }
    bough_tree_diff_close(&diff);
    bough_arena_back(blame->arena, mark);
    return err;
}

/* Passes on to a parent what it has as its child does. */
static enum bough_err pass(struct blame *blame, const struct front_commit *child,
                           const struct bough_link *parent)
{
    struct bough_arena_mark mark = bough_arena_now(blame->arena);
    struct bough_commit commit;
    struct bough_tree tree;
    uint64_t kept = 0; /* by the parent */
    uint64_t *set;

    blame->passed++;
    BOUGH_TRY(bough_commit_get(blame->front.store, parent, blame->arena, &commit));
    tree = commit.tree;
    bough_arena_back(blame->arena, mark);
    BOUGH_TRY(compare(blame, &tree, &child->tree));
    for (size_t i = 0; i < blame->words; i++)
        kept |= child->set[i] & ~blame->changed[i];
    if (kept == 0)
        return BOUGH_OK;
    BOUGH_TRY(add(blame, parent, child->generation, &set));
    for (size_t i = 0; i < blame->words; i++) {
        set[i] |= child->set[i] & ~blame->changed[i];
        child->set[i] &= blame->changed[i];
    }
    return BOUGH_OK;
}

/* What no parent has as the commit does is the commit's own. */
static void settle(struct blame *blame, const struct front_commit *commit)
{
    for (size_t i = 0; i < blame->count; i++) {
        if (!has_bit(commit->set, i))
            continue;
        blame->keys[i].commit = commit->link;
        blame->left--;
    }
    give_set(blame, commit->set);
}

/* Finds the commits of some keys. */
static enum bough_err find_some(struct blame *blame)
{
    while (blame->left > 0) {
        const struct front_commit *child = blame->child;

        if (child == NULL) {
            if (blame->passed >= BOUGH_HISTORY_STEP_MAX)
                return BOUGH_NOT_READY;
            assert(blame->front.count <= blame->left);
            child = blame->child = front_take(&blame->front);
            blame->parent = 0;
            blame->passed++;
        }
        assert(child != NULL && child->set != NULL);
        if (child == NULL)
            return BOUGH_CORRUPT;
        for (; blame->parent < child->parent_count; blame->parent++) {
            if (bough_commit_is_cut(&child->parents[blame->parent]))
                continue;
            if (blame->passed >= BOUGH_HISTORY_STEP_MAX)
                return BOUGH_NOT_READY;
            BOUGH_TRY(pass(blame, child, &child->parents[blame->parent]));
        }
        settle(blame, child);
        blame->child = NULL;
    }
    return BOUGH_OK;
}

enum bough_err bough_blame_open(struct bough_blame *blame, struct bough_store *store,
                                const struct bough_link *commit, struct bough_bytes prefix,
                                struct bough_bytes after, size_t max, struct bough_arena *arena)
{
    struct blame *state = bough_arena_zeros(arena, 1, sizeof(*state));
    struct bough_commit head;
    uint64_t *set;

    assert(max > 0);
    if (max > BOUGH_BLAME_KEYS_MAX)
        return BOUGH_TOO_BIG;
    if (state == NULL)
        return BOUGH_NO_MEMORY;
    state->arena = arena;
    state->prefix = bough_arena_copy(arena, prefix);
    state->after = bough_arena_copy(arena, after);
    if (state->prefix.at == NULL || state->after.at == NULL)
        return BOUGH_NO_MEMORY;
    front_init(&state->front, store, arena);
    BOUGH_TRY(bough_commit_get(store, commit, arena, &head));
    BOUGH_TRY(list_keys(state, &head.tree, max));
    state->left = state->count;
    state->words = state->count / 64 + 1;
    state->changed = new_set(state);
    state->compared = bough_arena_take(arena, PATH_BYTES_MAX);
    if (state->changed == NULL || state->compared == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(add(state, commit, UINT64_MAX, &set));
    for (size_t i = 0; i < state->count; i++)
        set_bit(set, i);
    blame->state = state;
    return BOUGH_OK;
}

enum bough_err bough_blame_step(struct bough_blame *blame, struct bough_blame_key **keys,
                                size_t *count)
{
    struct blame *state = blame->state;

    state->passed = 0;
    BOUGH_TRY(find_some(state));
    assert(state->left == 0);
    *keys = state->keys;
    *count = state->count;
    return BOUGH_OK;
}

enum bough_err bough_blame_keys(struct bough_store *store, const struct bough_link *commit,
                                struct bough_bytes prefix, struct bough_bytes after, size_t max,
                                struct bough_arena *arena, struct bough_blame_key **keys,
                                size_t *count)
{
    struct bough_blame blame;
    enum bough_err err;

    BOUGH_TRY(bough_blame_open(&blame, store, commit, prefix, after, max, arena));
    do {
        err = bough_blame_step(&blame, keys, count);
    } while (err == BOUGH_NOT_READY);
    return err;
}
