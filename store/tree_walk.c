/* SPDX-License-Identifier: ISC
 *
 * tree_walk.c - all values of a tree and their paths, in bytewise order of the paths.
 *
 * One cursor for each directory on the way down.  Since a directory's key is its step with '/'
 * appended, entries in order of keys are paths in bytewise order.
 *   (1) levels[level_count - 1] is the directory being read; path[0..path_len) is its path with a
 *       '/' at the end, or empty for the root.
 */
#include "tree_walk.h"

enum bough_err tree_walk_push(struct bough_tree_walk *walk, const struct bough_tree *tree)
{
    struct tree_walk_level *level = &walk->levels[walk->level_count];

    if (walk->level_count == TREE_WALK_LEVELS_MAX)
        return BOUGH_TOO_BIG;
    if (level->cursor.levels == NULL)
        BOUGH_TRY(bough_tree_cursor_open(&level->cursor, walk->store, tree, walk->arena));
    else
        tree_cursor_restart(&level->cursor, tree);
    assert(walk->path_len == 0 || walk->path[walk->path_len - 1] == '/');
    level->path_len = walk->path_len;
    walk->level_count++;
    return BOUGH_OK;
}

void tree_walk_append(struct bough_tree_walk *walk, struct bough_bytes step, bool slash)
{
    assert(walk->level_count > 0);
    walk->path_len = walk->levels[walk->level_count - 1].path_len;
    assert(walk->path_len + step.len + 1 <= TREE_WALK_PATH_BYTES_MAX);
    memcpy(walk->path + walk->path_len, step.at, step.len);
    walk->path_len += step.len;
    if (slash)
        walk->path[walk->path_len++] = '/';
}

/* Stands before the first path that is >= `bound`.  The root is the only level on entry. */
static enum bough_err seek(struct bough_tree_walk *walk, struct bough_bytes bound)
{
    for (;;) {
        struct bough_tree_cursor *cursor = &walk->levels[walk->level_count - 1].cursor;
        const uint8_t *slash = bound.len == 0 ? NULL : memchr(bound.at, '/', bound.len);
        size_t key_len = slash == NULL ? bound.len : (size_t)(slash - bound.at) + 1;
        struct bough_bytes key = bough_bytes_of(bound.at, key_len);
        struct bough_entry entry;
        enum bough_err err;

        BOUGH_TRY(bough_tree_cursor_seek(cursor, key));
        if (slash == NULL)
            return BOUGH_OK;
        err = bough_tree_cursor_next(cursor, &entry);
        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK)
            return err;
        if (entry.kind != BOUGH_ENTRY_TREE ||
            !bough_bytes_equal(entry.step, bough_bytes_of(key.at, key_len - 1)))
            return bough_tree_cursor_seek(cursor, key);
        tree_walk_append(walk, entry.step, true);
        BOUGH_TRY(tree_walk_push(walk, &entry.tree));
        bound.at += key_len;
        bound.len -= key_len;
    }
}

/* Goes back to the root and from there to `bound`. */
static enum bough_err restart(struct bough_tree_walk *walk, struct bough_bytes bound)
{
    struct bough_tree root = walk->tree;

    walk->level_count = 0;
    walk->path_len = 0;
    BOUGH_TRY(tree_walk_push(walk, &root));
    return seek(walk, bound);
}

enum bough_err tree_walk_init(struct bough_tree_walk *walk, struct bough_store *store,
                              const struct bough_tree *tree, struct bough_bytes prefix,
                              struct bough_arena *arena)
{
    *walk = (struct bough_tree_walk){.store = store, .arena = arena, .tree = *tree};
    walk->prefix = bough_arena_copy(arena, prefix);
    walk->path = bough_arena_take(arena, TREE_WALK_PATH_BYTES_MAX);
    walk->levels = bough_arena_zeros(arena, TREE_WALK_LEVELS_MAX, sizeof(*walk->levels));
    return walk->prefix.at == NULL || walk->path == NULL || walk->levels == NULL ? BOUGH_NO_MEMORY
                                                                                 : BOUGH_OK;
}

enum bough_err bough_tree_walk_open(struct bough_tree_walk *walk, struct bough_store *store,
                                    const struct bough_tree *tree, struct bough_bytes prefix,
                                    struct bough_bytes after, struct bough_arena *arena)
{
    bool from_after = after.len > 0 && bough_bytes_compare(after, prefix) >= 0;
    struct bough_bytes bound = prefix;

    BOUGH_TRY(tree_walk_init(walk, store, tree, prefix, arena));
    if (from_after) { /* the least path above `after` would be it with a NUL appended */
        uint8_t *next = bough_arena_take(arena, after.len + 1);

        if (next == NULL)
            return BOUGH_NO_MEMORY;
        memcpy(next, after.at, after.len);
        next[after.len] = '\0';
        bound = bough_bytes_of(next, after.len + 1);
    }
    return restart(walk, bound);
}

enum bough_err bough_tree_walk_next(struct bough_tree_walk *walk, struct bough_bytes *path,
                                    struct bough_entry *entry)
{
    while (walk->level_count > 0) {
        struct tree_walk_level *level = &walk->levels[walk->level_count - 1];
        enum bough_err err = bough_tree_cursor_next(&level->cursor, entry);

        if (err == BOUGH_NOT_FOUND) {
            walk->level_count--;
            continue;
        }
        if (err != BOUGH_OK)
            return err;
        tree_walk_append(walk, entry->step, entry->kind == BOUGH_ENTRY_TREE);
        *path = bough_bytes_of(walk->path, walk->path_len);
        if (entry->kind == BOUGH_ENTRY_TREE) {
            /* A directory may hold what we look for, or lie behind it. */
            if (!bough_bytes_starts(*path, walk->prefix) &&
                !bough_bytes_starts(walk->prefix, *path))
                return BOUGH_NOT_FOUND;
            BOUGH_TRY(tree_walk_push(walk, &entry->tree));
            continue;
        }
        return bough_bytes_starts(*path, walk->prefix) ? BOUGH_OK : BOUGH_NOT_FOUND;
    }
    return BOUGH_NOT_FOUND;
}

enum bough_err tree_walk_behind(struct bough_arena *arena, struct bough_bytes prefix,
                                struct bough_bytes *behind)
{
    size_t len = prefix.len;
    uint8_t *bound;

    *behind = (struct bough_bytes){0};
    while (len > 0 && prefix.at[len - 1] == 0xff)
        len--;
    if (len == 0)
        return BOUGH_OK;
    bound = bough_arena_take(arena, len);
    if (bound == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(bound, prefix.at, len);
    bound[len - 1]++;
    *behind = bough_bytes_of(bound, len);
    return BOUGH_OK;
}

enum bough_err bough_tree_walk_skip(struct bough_tree_walk *walk, struct bough_bytes prefix)
{
    struct bough_bytes bound;

    BOUGH_TRY(tree_walk_behind(walk->arena, prefix, &bound));
    if (bound.len > 0)
        return restart(walk, bound);
    walk->level_count = 0; /* nothing is greater than all of these */
    return BOUGH_OK;
}
