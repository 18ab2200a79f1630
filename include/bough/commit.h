/* SPDX-License-Identifier: ISC
 *
 * commit.h - commits and annotated tags.
 */
#ifndef BOUGH_COMMIT_H
#define BOUGH_COMMIT_H

#include "bough/tree.h"

/* Who, and when: seconds since 1970 UTC, and the zone they wrote in, minutes east of UTC. */
struct bough_ident {
    struct bough_bytes name;  /* without '<', '>', newline, NUL */
    struct bough_bytes email; /* the same */
    int64_t time_s;
    int32_t zone_minutes;
};

struct bough_commit {
    struct bough_tree tree;
    const struct bough_link *parents;
    uint32_t parent_count;
    uint64_t generation; /* 1 + the parents' greatest; 1 for a root commit.  Set by put */
    struct bough_ident author;
    struct bough_ident committer;
    struct bough_bytes message;
    struct bough_bytes headers;  /* further git header lines, verbatim, each with its newline */
    struct bough_bytes verbatim; /* the git commit's own bytes, where the above would not give them
                                    back; else empty */
};

/* The commit that `link` names; everything in it lives in `arena`.  BOUGH_NOT_FOUND (address not
 * known), BOUGH_CORRUPT (also when it is no commit), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_commit_get(struct bough_store *store,
                                                 const struct bough_link *link,
                                                 struct bough_arena *arena,
                                                 struct bough_commit *commit);

/* Whether a parent was dropped by a policy (retention.h): history ends there. */
static inline bool bough_commit_is_cut(const struct bough_link *parent)
{
    return parent->address == 0;
}

/* Stages a commit; sets commit->generation.  The parents are read.  BOUGH_TOO_BIG past a limit,
 * BOUGH_INVALID (an ident with forbidden bytes). */
BOUGH_MUST_CHECK enum bough_err bough_commit_put(struct bough_store *store,
                                                 struct bough_commit *commit,
                                                 struct bough_arena *arena,
                                                 struct bough_link *link);

/* ---- annotated tags (tag.c) ---- */

struct bough_tag {
    enum bough_kind target_kind; /* BOUGH_KIND_NODE for a tree */
    struct bough_link target;    /* a value's link is never none: short values are put as objects */
    struct bough_tree tree;      /* the target, when it is a tree */
    uint64_t size_bytes;         /* the target's size, when it is a value */
    struct bough_bytes verbatim; /* the git tag's own bytes */
};

/* The tag that `link` names; lives in `arena`.  Errors as bough_commit_get. */
BOUGH_MUST_CHECK enum bough_err bough_tag_get(struct bough_store *store,
                                              const struct bough_link *link,
                                              struct bough_arena *arena, struct bough_tag *tag);

/* Stages a tag. */
BOUGH_MUST_CHECK enum bough_err bough_tag_put(struct bough_store *store,
                                              const struct bough_tag *tag,
                                              struct bough_arena *arena, struct bough_link *link);

#endif
