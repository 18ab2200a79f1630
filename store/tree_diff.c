/* SPDX-License-Identifier: ISC
 *
 * tree_diff.c - all values in which two trees differ, in bytewise order of their paths.
 *
 * One pair of directories for each level on the way down; where a side has no such directory, an
 * empty one stands for it.
 *   (1) levels[level_count - 1] is the pair being compared; path[0..path_len) is its path with a
 * '/' at the end, or empty for the roots. (2) Directories with equal roots are never read.
 */
#include "bough/diff.h"
#include "tree_pair.h"
#include "tree_walk.h"

struct tree_diff_level {
    struct tree_pair *pair; /* NULL until the level is reached */
    size_t path_len;        /* of the directory, its '/' included */
};

/* Goes one level down, before the first entries of two directories with the path that stands in
 * path[0..path_len). */
static enum bough_err push(struct bough_tree_diff *diff, const struct bough_link *from,
                           const struct bough_link *to)
{
    struct tree_diff_level *level = &diff->levels[diff->level_count];

    if (diff->level_count == TREE_WALK_LEVELS_MAX)
        return BOUGH_TOO_BIG;
    if (level->pair == NULL)
        level->pair = bough_arena_zeros(diff->arena, 1, sizeof(*level->pair));
    if (level->pair == NULL)
        return BOUGH_NO_MEMORY;
    level->pair->store = diff->store;
    tree_pair_restart(level->pair, from, to);
    assert(diff->path_len == 0 || diff->path[diff->path_len - 1] == '/');
    level->path_len = diff->path_len;
    diff->level_count++;
    return BOUGH_OK;
}

/* The directory that an entry is, if it is there: else an empty one. */
static struct bough_link directory(bool there, const struct bough_entry *entry)
{
    return there && entry->kind == BOUGH_ENTRY_TREE ? entry->tree.root : (struct bough_link){0};
}

/* Goes down into the directories that the entries are. */
static enum bough_err push_entries(struct bough_tree_diff *diff, unsigned there,
                                   const struct bough_entry entries[2])
{
    struct bough_link from = directory((there & TREE_PAIR_FROM) != 0, &entries[0]);
    struct bough_link to = directory((there & TREE_PAIR_TO) != 0, &entries[1]);

    return push(diff, &from, &to);
}

/* Puts a step behind the path of the directories being compared, and a '/' if it is a directory's.
 */
static void append(struct bough_tree_diff *diff, const struct bough_entry *entry)
{
    assert(diff->level_count > 0);
    diff->path_len = diff->levels[diff->level_count - 1].path_len;
    assert(diff->path_len + entry->step.len + 1 <= TREE_WALK_PATH_BYTES_MAX);
    memcpy(diff->path + diff->path_len, entry->step.at, entry->step.len);
    diff->path_len += entry->step.len;
    if (entry->kind == BOUGH_ENTRY_TREE)
        diff->path[diff->path_len++] = '/';
}

/* Stands before the first path that is >= `bound`.  The roots are the only level on entry. */
static enum bough_err seek(struct bough_tree_diff *diff, struct bough_bytes bound)
{
    for (;;) {
        struct tree_pair *pair = diff->levels[diff->level_count - 1].pair;
        const uint8_t *slash = bound.len == 0 ? NULL : memchr(bound.at, '/', bound.len);
        size_t key_len = slash == NULL ? bound.len : (size_t)(slash - bound.at) + 1;
        struct bough_bytes key = bough_bytes_of(bound.at, key_len);
        struct bough_entry entries[2];
        unsigned there;

        if (bound.len == 0)
            return BOUGH_OK;
        BOUGH_TRY(tree_pair_seek(pair, key));
        if (slash == NULL)
            return BOUGH_OK;
        there = tree_pair_take(pair, key, entries);
        if (there == 0)
            return BOUGH_OK;
        append(diff, (there & TREE_PAIR_FROM) != 0 ? &entries[0] : &entries[1]);
        BOUGH_TRY(push_entries(diff, there, entries));
        bound.at += key_len;
        bound.len -= key_len;
    }
}

void bough_tree_diff_close(struct bough_tree_diff *diff)
{
    while (diff->level_count > 0)
        tree_pair_release(diff->levels[--diff->level_count].pair);
}

/* Goes back to the roots and from there to `bound`. */
static enum bough_err restart(struct bough_tree_diff *diff, struct bough_bytes bound)
{
    bough_tree_diff_close(diff);
    diff->path_len = 0;
    BOUGH_TRY(push(diff, &diff->trees[0].root, &diff->trees[1].root));
    return seek(diff, bound);
}

/* The bytes that every path to be reported is >= to. */
static enum bough_err first_bound(struct bough_arena *arena, struct bough_bytes prefix,
                                  struct bough_bytes after, struct bough_bytes *bound)
{
    uint8_t *next;

    *bound = prefix;
    if (after.len == 0 || bough_bytes_compare(after, prefix) < 0)
        return BOUGH_OK;
    next = bough_arena_take(arena, after.len + 1);
    if (next == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(next, after.at, after.len);
    next[after.len] = '\0'; /* the least path above `after` would be it with a NUL appended */
    *bound = bough_bytes_of(next, after.len + 1);
    return BOUGH_OK;
}

enum bough_err bough_tree_diff_open(struct bough_tree_diff *diff, struct bough_store *store,
                                    const struct bough_tree *from, const struct bough_tree *to,
                                    struct bough_bytes prefix, struct bough_bytes after,
                                    struct bough_arena *arena)
{
    struct bough_bytes bound;
    enum bough_err err;

    *diff = (struct bough_tree_diff){.store = store, .arena = arena, .trees = {*from, *to}};
    diff->prefix = bough_arena_copy(arena, prefix);
    diff->path = bough_arena_take(arena, TREE_WALK_PATH_BYTES_MAX);
    diff->levels = bough_arena_zeros(arena, TREE_WALK_LEVELS_MAX, sizeof(*diff->levels));
    err = diff->prefix.at == NULL || diff->path == NULL || diff->levels == NULL
              ? BOUGH_NO_MEMORY
              : first_bound(arena, prefix, after, &bound);
    if (err == BOUGH_OK)
        err = restart(diff, bound);
    if (err != BOUGH_OK)
        bough_tree_diff_close(diff);
    return err;
}

/* Fills in what next answers with. */
static void report(struct bough_tree_diff *diff, unsigned there,
                   const struct bough_entry entries[2], struct bough_diff_change *change)
{
    change->kind = there == TREE_PAIR_FROM ? BOUGH_DIFF_REMOVED
                   : there == TREE_PAIR_TO ? BOUGH_DIFF_ADDED
                                           : BOUGH_DIFF_CHANGED;
    change->path = bough_bytes_of(diff->path, diff->path_len);
    if ((there & TREE_PAIR_FROM) != 0)
        change->from = entries[0];
    if ((there & TREE_PAIR_TO) != 0)
        change->to = entries[1];
}

enum bough_err bough_tree_diff_next(struct bough_tree_diff *diff, struct bough_diff_change *change)
{
    while (diff->level_count > 0) {
        struct bough_entry entries[2];
        const struct bough_entry *entry;
        unsigned there;
        struct bough_bytes path;
        enum bough_err err =
            tree_pair_next(diff->levels[diff->level_count - 1].pair, &there, entries);

        if (err == BOUGH_NOT_FOUND) {
            diff->level_count--;
            continue;
        }
        if (err != BOUGH_OK)
            return err;
        entry = (there & TREE_PAIR_FROM) != 0 ? &entries[0] : &entries[1];
        append(diff, entry);
        path = bough_bytes_of(diff->path, diff->path_len);
        if (entry->kind != BOUGH_ENTRY_TREE) {
            report(diff, there, entries, change);
            return bough_bytes_starts(path, diff->prefix) ? BOUGH_OK : BOUGH_NOT_FOUND;
        }
        /* A directory may hold what we look for, or lie behind it. */
        if (!bough_bytes_starts(path, diff->prefix) && !bough_bytes_starts(diff->prefix, path))
            return BOUGH_NOT_FOUND;
        BOUGH_TRY(push_entries(diff, there, entries));
    }
    return BOUGH_NOT_FOUND;
}

enum bough_err bough_tree_diff_skip(struct bough_tree_diff *diff, struct bough_bytes prefix)
{
    struct bough_bytes bound;

    BOUGH_TRY(tree_walk_behind(diff->arena, prefix, &bound));
    if (bound.len > 0)
        return restart(diff, bound);
    bough_tree_diff_close(diff); /* nothing is greater than all of these */
    return BOUGH_OK;
}
