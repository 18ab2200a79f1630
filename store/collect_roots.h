/* SPDX-License-Identifier: ISC
 *
 * collect_roots.h - what a collection starts from where policies drop history.
 */
#ifndef COLLECT_ROOTS_H
#define COLLECT_ROOTS_H

#include "name_set.h"
#include "retain.h"
#include "retention.h"

/* Names with links, each once. */
struct collect_names {
    struct name_set set; /* number = place in the list + 1 */
    struct bough_link *list;
    size_t count;
    size_t max;
};

struct collect_roots {
    struct bough_store *store;
    struct bough_arena arena; /* of the policies and of the walk */
    const struct bough_retention *policies;
    size_t policy_count; /* 0: no branch is cut, and the state is walked as it is */
    struct bough_tree_walk walk;
    bool done; /* every root has been given */
    struct retain retain;
    bool in_branch;            /* `retain` is walking one */
    struct collect_names kept; /* commits that policies keep: without their parents */
    struct collect_names cut;  /* parents that are not kept, unless something else leads to them */
};

/* Reads the policies.  Released by collect_roots_close, also after an error. */
BOUGH_MUST_CHECK enum bough_err collect_roots_open(struct collect_roots *roots,
                                                   struct bough_store *store);

/* Releases its memory. */
void collect_roots_close(struct collect_roots *roots);

/* What a ref is to a collection. */
enum collect_root {
    COLLECT_ROOT_NONE,   /* there was none; a commit may have gone into `kept` or `cut` */
    COLLECT_ROOT_REF,    /* everything that it leads to lives */
    COLLECT_ROOT_BRANCH, /* the same, and its tree is what a branch shows now */
    COLLECT_ROOT_HEAD    /* its tree is what a branch shows now; what else lives comes in `kept` */
};

/* Where there are policies: does a little of the work, looking at about one commit, and says what
 * `ref` is. */
BOUGH_MUST_CHECK enum bough_err collect_roots_next(struct collect_roots *roots,
                                                   struct bough_ref *ref, enum collect_root *root);

/* Begins anew with the refs of a state, and without policies: for what came meanwhile. */
BOUGH_MUST_CHECK enum bough_err collect_roots_again(struct collect_roots *roots,
                                                    const struct bough_tree *state);

/* Notes that a living commit names `parent`, which was dropped before. */
BOUGH_MUST_CHECK enum bough_err collect_roots_cut(struct collect_roots *roots,
                                                  const struct bough_link *parent);

/* Notes that a commit lives with all its ancestors. */
void collect_roots_lives(struct collect_roots *roots, const struct bough_hash *name);

/* The names that are cut and do not live, in `arena`; their links, for those that can be read. */
BOUGH_MUST_CHECK enum bough_err collect_roots_horizon(struct collect_roots *roots,
                                                      struct bough_arena *arena,
                                                      struct bough_hash **names,
                                                      struct bough_link **links, size_t *count);

#endif
