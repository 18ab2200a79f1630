/* SPDX-License-Identifier: ISC
 *
 * tree_walk_back.c - all values of a tree and their paths, the greatest path first.
 *
 * One cursor for each directory on the way down, as in tree_walk.c, moved backwards.
 *   (1) levels[level_count - 1] is the directory being read; path[0..path_len) is its path with a
 *       '/' at the end, or empty for the root.
 *   (2) The cursors above it stand before the directory that was entered.
 */
#include "tree_walk.h"

/* Begins to read a directory one level down, from its end. */
static enum bough_err push(struct bough_tree_walk *walk, const struct bough_tree *tree)
{
    BOUGH_TRY(tree_walk_push(walk, tree));
    assert(walk->level_count > 0);
    tree_cursor_end(&walk->levels[walk->level_count - 1].cursor);
    return BOUGH_OK;
}

/* Stands behind the last path that is < `bound`.  The root is the only level on entry. */
static enum bough_err seek(struct bough_tree_walk *walk, struct bough_bytes bound)
{
    for (;;) {
        struct bough_tree_cursor *cursor = &walk->levels[walk->level_count - 1].cursor;
        const uint8_t *slash = bound.len == 0 ? NULL : memchr(bound.at, '/', bound.len);
        size_t key_len = slash == NULL ? bound.len : (size_t)(slash - bound.at) + 1;
        struct bough_bytes key = bough_bytes_of(bound.at, key_len);
        struct bough_entry entry;
        struct bough_tree below;
        enum bough_err err;

        /* A key without '/' is greater or less than a directory's key and all that is below it. */
        BOUGH_TRY(bough_tree_cursor_seek_last(cursor, key));
        err = bough_tree_cursor_prev(cursor, &entry);
        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK)
            return err;
        if (slash == NULL || entry.kind != BOUGH_ENTRY_TREE ||
            !bough_bytes_equal(entry.step, bough_bytes_of(key.at, key_len - 1)))
            return bough_tree_cursor_seek(cursor, key);
        tree_walk_append(walk, entry.step, true);
        below = entry.tree;
        BOUGH_TRY(push(walk, &below));
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
    BOUGH_TRY(push(walk, &root));
    return seek(walk, bound);
}

enum bough_err bough_tree_walk_back_open(struct bough_tree_walk *walk, struct bough_store *store,
                                         const struct bough_tree *tree, struct bough_bytes prefix,
                                         struct bough_bytes before, struct bough_arena *arena)
{
    struct bough_bytes bound;

    BOUGH_TRY(tree_walk_init(walk, store, tree, prefix, arena));
    BOUGH_TRY(tree_walk_behind(arena, prefix, &bound));
    if (before.len > 0 && (bound.len == 0 || bough_bytes_compare(before, bound) < 0)) {
        bound = bough_arena_copy(arena, before);
        if (bound.at == NULL)
            return BOUGH_NO_MEMORY;
    }
    return bound.len > 0 ? restart(walk, bound) : push(walk, tree);
}

enum bough_err bough_tree_walk_back_next(struct bough_tree_walk *walk, struct bough_bytes *path,
                                         struct bough_entry *entry)
{
    while (walk->level_count > 0) {
        struct tree_walk_level *level = &walk->levels[walk->level_count - 1];
        enum bough_err err;

        assert(level->path_len <= walk->path_len);
        err = bough_tree_cursor_prev(&level->cursor, entry);

        if (err == BOUGH_NOT_FOUND) {
            walk->level_count--;
            continue;
        }
        if (err != BOUGH_OK)
            return err;
        tree_walk_append(walk, entry->step, entry->kind == BOUGH_ENTRY_TREE);
        *path = bough_bytes_of(walk->path, walk->path_len);
        if (entry->kind != BOUGH_ENTRY_TREE)
            return bough_bytes_starts(*path, walk->prefix) ? BOUGH_OK : BOUGH_NOT_FOUND;
        if (!bough_bytes_starts(*path, walk->prefix) && !bough_bytes_starts(walk->prefix, *path))
            return BOUGH_NOT_FOUND; /* less than all that has the prefix */
        BOUGH_TRY(push(walk, &entry->tree));
    }
    return BOUGH_NOT_FOUND;
}

enum bough_err bough_tree_walk_back_skip(struct bough_tree_walk *walk, struct bough_bytes prefix)
{
    struct bough_bytes bound = bough_arena_copy(walk->arena, prefix);

    if (bound.at == NULL)
        return BOUGH_NO_MEMORY;
    if (bound.len == 0) { /* nothing is less than all of these */
        walk->level_count = 0;
        return BOUGH_OK;
    }
    return restart(walk, bound);
}
