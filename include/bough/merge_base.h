/* SPDX-License-Identifier: ISC
 *
 * merge_base.h - where two histories meet: common ancestors, who is ahead by how much, and whether
 * one commit descends from another.
 *
 * History is walked from the youngest commit down, by generation number, and only as far as the
 * answer needs.  Each commit is read once; what is kept in memory is those at the front of the
 * walk, at most BOUGH_MERGE_FRONT_MAX of them, not those behind it.
 */
#ifndef BOUGH_MERGE_BASE_H
#define BOUGH_MERGE_BASE_H

#include "bough/commit.h"
#include "bough/limits.h"

struct bough_merge_base {
    /* The lowest common ancestors: those that are no ancestor of another one.  The youngest come
     * first, then by name, whichever side is called ours.  Past BOUGH_MERGE_BASES_MAX they are
     * counted only. */
    struct bough_link bases[BOUGH_MERGE_BASES_MAX];
    uint32_t base_count;
    uint64_t ours_only;   /* commits that ours has and theirs has not: how far it is ahead */
    uint64_t theirs_only; /* the other way round: how far it is behind */
    /* A policy of retention has dropped commits that the walk came by.  A base may be one of them
     * (bough_commit_is_cut), and one that would be lower may be missing. */
    bool cut;
};

/* Compares what is reached from any of `ours` with what is reached from any of `theirs`, one commit
 * or several each.  No base: the histories are unrelated.  ours_only 0: theirs is a fast-forward of
 * ours; theirs_only 0: ours has all there is.  Scratch comes from `arena` and is given back.
 * BOUGH_TOO_BIG (BOUGH_MERGE_FRONT_MAX), BOUGH_NOT_FOUND (a commit that is not there),
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.  O(commits behind which not all is common). */
BOUGH_MUST_CHECK enum bough_err bough_merge_base_find(
    struct bough_store *store, const struct bough_link *ours, size_t ours_count,
    const struct bough_link *theirs, size_t theirs_count, struct bough_arena *arena,
    struct bough_merge_base *result);

/* Members are private to merge_base.c. */
struct bough_merge_base_walk {
    struct walk *state;
};

/* Begins the same walk, to be made in steps.  Memory comes from `arena` (borrowed), which must not
 * be rewound while it goes on.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err bough_merge_base_open(
    struct bough_merge_base_walk *walk, struct bough_store *store, const struct bough_link *ours,
    size_t ours_count, const struct bough_link *theirs, size_t theirs_count,
    struct bough_arena *arena);

/* A step of it.  BOUGH_OK: *result is what find would give.  BOUGH_NOT_READY when
 * BOUGH_HISTORY_STEP_MAX commits were looked at: call again, when others have had their turn (the
 * commits must stay readable meanwhile: bough_collect_pin_commit).  Errors as above: then no other
 * step may follow. */
BOUGH_MUST_CHECK enum bough_err bough_merge_base_step(struct bough_merge_base_walk *walk,
                                                      struct bough_merge_base *result);

/* Whether `ancestor` is `commit` or is reached from it; history that was dropped is not there.
 * Commits that are older than `ancestor` are not read.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err bough_merge_base_is_ancestor(struct bough_store *store,
                                                             const struct bough_link *ancestor,
                                                             const struct bough_link *commit,
                                                             struct bough_arena *arena, bool *yes);

#endif
