/* SPDX-License-Identifier: ISC
 *
 * ref.h - branches and tags: names that move.
 *
 * A ref's name is a path: "heads/main" is the branch main, "tags/v1" the tag v1; other first steps
 * are allowed.  All refs hang off the one root, so any number of them moves at once or not at all.
 */
#ifndef BOUGH_REF_H
#define BOUGH_REF_H

#include "bough/commit.h"

/* What a ref points at: a commit, an annotated tag, or (rarely) a value or a tree. */
struct bough_ref {
    enum bough_kind kind;
    struct bough_link link;
};

enum bough_expect {
    BOUGH_EXPECT_ANY,    /* whatever it is now */
    BOUGH_EXPECT_ABSENT, /* it must not exist */
    BOUGH_EXPECT_NAME    /* it must point at `expected` */
};

struct bough_ref_move {
    struct bough_bytes name;
    enum bough_expect expect;
    struct bough_hash expected;
    bool remove;
    struct bough_ref next; /* unless remove */
};

/* BOUGH_OK, BOUGH_INVALID or BOUGH_TOO_BIG: the rules are git's check-ref-format, for "refs/" +
 * name, with at least two steps ("heads/x"). */
BOUGH_MUST_CHECK enum bough_err bough_ref_name_check(struct bough_bytes name);

/* What `name` points at; BOUGH_NOT_FOUND.  O(log refs). */
BOUGH_MUST_CHECK enum bough_err bough_ref_get(struct bough_store *store, struct bough_bytes name,
                                              struct bough_ref *ref);

/* The first ref whose name starts with `prefix` and is bytewise greater than `after`, in bytewise
 * order; *name lives in `arena`.  BOUGH_NOT_FOUND when there is none. */
BOUGH_MUST_CHECK enum bough_err bough_ref_next(struct bough_store *store, struct bough_bytes prefix,
                                               struct bough_bytes after, struct bough_arena *arena,
                                               struct bough_bytes *name, struct bough_ref *ref);

/* Stages all moves, or none: BOUGH_STALE when an expectation is not met, BOUGH_CONFLICT when a name
 * would be both a ref and a folder of refs, BOUGH_NOT_FOUND for deleting what is not there,
 * BOUGH_INVALID for a bad name or a name given twice, BOUGH_TOO_BIG past BOUGH_MOVES_MAX.
 * *culprit (optional) is the index of the move that was refused. */
BOUGH_MUST_CHECK enum bough_err bough_ref_move(struct bough_store *store,
                                               const struct bough_ref_move *moves, size_t count,
                                               size_t *culprit);

/* The name of the default branch ("heads/main"), which need not exist yet; lives in `arena`. */
BOUGH_MUST_CHECK enum bough_err bough_ref_head(struct bough_store *store, struct bough_arena *arena,
                                               struct bough_bytes *name);

/* Makes `name`, a branch that exists, the default branch; staged. */
BOUGH_MUST_CHECK enum bough_err bough_ref_head_set(struct bough_store *store,
                                                   struct bough_bytes name);

#endif
