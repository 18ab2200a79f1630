/* SPDX-License-Identifier: ISC
 *
 * diff.h - what differs between two trees, key by key.
 *
 * Both trees are walked in step, and what has the same name in both is passed over unread: the cost
 * follows what differs, not what there is.  Values are not read; sizes and names of them stand in
 * the entries.  A path that is a value on one side and a directory on the other is a removal and
 * additions (or an addition and removals).  Empty directories and modes of directories are no
 * differences.
 */
#ifndef BOUGH_DIFF_H
#define BOUGH_DIFF_H

#include "bough/tree.h"

enum bough_diff_kind { BOUGH_DIFF_ADDED, BOUGH_DIFF_REMOVED, BOUGH_DIFF_CHANGED };

struct bough_diff_change {
    enum bough_diff_kind kind;
    struct bough_bytes path;
    struct bough_entry from; /* of the older tree: not when added */
    struct bough_entry to;   /* of the newer tree: not when removed */
};

/* Members are private to tree_diff.c. */
struct bough_tree_diff {
    struct bough_store *store;
    struct bough_arena *arena;
    struct bough_tree trees[2];
    struct tree_diff_level *levels;
    uint32_t level_count;
    uint8_t *path;
    size_t path_len;
    struct bough_bytes prefix;
};

/* Begins to compare `from` with `to`, two trees of one store (of two commits: their `tree`), for
 * all paths that start with `prefix` and are bytewise greater than `after` (nothing excluded when
 * `after` is empty): so a listing that was cut goes on behind the last path it has.  `prefix` need
 * not end at a step's end.  Memory comes from `arena` (borrowed), which must not be rewound while
 * the comparison goes on: 20 KiB, and 1 KiB for each directory on the way down.  Until close, the
 * nodes on the way down stay in memory, too: one for each level of each directory on each side.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY: nothing is to be closed then.  O(log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_diff_open(
    struct bough_tree_diff *diff, struct bough_store *store, const struct bough_tree *from,
    const struct bough_tree *to, struct bough_bytes prefix, struct bough_bytes after,
    struct bough_arena *arena);

/* The next value that was added, removed, or differs in bytes or mode, in bytewise order of paths;
 * valid until the next call.  BOUGH_NOT_FOUND at the end; BOUGH_TOO_BIG (deeper than paths may be),
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY: then only close may follow.  O(log n), and as a whole
 * O(differences * log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_diff_next(struct bough_tree_diff *diff,
                                                     struct bough_diff_change *change);

/* Moves on to the first path that is bytewise greater than every path that starts with `prefix`
 * (for listings that fold "a/..." into one line).  Errors as next. */
BOUGH_MUST_CHECK enum bough_err bough_tree_diff_skip(struct bough_tree_diff *diff,
                                                     struct bough_bytes prefix);

/* Lets go of what the comparison keeps in memory.  The arena's part is the caller's. */
void bough_tree_diff_close(struct bough_tree_diff *diff);

/* ---- one directory, entry by entry (tree_diff_level.c) ---- */

/* Members are private to tree_diff_level.c. */
struct bough_tree_diff_level {
    struct tree_pair *pair;
};

/* Begins to compare two directories without looking into those below them.  About 2 KiB come from
 * `arena`, which must not be rewound until close; then the nodes on the way down stay in memory,
 * too.  BOUGH_NO_MEMORY.  O(1): reads nothing. */
BOUGH_MUST_CHECK enum bough_err bough_tree_diff_level_open(struct bough_tree_diff_level *level,
                                                           struct bough_store *store,
                                                           const struct bough_tree *from,
                                                           const struct bough_tree *to,
                                                           struct bough_arena *arena);

/* The next entry that is on one side only or differs, in git's order, with its step as the path;
 * valid until the next call.  A step that is a value on one side and a directory on the other comes
 * twice: as a value first.  BOUGH_NOT_FOUND at the end, BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.
 * As a whole O(differences * log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_diff_level_next(struct bough_tree_diff_level *level,
                                                           struct bough_diff_change *change);

/* Lets go of what the comparison keeps in memory; also after open failed, and twice. */
void bough_tree_diff_level_close(struct bough_tree_diff_level *level);

#endif
