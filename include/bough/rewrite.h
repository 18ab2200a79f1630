/* SPDX-License-Identifier: ISC
 *
 * rewrite.h - history made on top of history: a commit's change picked or taken back, many commits
 * as one, and a branch moved onto another base.
 *
 * All of it is three-way merging (merge.h) with a base of choice, and all or nothing: a conflict,
 * at whichever commit, leaves the branch where it is.  A pick, a revert or a squash with conflicts
 * can be kept, and resolved like a merge (merge_progress.h); a rebase cannot: one that is half done
 * would have to remember the commits that are left.
 */
#ifndef BOUGH_REWRITE_H
#define BOUGH_REWRITE_H

#include "bough/merge.h"

struct bough_rewrite_request {
    struct bough_bytes branch; /* "heads/main"; must exist */
    enum bough_expect expect;  /* of its head */
    struct bough_hash expected;
    struct bough_link commit; /* what it is about; the address may be 0 */
    /* Of a commit with several parents: the one, from 1 on, that its change is seen from.  For pick
     * and revert only. */
    uint32_t mainline;
    const struct bough_tree *resolved; /* pick, revert, squash: the tree, whatever merging gives */
    bool dry_run;                      /* the branch stays where it is, whatever the outcome */
    bool keep; /* pick, revert, squash: conflicts are kept as the branch's merge in progress */
    const struct bough_merge_options *options;
    struct bough_ident committer;
    struct bough_bytes message; /* empty: pick takes the commit's, revert says what it does */
};

struct bough_rewrite_result {
    /* UP_TO_DATE: nothing to be done, and nothing was.  FAST_FORWARD: rebase moved the branch to
     * the commit.  CLEAN: done.  CONFLICTS, UNRELATED: not done. */
    enum bough_merge_outcome outcome;
    struct bough_link head; /* where the branch is now */
    struct bough_tree tree; /* of the last merge: with conflicts, what to resolve them in */
    uint64_t conflict_count;
    struct bough_link stopped_at; /* with conflicts: the commit whose change was in conflict */
    uint64_t commit_count;        /* made */
};

/* Makes the change that a commit made to its parent again on a branch, as a commit with the same
 * author and message.  BOUGH_NOT_FOUND (no such branch or commit, or its parent was dropped),
 * BOUGH_STALE (not the head that was expected), BOUGH_INVALID (a mainline that is no parent, or
 * none where there are several parents), BOUGH_EXISTS (to be kept, and the branch has a merge in
 * progress), and what bough_merge_tree and bough_commit_put answer.  The same for those below.
 * O(changes * log n). */
BOUGH_MUST_CHECK enum bough_err bough_rewrite_pick(struct bough_store *store,
                                                   const struct bough_rewrite_request *request,
                                                   struct bough_arena *arena,
                                                   struct bough_rewrite_result *result);

/* Takes back, on a branch, the change that a commit made. */
BOUGH_MUST_CHECK enum bough_err bough_rewrite_revert(struct bough_store *store,
                                                     const struct bough_rewrite_request *request,
                                                     struct bough_arena *arena,
                                                     struct bough_rewrite_result *result);

/* Merges a commit into a branch as bough_merge does, as one commit on the branch's head that does
 * not name it as a parent.  Errors also as bough_merge. */
BOUGH_MUST_CHECK enum bough_err bough_rewrite_squash(struct bough_store *store,
                                                     const struct bough_rewrite_request *request,
                                                     struct bough_arena *arena,
                                                     struct bough_rewrite_result *result);

/* Makes the changes of a branch's commits again, one after the other, on `commit`, and moves the
 * branch there; a change that is there already makes no commit.  The commits that `commit` does not
 * have must be a line: BOUGH_UNSUPPORTED if one is a merge; BOUGH_TOO_BIG past
 * BOUGH_REWRITE_COMMITS_MAX.  What the branch was is in the log of its ref.  O(all changes * log
 * n).
 */
BOUGH_MUST_CHECK enum bough_err bough_rewrite_rebase(struct bough_store *store,
                                                     const struct bough_rewrite_request *request,
                                                     struct bough_arena *arena,
                                                     struct bough_rewrite_result *result);

#endif
