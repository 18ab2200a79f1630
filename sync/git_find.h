/* SPDX-License-Identifier: ISC
 *
 * git_find.h - objects by id that the memo does not place: looked for in histories.
 */
#ifndef GIT_FIND_H
#define GIT_FIND_H

#include "git_history.h"
#include "name_set.h"

/* One object that is looked for. */
struct git_find {
    struct sha1 id;
    bool found;
    struct git_native native;
    struct bough_value value; /* of a blob; short data lives in the caller's arena */
    struct bough_tree tree;   /* of a short value: where it stands, and under which step, which */
    struct bough_bytes step;  /* lives in the caller's arena, too */
};

/* Looks for `count` objects (sorted by id, no doubles) first where the memo says, then in the trees
 * of the commits `first` and of all refs, then behind them, where only what differs is looked at:
 * GIT_FIND_LOOKS_MAX values in all.  Not finding some is no error.  Reads as little as finds
 * them: the newest trees hold nearly always what a push leaves out. */
BOUGH_MUST_CHECK enum bough_err git_find(struct git_view *view, const struct bough_link *first,
                                         size_t first_count, struct git_find *sought, size_t count,
                                         struct bough_arena *arena);

/* The one with this id, or NULL. */
struct git_find *git_find_id(struct git_find *sought, size_t count, const struct sha1 *id);

/* qsort's order for `sought`. */
int git_find_order(const void *a, const void *b);

#define GIT_FIND_LOOKS_MAX (1u << 21)

#endif
