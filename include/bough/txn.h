/* SPDX-License-Identifier: ISC
 *
 * txn.h - edit a branch: all edits become one commit, or nothing happens.
 */
#ifndef BOUGH_TXN_H
#define BOUGH_TXN_H

#include "bough/ref.h"

struct bough_txn {
    struct bough_bytes branch; /* a ref's name, "heads/main" */
    enum bough_expect expect;  /* of the branch's head */
    struct bough_hash expected;
    const struct bough_edit *edits;
    size_t edit_count;
    struct bough_ident author; /* also the committer */
    struct bough_bytes message;
    bool keep_empty; /* commit even if the tree does not change */
};

struct bough_txn_result {
    struct bough_link commit; /* the new head; the old one when `unchanged` */
    bool unchanged;           /* the edits changed nothing, so there is no new commit */
    size_t culprit;           /* after an error of an edit: its index; else edit_count */
};

/* Stages the commit and moves the branch.  A branch that does not exist is born only if it is the
 * default branch, else BOUGH_NOT_FOUND.  BOUGH_STALE when the head is not as expected; otherwise
 * what bough_tree_edit and bough_commit_put answer.  O(edits * log n). */
BOUGH_MUST_CHECK enum bough_err bough_txn_commit(struct bough_store *store,
                                                 const struct bough_txn *txn,
                                                 struct bough_arena *arena,
                                                 struct bough_txn_result *result);

/* An ident of now, in UTC, by the environment's clock (time 0 where there is none). */
struct bough_ident bough_txn_ident(struct bough_env *env, struct bough_bytes name,
                                   struct bough_bytes email);

#endif
