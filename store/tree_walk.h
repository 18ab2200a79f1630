/* SPDX-License-Identifier: ISC
 *
 * tree_walk.h - what walks in both directions share: the directories on the way down.
 */
#ifndef TREE_WALK_H
#define TREE_WALK_H

#include "node.h"
#include "tree_cursor.h"

#define TREE_WALK_LEVELS_MAX     (BOUGH_PATH_STEPS_MAX + 1u) /* directories on the way down */
#define TREE_WALK_PATH_BYTES_MAX (TREE_WALK_LEVELS_MAX * NODE_KEY_BYTES_MAX)

struct tree_walk_level {
    struct bough_tree_cursor cursor;
    size_t path_len; /* of the directory, its '/' included */
};

/* A walk that stands nowhere, with its memory from `arena`.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_walk_init(struct bough_tree_walk *walk,
                                               struct bough_store *store,
                                               const struct bough_tree *tree,
                                               struct bough_bytes prefix,
                                               struct bough_arena *arena);

/* Goes one level down, into a directory whose path is path[0..path_len), before its first entry.
 * BOUGH_TOO_BIG when it is deeper than a path may be. */
BOUGH_MUST_CHECK enum bough_err tree_walk_push(struct bough_tree_walk *walk,
                                               const struct bough_tree *tree);

/* Puts a step behind the path of the directory being read, and a '/' if it is a directory's. */
void tree_walk_append(struct bough_tree_walk *walk, struct bough_bytes step, bool slash);

/* The least bytes that are greater than all that start with `prefix`, in `arena`; empty when there
 * are none.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err tree_walk_behind(struct bough_arena *arena,
                                                 struct bough_bytes prefix,
                                                 struct bough_bytes *behind);

#endif
