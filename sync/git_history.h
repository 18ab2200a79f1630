/* SPDX-License-Identifier: ISC
 *
 * git_history.h - commits, tags and refs as git sees them.
 */
#ifndef GIT_HISTORY_H
#define GIT_HISTORY_H

#include "bough/ref.h"
#include "git_project.h"

/* The id of a commit; all commits behind it become known too.  Iterative: the depth of a history is
 * not bounded by the stack.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_history_commit(struct git_view *view,
                                                   const struct bough_link *link, struct sha1 *id);

/* Appends the git object of a commit; its parents become known. */
BOUGH_MUST_CHECK enum bough_err git_history_commit_bytes(struct git_view *view,
                                                         const struct bough_link *link,
                                                         struct buffer *out);

/* The id of a tag; the history of what it points at becomes known too. */
BOUGH_MUST_CHECK enum bough_err git_history_tag(struct git_view *view,
                                                const struct bough_link *link, struct sha1 *id);

/* What a tag points at. */
BOUGH_MUST_CHECK enum bough_err git_history_tag_target(struct git_view *view,
                                                       const struct bough_link *link,
                                                       struct git_native *target);

/* Appends the git object of any native object to `out`.  A short value must have come with its
 * bytes; it is not found from `native`: BOUGH_NOT_FOUND. */
BOUGH_MUST_CHECK enum bough_err git_history_bytes(struct git_view *view,
                                                  const struct git_native *native,
                                                  struct buffer *out);

/* A ref as git sees it. */
struct git_ref {
    struct bough_bytes name; /* "refs/heads/main" */
    struct git_native native;
    struct sha1 id;
    struct sha1 peeled;       /* of a tag: what it stands for in the end */
    struct git_native target; /* the same, native; kind GIT_NONE if it is not a tag's */
};

/* The first ref behind `after` (a whole git name, or empty) whose git name starts with `prefix`, in
 * bytewise order; the name lives in `arena`.  Refs that git could not hold, and merges in
 * progress, are passed over.  BOUGH_NOT_FOUND at the end. */
BOUGH_MUST_CHECK enum bough_err git_history_ref_next(struct git_view *view,
                                                     struct bough_bytes prefix,
                                                     struct bough_bytes after,
                                                     struct bough_arena *arena,
                                                     struct git_ref *ref);

/* Makes everything behind all refs known, so that whether an id is known says whether it is in the
 * store.  O(refs) when nothing is new, nothing at all when the store did not change. */
BOUGH_MUST_CHECK enum bough_err git_history_index(struct git_view *view);

/* The same in steps of about `commits` commits: BOUGH_NOT_READY until all is known that refs led to
 * when the first of the steps was made, by whomever.  What is left then for git_history_index is
 * what came meanwhile. */
BOUGH_MUST_CHECK enum bough_err git_history_index_step(struct git_view *view, uint32_t commits);

/* Where the steps begin.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_history_index_open(struct git_view *view);

/* Forgets how far they have come: what was met may be gone from the store. */
void git_history_index_erase(struct git_view *view);

/* Gives everything back; also where nothing was opened. */
void git_history_index_close(struct git_view *view);

/* Fills in what `native` (a ref's commit or tag) is for git: id, peeled, target. */
BOUGH_MUST_CHECK enum bough_err git_history_ref_fill(struct git_view *view, struct git_ref *ref);

#endif
