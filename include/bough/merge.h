/* SPDX-License-Identifier: ISC
 *
 * merge.h - what two sides made of one base, in one tree; and a list of what they disagree on.
 *
 * What one side changed and the other left alone is taken; so is what both changed alike.  Values
 * that both changed are given to a policy (merge_policy.h), if their path has one, and modes are
 * merged by themselves, as git does.  All else is a conflict, which is reported, and for which the
 * result holds what ours has; so a result with conflicts is a state to resolve them in, not one to
 * keep.  Nothing is lost silently:
 *   (1) A path that one side changed and the other removed is a conflict, and no option settles it.
 *   (2) A value on one side where the other has a directory is one conflict at that path, unless
 *       all that happened to the directory is that values went.
 *   (3) Where the common ancestor is not known (several that disagree on a path, histories nested
 *       past BOUGH_MERGE_DEPTH_MAX, an ancestor that was dropped), what differs is a conflict.
 * Renames are not guessed, and empty directories do not matter.
 *
 * Directories that are equal on two of the three sides are taken by name and never read.  In a
 * directory that both changed, only nodes near the changes of the side that has fewer of them are
 * read, and its changes made to the other's directory.
 */
#ifndef BOUGH_MERGE_H
#define BOUGH_MERGE_H

#include "bough/merge_base.h"
#include "bough/merge_policy.h"
#include "bough/txn.h"

enum bough_merge_conflict_kind {
    BOUGH_MERGE_EDIT_EDIT,   /* both changed the value */
    BOUGH_MERGE_ADD_ADD,     /* both added a value, not the same */
    BOUGH_MERGE_EDIT_DELETE, /* ours changed what theirs removed */
    BOUGH_MERGE_DELETE_EDIT, /* ours removed what theirs changed */
    BOUGH_MERGE_VALUE_TREE,  /* a value in ours, a directory in theirs */
    BOUGH_MERGE_TREE_VALUE,  /* a directory in ours, a value in theirs */
    BOUGH_MERGE_MODE         /* the value is clear, its mode is not */
};

#define BOUGH_MERGE_KINDS 7

/* An entry that is not there is NULL: theirs at EDIT_DELETE, base at ADD_ADD, and base also where
 * it is not known. */
struct bough_merge_conflict {
    enum bough_merge_conflict_kind kind;
    struct bough_bytes path;
    const struct bough_entry *base;
    const struct bough_entry *ours;
    const struct bough_entry *theirs;
    const char *why;          /* static, may be NULL: why there is no value */
    struct bough_bytes draft; /* what the policy shows for editing; may be empty */
};

/* Which side settles what is a conflict of two values or modes (git's -X); not other kinds. */
enum bough_merge_favor { BOUGH_MERGE_FAVOR_NONE, BOUGH_MERGE_FAVOR_OURS, BOUGH_MERGE_FAVOR_THEIRS };

/* All zeros: no policies, nothing told. */
struct bough_merge_options {
    enum bough_merge_favor favor;
    bool unrelated; /* histories without a common ancestor are merged, from the empty tree */
    /* Paths have the policies that `.gitattributes` in the merged tree name (merge_attributes.h):
     * each of these files as the side has it that changed it, as ours has it where both did. */
    bool attributes;
    const struct bough_merge_policy *own; /* of the embedder; they come before bough's by name */
    size_t own_count;
    const struct bough_merge_policy *fallback; /* of paths that have no other; may be NULL */
    /* In place of the three above: the policy of a path, NULL for none.  May be NULL.  What it
     * answers is passed on. */
    enum bough_err (*policy)(void *context, struct bough_bytes path,
                             const struct bough_merge_policy **policy);
    void *policy_context;
    /* Told of each conflict, in the order of directories' entries; all of it is valid during the
     * call only.  An error ends the merge and is passed on.  May be NULL. */
    enum bough_err (*conflict)(void *context, const struct bough_merge_conflict *conflict);
    void *conflict_context;
    /* What policies are told of the sides but for values; bough_merge fills in time and name. */
    struct bough_merge_side ours;
    struct bough_merge_side theirs;
    uint32_t marker_len; /* 0: 7 */
};

/* Merges two trees of one store; `base` NULL: not known.  Staged.  *conflicts is how many there
 * are. Scratch comes from `arena` and is given back.  BOUGH_TOO_BIG (both changed something that is
 * deeper than paths may be), BOUGH_CORRUPT, BOUGH_IO, BOUGH_FULL, BOUGH_READ_ONLY, BOUGH_NO_MEMORY
 * (also a policy's, past BOUGH_MERGE_SCRATCH_BYTES_MAX).  O(changes of the side that has fewer, for
 * each directory that both changed, * log n). */
BOUGH_MUST_CHECK enum bough_err bough_merge_tree(
    struct bough_store *store, const struct bough_tree *base, const struct bough_tree *ours,
    const struct bough_tree *theirs, const struct bough_merge_options *options,
    struct bough_arena *arena, struct bough_tree *merged, uint64_t *conflicts);

/* ---- commits (merge.c) ---- */

enum bough_merge_outcome {
    BOUGH_MERGE_UP_TO_DATE,   /* ours has all of theirs */
    BOUGH_MERGE_FAST_FORWARD, /* theirs has all of ours, and is one commit */
    BOUGH_MERGE_CLEAN,
    BOUGH_MERGE_CONFLICTS,
    BOUGH_MERGE_UNRELATED /* no common ancestor, and it was not asked for: nothing was merged */
};

struct bough_merge_result {
    enum bough_merge_outcome outcome;
    struct bough_tree tree; /* the merged tree: ours or theirs where nothing had to be merged */
    uint64_t conflict_count;
    bool base_unknown;            /* (3) above for the whole tree */
    struct bough_merge_base base; /* of several commits: of ours and all of them */
    struct bough_link stopped_at; /* conflicts, unrelated: theirs; `base` is then of this step */
};

/* Merges two commits; nothing is committed, and no branch moves (a dry run is just this).  Several
 * bases are merged first, without favor; a path they disagree on has no known base.  Errors as
 * bough_merge_base_find and bough_merge_tree. */
BOUGH_MUST_CHECK enum bough_err bough_merge(struct bough_store *store,
                                            const struct bough_link *ours,
                                            const struct bough_link *theirs,
                                            const struct bough_merge_options *options,
                                            struct bough_arena *arena,
                                            struct bough_merge_result *result);

/* Merges `count` commits into ours, one after the other: each with what comes of those before it,
 * from the common ancestors that it has with all of them together.  The first one that cannot be
 * merged ends it, and the tree is what that merge gives.  For policies, what was merged so far is
 * of its youngest commit.  As bough_merge otherwise, which this is with a count of 1. */
BOUGH_MUST_CHECK enum bough_err bough_merge_many(struct bough_store *store,
                                                 const struct bough_link *ours,
                                                 const struct bough_link *theirs, size_t count,
                                                 const struct bough_merge_options *options,
                                                 struct bough_arena *arena,
                                                 struct bough_merge_result *result);

/* Of the commits that are to be merged into ours, leaves those that neither ours nor another of
 * them has, in their order and each once (merge_heads.c); *count is how many.  *forward: one of
 * them has all of ours, which then need not be a parent.  BOUGH_TOO_BIG past BOUGH_MERGE_HEADS_MAX,
 * and what bough_merge_base_find may answer.  O(commits younger than the oldest of them). */
BOUGH_MUST_CHECK enum bough_err bough_merge_heads(struct bough_store *store,
                                                  const struct bough_link *ours,
                                                  struct bough_link *theirs, size_t *count,
                                                  struct bough_arena *arena, bool *forward);

/* ---- into a branch (merge_commit.c) ---- */

struct bough_merge_request {
    struct bough_bytes branch; /* "heads/main"; must exist */
    enum bough_expect expect;  /* of its head */
    struct bough_hash expected;
    struct bough_link theirs; /* the address may be 0 */
    /* Commits that are merged after it, in this order and into the same commit (git's octopus). */
    const struct bough_link *more;
    size_t more_count;
    const struct bough_tree *resolved; /* if set: the merged tree, whatever a merge would give */
    bool always_commit;                /* also where a fast-forward would do */
    const struct bough_merge_options *options;
    struct bough_ident author; /* also the committer */
    struct bough_bytes message;
};

/* Merges `theirs` into a branch: it moves to theirs, or to a commit with both parents, or, with
 * conflicts, unrelated or up to date, not at all.  Of several only those count that
 * bough_merge_heads leaves; if that is more than one, they are the parents of the commit behind the
 * branch's head, which is left out where one of them has it (unless always_commit).  *head is where
 * the branch is then.  Staged, all of it or nothing.  BOUGH_NOT_FOUND (no such branch), BOUGH_STALE
 * (not the head that was expected), BOUGH_INVALID (the branch holds no commit), and what
 * bough_merge, bough_merge_heads and bough_commit_put answer. */
BOUGH_MUST_CHECK enum bough_err bough_merge_commit(struct bough_store *store,
                                                   const struct bough_merge_request *request,
                                                   struct bough_arena *arena,
                                                   struct bough_merge_result *result,
                                                   struct bough_link *head);

/* ---- writers that do not wait for each other (merge_txn.c) ---- */

/* As bough_txn_commit; but if the branch has moved on from the commit that `txn` expects, the edits
 * are made to that commit, which is what the writer saw, and the change is merged onto the head, as
 * a commit on it.  So two writers of different keys never see each other, however often they meet.
 * With conflicts nothing is changed; *merged says so (CONFLICTS), else CLEAN, or UP_TO_DATE if
 * there is no new commit.  BOUGH_STALE if the head does not descend from the expected commit, and
 * what bough_txn_commit and bough_merge_tree answer.  O(edits * log n), and all that happened
 * since. */
BOUGH_MUST_CHECK enum bough_err bough_merge_txn(struct bough_store *store,
                                                const struct bough_txn *txn,
                                                const struct bough_merge_options *options,
                                                struct bough_arena *arena,
                                                struct bough_merge_result *merged,
                                                struct bough_txn_result *written);

/* ---- conflicts kept (merge_list.c) ---- */

struct bough_merge_list {
    struct bough_arena *arena; /* borrowed; not the one that is merged with */
    size_t max;                /* how many are kept */
    struct bough_merge_conflict *conflicts;
    size_t count;
    size_t room;
};

/* For bough_merge_options.conflict, with a list (arena and max set, the rest zeros) as its context:
 * keeps a copy of the first `max` conflicts, without drafts.  The counts of results go on past it.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_merge_list_add(void *list,
                                                     const struct bough_merge_conflict *conflict);

#endif
