/* SPDX-License-Identifier: ISC
 *
 * rev.h - revisions by the names that clients use, and what they hold.
 */
#ifndef REV_H
#define REV_H

#include "bough/ref.h"
#include "problem.h"
#include "request.h"

struct rev {
    struct bough_link commit; /* name none = a default branch without a commit yet */
    struct bough_tree tree;
    uint64_t generation;
    bool exact; /* it was named by its full hash, so what it holds never changes */
};

/* The ref's name `kind` ("heads/", "tags/") + `name`, in the request's arena.  BOUGH_INVALID,
 * BOUGH_TOO_BIG (no name for a ref), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err rev_ref_name(struct request *request, const char *kind,
                                             struct bough_bytes name, struct bough_bytes *ref);

/* The head of a branch.  The default branch is there, empty, before its first commit.
 * BOUGH_NOT_FOUND, BOUGH_INVALID, and what the store may answer. */
BOUGH_MUST_CHECK enum bough_err rev_branch(struct request *request, struct bough_bytes name,
                                           struct rev *rev);

/* A revision: full hash, branch, tag, branch of another repository ("remotes/origin/main"), or one
 * of these followed by "~n" (the nth first parent).
 * BOUGH_NOT_FOUND, BOUGH_INVALID, and what the store may answer. */
BOUGH_MUST_CHECK enum bough_err rev_find(struct request *request, struct bough_bytes text,
                                         struct rev *rev);

/* The commit that a document or parameter names as `name`.  False: the reply is made up, because
 * the text is not there (.at NULL), or names nothing, or a branch without a commit; or *err says
 * what. */
bool rev_commit(struct request *request, const char *name, struct bough_bytes text, struct rev *rev,
                enum bough_err *err);

/* Says in a problem document that the branch or revision is not there, or passes other errors on.
 */
enum bough_err rev_refuse(struct request *request, enum bough_err err, enum problem_kind kind,
                          struct bough_bytes name);

/* The page that a list of refs of a kind is asked for: the ref's name to go on behind, empty for
 * the first one, and how many.  False: the reply is made up, or *err says what. */
bool rev_page(struct request *request, const char *kind, enum problem_kind problem,
              struct bough_bytes *after, uint64_t *limit, enum bough_err *err);

/* Whether `name` is the default branch. */
BOUGH_MUST_CHECK enum bough_err rev_is_default(struct request *request, struct bough_bytes name,
                                               bool *is_default);

/* Whether `old` is `young` or one of its ancestors.  Reads only commits between the two
 * generations. */
BOUGH_MUST_CHECK enum bough_err rev_is_ancestor(struct request *request,
                                                const struct bough_link *old,
                                                const struct bough_link *young, bool *yes);

#endif
