/* SPDX-License-Identifier: ISC
 *
 * merge_branch.h - the branch that a merge or a rewrite is for: its head before, and its move.
 */
#ifndef MERGE_BRANCH_H
#define MERGE_BRANCH_H

#include "bough/ref.h"

/* The head of a branch, if it is as expected.  BOUGH_NOT_FOUND, BOUGH_STALE, BOUGH_INVALID (not a
 * commit). */
BOUGH_MUST_CHECK enum bough_err merge_branch_head(struct bough_store *store,
                                                  struct bough_bytes branch,
                                                  enum bough_expect expect,
                                                  const struct bough_hash *expected,
                                                  struct bough_link *head);

/* Moves a branch from `head` to `next`: the moment of it all.  `why` NULL: next descends from head;
 * else it may not, and that is the reason in the ref's log.  Errors as bough_ref_move. */
BOUGH_MUST_CHECK enum bough_err merge_branch_move(struct bough_store *store,
                                                  struct bough_bytes branch,
                                                  const struct bough_link *head,
                                                  const struct bough_link *next,
                                                  const struct bough_ident *who, const char *why);

/* The link with its address: found by name if it has none.  BOUGH_NOT_FOUND. */
BOUGH_MUST_CHECK enum bough_err merge_branch_find(struct bough_store *store,
                                                  const struct bough_link *named,
                                                  struct bough_link *link);

#endif
