/* SPDX-License-Identifier: ISC
 *
 * tree.h - directories of steps: find, walk and edit.
 *
 * A tree is immutable; an edit makes a new one that shares everything that did not change.  Equal
 * contents have equal roots, however they were built.  A step is a value or a directory, never
 * both. Order is git's: bytewise, a directory counting as if its name ended in '/'; hence a walk in
 * this order meets whole paths in plain bytewise order.
 *
 * Paths are steps joined by '/', without one at either end; "" is the tree itself.  A step is 1 to
 * BOUGH_STEP_BYTES_MAX bytes without NUL and '/', and is neither "." nor "..".
 */
#ifndef BOUGH_TREE_H
#define BOUGH_TREE_H

#include "bough/value.h"

/* Modes are git's numbers; any other that git's fsck accepts is kept as it is. */
#define BOUGH_MODE_FILE      0100644u
#define BOUGH_MODE_EXEC      0100755u
#define BOUGH_MODE_SYMLINK   0120000u
#define BOUGH_MODE_GITLINK   0160000u /* the value is the 20 bytes of a foreign commit's SHA-1 */
#define BOUGH_MODE_DIRECTORY 0040000u

/* A directory: all zeros is the empty one. */
struct bough_tree {
    struct bough_link root;     /* the root node; name none = empty */
    uint64_t key_count;         /* values in it and below */
    struct bough_link verbatim; /* a value: the git tree's own bytes, where the entries alone would
                                   not give them back (design: lossless git); name none = none */
};

enum bough_entry_kind { BOUGH_ENTRY_VALUE, BOUGH_ENTRY_TREE, BOUGH_ENTRY_LINK };

struct bough_entry {
    struct bough_bytes step;
    enum bough_entry_kind kind;
    uint32_t mode;
    struct bough_value value;  /* BOUGH_ENTRY_VALUE */
    struct bough_tree tree;    /* BOUGH_ENTRY_TREE */
    struct bough_link link;    /* BOUGH_ENTRY_LINK: in the state tree only (ref.h) */
    enum bough_kind link_kind; /* what `link` names */
};

/* BOUGH_OK, BOUGH_INVALID (an empty step, ".", "..", NUL, slashes at the ends) or BOUGH_TOO_BIG
 * (step, depth or length past its limit).  The empty path is fine.  O(length). */
BOUGH_MUST_CHECK enum bough_err bough_tree_path_check(struct bough_bytes path);

/* The entry at `path`; its step and short data live in `arena`.  BOUGH_NOT_FOUND, also when a value
 * stands where a directory is needed; BOUGH_INVALID, BOUGH_TOO_BIG, BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY.  O(depth * log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_find(struct bough_store *store,
                                                const struct bough_tree *tree,
                                                struct bough_bytes path, struct bough_arena *arena,
                                                struct bough_entry *entry);

/* Whether two trees have the same contents.  O(1). */
bool bough_tree_equal(const struct bough_tree *a, const struct bough_tree *b);

/* ---- one directory, entry by entry (tree_cursor.c) ---- */

/* Members are private to tree_cursor.c. */
struct bough_tree_cursor {
    struct bough_store *store;
    struct bough_arena *arena;
    struct bough_tree tree;
    struct tree_cursor_level *levels;
    uint32_t level_count;
    bool at_end;
};

/* A cursor before the first entry of one directory.  Takes memory from `arena` (borrowed), which
 * must not be rewound while the cursor is used.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_tree_cursor_open(struct bough_tree_cursor *cursor,
                                                       struct bough_store *store,
                                                       const struct bough_tree *tree,
                                                       struct bough_arena *arena);

/* Moves before the first entry whose key is >= `key`: a step, followed by '/' if a directory's.
 * O(log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_cursor_seek(struct bough_tree_cursor *cursor,
                                                       struct bough_bytes key);

/* Moves behind the last entry whose key is <= `key`, so that prev gives that entry.  O(log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_cursor_seek_last(struct bough_tree_cursor *cursor,
                                                            struct bough_bytes key);

/* The next entry, valid until the next call; BOUGH_NOT_FOUND at the end. */
BOUGH_MUST_CHECK enum bough_err bough_tree_cursor_next(struct bough_tree_cursor *cursor,
                                                       struct bough_entry *entry);

/* The entry before the place where the cursor stands, which moves before it: after next it is the
 * same entry again.  Valid until the next call; BOUGH_NOT_FOUND at the start. */
BOUGH_MUST_CHECK enum bough_err bough_tree_cursor_prev(struct bough_tree_cursor *cursor,
                                                       struct bough_entry *entry);

/* ---- everything below, value by value (tree_walk.c) ---- */

/* Members are private to tree_walk.c. */
struct bough_tree_walk {
    struct bough_store *store;
    struct bough_arena *arena;
    struct bough_tree tree;
    struct tree_walk_level *levels;
    uint32_t level_count;
    uint8_t *path;
    size_t path_len;
    struct bough_bytes prefix;
};

/* A walk over all values whose path starts with `prefix` and is bytewise greater than `after`
 * (nothing excluded when `after` is empty), in bytewise order of paths.  `prefix` need not end at a
 * step's end.  Memory comes from `arena`, about 8 KiB per directory level. */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_open(
    struct bough_tree_walk *walk, struct bough_store *store, const struct bough_tree *tree,
    struct bough_bytes prefix, struct bough_bytes after, struct bough_arena *arena);

/* The next value and its whole path, both valid until the next call; BOUGH_NOT_FOUND at the end.
 * Empty directories are passed over. */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_next(struct bough_tree_walk *walk,
                                                     struct bough_bytes *path,
                                                     struct bough_entry *entry);

/* Moves on to the first path that is bytewise greater than every path that starts with `prefix`
 * (for listings that fold "a/..." into one line). */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_skip(struct bough_tree_walk *walk,
                                                     struct bough_bytes prefix);

/* ---- the same backwards (tree_walk_back.c) ---- */

/* A walk over all values whose path starts with `prefix` and is bytewise less than `before`
 * (nothing excluded when `before` is empty), the greatest path first.  Only the calls below take
 * it. Memory and errors as bough_tree_walk_open. */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_back_open(
    struct bough_tree_walk *walk, struct bough_store *store, const struct bough_tree *tree,
    struct bough_bytes prefix, struct bough_bytes before, struct bough_arena *arena);

/* The next lesser value and its whole path, both valid until the next call; BOUGH_NOT_FOUND at the
 * end. */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_back_next(struct bough_tree_walk *walk,
                                                          struct bough_bytes *path,
                                                          struct bough_entry *entry);

/* Moves on to the first path that is bytewise less than every path that starts with `prefix`. */
BOUGH_MUST_CHECK enum bough_err bough_tree_walk_back_skip(struct bough_tree_walk *walk,
                                                          struct bough_bytes prefix);

/* ---- by number (tree_rank.c) ---- */

/* How many values of the tree, those in directories below included, have a path that is bytewise
 * less than `path`, which may be any bytes.  So the values of a range of paths are the difference
 * of two ranks, and a page can be begun at a number.  BOUGH_TOO_BIG (deeper than paths may be),
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.  O(depth * log n). */
BOUGH_MUST_CHECK enum bough_err bough_tree_rank(struct bough_store *store,
                                                const struct bough_tree *tree,
                                                struct bough_bytes path, uint64_t *rank);

/* The value with rank `number`: path and entry, whose step and short data live in `arena`.
 * BOUGH_NOT_FOUND when there are not so many; otherwise as bough_tree_rank. */
BOUGH_MUST_CHECK enum bough_err bough_tree_rank_nth(struct bough_store *store,
                                                    const struct bough_tree *tree, uint64_t number,
                                                    struct bough_arena *arena,
                                                    struct bough_bytes *path,
                                                    struct bough_entry *entry);

/* ---- edit (tree_edit.c, tree_range.c) ---- */

enum bough_edit_kind {
    BOUGH_EDIT_PLAIN,        /* put or remove, as `remove` says */
    BOUGH_EDIT_REMOVE_RANGE, /* remove every value whose path p is path <= p < other, bytewise;
                                `other` empty = to the end.  Neither need be a path */
    BOUGH_EDIT_COPY,         /* put what stands at `other`, a value or a directory */
    BOUGH_EDIT_MOVE          /* the same, and nothing stays at `other` */
};

/* One change: at `path`, put `entry` (its step is ignored; its kind, mode and contents count), or
 * delete whatever is there, a directory with all that is below it; or one of the above, whose cost
 * does not depend on how much is removed or copied: only nodes at the ends are read.  A copy can
 * make paths that are longer or deeper than the limits, since it does not read what it copies: such
 * keys cannot be asked for. */
struct bough_edit {
    struct bough_bytes path;
    bool remove;
    struct bough_entry entry;
    enum bough_edit_kind kind;
    struct bough_bytes other; /* not for plain ones */
};

/* The tree that has all edits applied to `base`, staged.  Edits are applied as if in the order
 * given.  Directories that become empty by a deletion vanish; missing ones are made.  A put below a
 * value, or of a value where a directory is, is BOUGH_CONFLICT, and nothing is changed;
 * deleting what is not there is no error.  *culprit (optional) is the index of the edit that was
 * refused.  O(edits * log n); reads and writes only nodes near the edits.  Every edit that is not
 * plain ends a batch: what came before it is written first.
 * BOUGH_CONFLICT, BOUGH_INVALID, BOUGH_TOO_BIG, BOUGH_NOT_FOUND (nothing to copy or move), and what
 * bough_tree_find and backends may answer. */
BOUGH_MUST_CHECK enum bough_err bough_tree_edit(struct bough_store *store,
                                                const struct bough_tree *base,
                                                const struct bough_edit *edits, size_t count,
                                                struct bough_arena *arena, size_t *culprit,
                                                struct bough_tree *result);

/* The same for one directory: each edit's path is a single step, taken as it is (no check but for
 * length, NUL and '/'), no two edits have equal steps, an entry replaces whatever has its step, and
 * an empty directory may be put.  For importers that bring whole directories. */
BOUGH_MUST_CHECK enum bough_err bough_tree_edit_level(struct bough_store *store,
                                                      const struct bough_tree *base,
                                                      const struct bough_edit *edits, size_t count,
                                                      struct bough_arena *arena,
                                                      struct bough_tree *result);

#endif
