/* SPDX-License-Identifier: ISC
 *
 * git_view.h - the store seen by somebody who speaks git: what the parts of sync/ share.
 */
#ifndef GIT_VIEW_H
#define GIT_VIEW_H

#include "bough/limits.h"
#include "buffer.h"
#include "git_memo.h"
#include "pack_kept.h"

/* The greatest depth of directories: one path of BOUGH_PATH_STEPS_MAX steps. */
#define GIT_DEPTH_MAX BOUGH_PATH_STEPS_MAX

struct pack_last;

/* Borrowed parts; `overlay` is what a push has made and nobody else may see yet, or NULL. */
struct git_view {
    struct bough_store *store;
    struct bough_env *env;
    struct git_memo *memo;
    struct git_memo *overlay;
    struct pack_kept *kept;
    struct pack_last *last;
    bool indexed; /* all that refs reach was known at this generation of the store */
    uint64_t indexed_generation;
    struct git_index *index; /* how far that has come, in steps (git_history.c) */
};

/* The native object of an id; false when it is not known.  Knows the empty tree. */
bool git_view_find(struct git_view *view, const struct sha1 *id, struct git_native *native);

/* The id of a native object; false when it is not known. */
bool git_view_id(struct git_view *view, const struct git_native *native, struct sha1 *id);

/* Remembers a pair, in the overlay if there is one.  BOUGH_EXISTS when the id is known for other
 * contents, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_view_add(struct git_view *view, const struct sha1 *id,
                                             const struct git_native *native);

/* The id of the empty tree. */
const struct sha1 *git_view_empty_tree(void);

#endif
