/* SPDX-License-Identifier: ISC
 *
 * merge_progress.h - a merge with conflicts that is kept, resolved path by path, and completed or
 * given up; one for each branch.  So are changes picked, taken back and squashed (rewrite.h).
 *
 * It is a ref of its own, "merge/main" for the branch "heads/main", so it survives what the store
 * survives, is collected, dumped and checked like everything else, and one that was given up can be
 * brought back (bough_ref_undelete); one that was completed leaves nothing on record.  The ref
 * holds a commit, whose parents are the branch's head and the commit that it is about, whose
 * author, committer and message are those of the commit that it will become, and whose tree has
 *
 *   tree/     the merged tree so far
 *   open/     at each path still in conflict, a digit for its kind and, behind it, why
 *   settled/  the same at each path whose conflict is resolved
 *   base/     at each path that was in conflict, what the base has there, if it is known
 *   task      a digit for what it is, as in bough_merge_task; a merge has none
 *   theirs/   of a revert only: what the parent of the reverted commit has
 *
 * Each call below is one move of refs, staged: all of it or nothing.
 */
#ifndef BOUGH_MERGE_PROGRESS_H
#define BOUGH_MERGE_PROGRESS_H

#include "bough/merge.h"

/* What it becomes in the end. */
enum bough_merge_task {
    BOUGH_MERGE_TASK_MERGE, /* a commit with both parents */
    BOUGH_MERGE_TASK_PICK,  /* these: one whose parent is the branch's head */
    BOUGH_MERGE_TASK_REVERT,
    BOUGH_MERGE_TASK_SQUASH
};

#define BOUGH_MERGE_TASKS 4

struct bough_merge_progress {
    enum bough_merge_task task;
    struct bough_link state; /* what the ref holds: another one after each step */
    struct bough_link ours;
    struct bough_link theirs;
    struct bough_tree tree;
    struct bough_tree open; /* open.key_count: how many conflicts are left */
    struct bough_tree settled;
    struct bough_tree base;
    struct bough_tree ours_tree;
    struct bough_tree theirs_tree; /* what is merged in; of a revert, the parent's */
    struct bough_ident author;     /* of the commit that it will become */
    struct bough_ident committer;
    struct bough_bytes message;
};

/* As bough_merge_commit, and if there are conflicts (which request->options->conflict is told of,
 * too) the merge is kept.  request->resolved is not looked at.  BOUGH_EXISTS: the branch has a
 * merge in progress.  BOUGH_UNSUPPORTED: of several commits none is kept. */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_begin(
    struct bough_store *store, const struct bough_merge_request *request, struct bough_arena *arena,
    struct bough_merge_result *result, struct bough_link *head);

/* The merge in progress of a branch ("heads/main"); its texts live in `arena`.  BOUGH_NOT_FOUND
 * when there is none, BOUGH_INVALID (no branch's name), BOUGH_CORRUPT (the ref holds something
 * else). */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_get(struct bough_store *store,
                                                         struct bough_bytes branch,
                                                         struct bough_arena *arena,
                                                         struct bough_merge_progress *progress);

/* The first open conflict whose path is bytewise greater than `after`; all of it lives in `arena`.
 * BOUGH_NOT_FOUND at the end.  O(log n). */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_next(
    struct bough_store *store, const struct bough_merge_progress *progress,
    struct bough_bytes after, struct bough_arena *arena, struct bough_merge_conflict *conflict);

enum bough_merge_take {
    BOUGH_MERGE_TAKE_OURS, /* what that side has, which may be nothing, or a directory */
    BOUGH_MERGE_TAKE_THEIRS,
    BOUGH_MERGE_TAKE_BASE,
    BOUGH_MERGE_TAKE_ENTRY, /* a value of the caller's own */
    BOUGH_MERGE_TAKE_NOTHING
};

struct bough_merge_resolution {
    struct bough_bytes path; /* of a conflict that is open, or was */
    enum bough_merge_take take;
    struct bough_entry entry; /* mode and value; for TAKE_ENTRY only */
};

/* Resolves conflicts; where a path's is resolved already, the later resolution counts.  *culprit
 * (optional) is the index of the one that was refused.  BOUGH_NOT_FOUND (no merge in progress, or
 * no conflict of it at that path), and what bough_tree_edit answers.  O(count * log n). */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_resolve(
    struct bough_store *store, struct bough_bytes branch,
    const struct bough_merge_resolution *resolutions, size_t count, struct bough_arena *arena,
    size_t *culprit);

/* Completes it: the branch moves to the commit that it was to become, and nothing is in progress
 * any more.  What has one parent makes no commit if it comes to the tree that the branch has.
 * *head is where the branch is then.  BOUGH_NOT_FOUND (no merge in progress, or no such branch any
 * more), BOUGH_CONFLICT (some are open), BOUGH_STALE (the branch has moved since it was begun). */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_finish(struct bough_store *store,
                                                            struct bough_bytes branch,
                                                            struct bough_arena *arena,
                                                            struct bough_link *head);

/* Gives it up; the branch may be gone.  BOUGH_NOT_FOUND when there is none. */
BOUGH_MUST_CHECK enum bough_err bough_merge_progress_abort(struct bough_store *store,
                                                           struct bough_bytes branch);

#endif
