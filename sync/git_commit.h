/* SPDX-License-Identifier: ISC
 *
 * git_commit.h - the bytes of git's commits and tags, read and written.
 */
#ifndef GIT_COMMIT_H
#define GIT_COMMIT_H

#include "bough/commit.h"
#include "buffer.h"
#include "sha1.h"

struct git_commit {
    struct sha1 tree;
    struct bough_bytes parents; /* the "parent <id>\n" lines */
    uint32_t parent_count;
    struct bough_ident author; /* what could be made of it: empty where it is odd */
    struct bough_ident committer;
    struct bough_bytes headers; /* lines behind the committer's, each with its newline */
    struct bough_bytes message;
};

#define GIT_COMMIT_PARENT_LINE (7u + SHA1_HEX + 1u)

/* Reads a commit; everything is borrowed from `bytes`.  BOUGH_INVALID and *why (static text) when
 * it is not one that bough takes: tree, author and committer must be there, once, in order, and no
 * NUL in the header.  Odd names, dates and zones are no fault. */
BOUGH_MUST_CHECK enum bough_err git_commit_parse(struct bough_bytes bytes,
                                                 struct git_commit *commit, const char **why);

/* The id of parent `n` < parent_count. */
void git_commit_parent(const struct git_commit *commit, uint32_t n, struct sha1 *id);

/* Appends the git commit that a native commit's fields make, given the ids of tree and parents.
 * commit->verbatim is not looked at. */
BOUGH_MUST_CHECK enum bough_err git_commit_format(struct buffer *out,
                                                  const struct bough_commit *commit,
                                                  const struct sha1 *tree,
                                                  const struct sha1 *parents);

/* Appends the git tag called `name` of a commit. */
BOUGH_MUST_CHECK enum bough_err git_commit_format_tag(struct buffer *out, const struct sha1 *commit,
                                                      struct bough_bytes name,
                                                      const struct bough_ident *tagger,
                                                      struct bough_bytes message);

#endif
