/* SPDX-License-Identifier: ISC
 *
 * front.h - the commits at the front of a walk through history: the youngest comes out first, each
 * once, when all that lead to it have come out.
 */
#ifndef FRONT_H
#define FRONT_H

#include "bough/commit.h"

#define FRONT_PARENTS 2u /* that fit into the commit itself */

struct front_commit {
    struct front_commit *next; /* of its bucket, or of those to be used again */
    struct bough_link link;
    uint64_t generation; /* 0 = it was dropped: nothing is known of it */
    unsigned flags;      /* the walker's */
    uint64_t *set;       /* the same */
    struct bough_tree tree;
    uint32_t parent_count;
    const struct bough_link *parents; /* `few` or `many` */
    struct bough_link few[FRONT_PARENTS];
    struct bough_link *many; /* stays with the struct, whichever commit it holds */
    uint32_t many_max;       /* a power of two, or 0 */
};

struct front {
    struct bough_store *store;
    struct bough_arena *arena;
    struct front_commit **heap; /* the youngest first */
    struct front_commit **buckets;
    struct front_commit *taken; /* last, and not used again yet */
    struct front_commit *spare;
    size_t count;
    size_t max; /* places of the heap, and buckets: a power of two */
};

/* An empty front, whose memory comes from `arena` until that is rewound. */
void front_init(struct front *front, struct bough_store *store, struct bough_arena *arena);

/* The commit that `link` names, at the front: it comes there, read and without flags, if it is not
 * there.  Its generation must be below `below`, that of the commit it is a parent of (UINT64_MAX:
 * the walk begins with it); a parent that was dropped has none.  BOUGH_TOO_BIG past
 * BOUGH_MERGE_FRONT_MAX, BOUGH_CORRUPT (a generation that cannot be), and what bough_commit_get may
 * answer.  O(log n). */
BOUGH_MUST_CHECK enum bough_err front_add(struct front *front, const struct bough_link *link,
                                          uint64_t below, struct front_commit **commit);

/* Takes the youngest commit out, by name among those of one generation; valid until the next take.
 * NULL when there is none. */
struct front_commit *front_take(struct front *front);

#endif
