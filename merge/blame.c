/* SPDX-License-Identifier: ISC
 *
 * blame.c - which commit each key is from.
 *
 * The keys begin at the head, and go from a commit to the first of its parents that has them as
 * they are; what no parent has so is the commit's own.
 *   (1) Each key that is not found yet is held by exactly one commit of the front: its bit is set
 *       in that commit's set, and in no other.
 *   (2) `left` is how many there are.
 */
#include "bough/blame.h"
#include "bough/diff.h"
#include "front.h"

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

/* Sets blame->changed to the keys that differ between a parent and its child. */
static enum bough_err compare(struct blame *blame, const struct bough_tree *parent,
                              const struct bough_tree *child)
{
    struct bough_arena_mark mark = bough_arena_now(blame->arena);
    struct bough_tree_diff diff;
    struct bough_diff_change change;
    enum bough_err err = bough_tree_diff_open(&diff, blame->front.store, parent, child,
                                              blame->prefix, blame->after, blame->arena);

    memset(blame->changed, 0, blame->words * sizeof(*blame->changed));
    if (err != BOUGH_OK)
        return err;
    while (err == BOUGH_OK) {
        size_t at;

        err = bough_tree_diff_next(&diff, &change);
        if (err != BOUGH_OK)
            break;
        at = search(blame, change.path);
        if (at == blame->count)
            break; /* behind the last one */
        if (bough_bytes_equal(blame->keys[at].path, change.path))
            set_bit(blame->changed, at);
    }
    bough_tree_diff_close(&diff);
    bough_arena_back(blame->arena, mark);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Passes on to a parent what it has as its child does. */
static enum bough_err pass(struct blame *blame, const struct front_commit *child,
                           const struct bough_link *parent)
{
    struct bough_arena_mark mark = bough_arena_now(blame->arena);
    struct bough_commit commit;
    uint64_t kept = 0; /* by the parent */
    uint64_t *set;

    BOUGH_TRY(bough_commit_get(blame->front.store, parent, blame->arena, &commit));
    BOUGH_TRY(compare(blame, &commit.tree, &child->tree));
    bough_arena_back(blame->arena, mark);
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

/* Finds the commit of every key. */
static enum bough_err find_all(struct blame *blame)
{
    while (blame->left > 0) {
        const struct front_commit *commit = front_take(&blame->front);

        assert(commit != NULL && commit->set != NULL);
        if (commit == NULL)
            return BOUGH_CORRUPT;
        for (uint32_t i = 0; i < commit->parent_count; i++) {
            if (!bough_commit_is_cut(&commit->parents[i]))
                BOUGH_TRY(pass(blame, commit, &commit->parents[i]));
        }
        for (size_t i = 0; i < blame->count; i++) {
            if (!has_bit(commit->set, i))
                continue;
            blame->keys[i].commit = commit->link;
            blame->left--;
        }
        give_set(blame, commit->set);
    }
    return BOUGH_OK;
}

enum bough_err bough_blame_keys(struct bough_store *store, const struct bough_link *commit,
                                struct bough_bytes prefix, struct bough_bytes after, size_t max,
                                struct bough_arena *arena, struct bough_blame_key **keys,
                                size_t *count)
{
    struct blame blame = {.arena = arena, .prefix = prefix, .after = after};
    struct bough_commit head;
    uint64_t *set;

    assert(max > 0);
    front_init(&blame.front, store, arena);
    BOUGH_TRY(bough_commit_get(store, commit, arena, &head));
    BOUGH_TRY(list_keys(&blame, &head.tree, max));
    blame.left = blame.count;
    blame.words = blame.count / 64 + 1;
    blame.changed = new_set(&blame);
    if (blame.changed == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(add(&blame, commit, UINT64_MAX, &set));
    for (size_t i = 0; i < blame.count; i++)
        set_bit(set, i);
    BOUGH_TRY(find_all(&blame));
    *keys = blame.keys;
    *count = blame.count;
    return BOUGH_OK;
}
