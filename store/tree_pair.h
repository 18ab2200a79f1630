/* SPDX-License-Identifier: ISC
 *
 * tree_pair.h - two directories side by side: the entries in which they differ.
 */
#ifndef TREE_PAIR_H
#define TREE_PAIR_H

#include "node_page.h"

/* A node, pinned, and the item that the side stands before in it. */
struct tree_pair_step {
    const struct cache_object *page;
    uint32_t at;
};

/* One of the two, from its root down to where it stands. */
struct tree_pair_side {
    struct bough_link root; /* name none = an empty directory */
    uint32_t step_count;
    bool begun; /* the root has been opened */
    struct tree_pair_step steps[NODE_LEVELS_MAX];
};

/* All zeros and `store` to begin with. */
struct tree_pair {
    struct bough_store *store;
    struct tree_pair_side sides[2];
    uint32_t warm_end[NODE_LEVELS_MAX]; /* by level: children before this one were asked for */
};

/* Which sides have an entry. */
#define TREE_PAIR_FROM 1u
#define TREE_PAIR_TO   2u
#define TREE_PAIR_BOTH (TREE_PAIR_FROM | TREE_PAIR_TO)

/* Stands before the first entries of two directories, given by their root nodes.  Nodes stay pinned
 * until release. */
void tree_pair_restart(struct tree_pair *pair, const struct bough_link *from,
                       const struct bough_link *to);

/* Lets go of what is pinned; restart may follow. */
void tree_pair_release(struct tree_pair *pair);

/* Moves a pair that was restarted before the first entries whose key is >= `key`.  BOUGH_CORRUPT,
 * BOUGH_IO, BOUGH_NO_MEMORY.  O(log n). */
BOUGH_MUST_CHECK enum bough_err tree_pair_seek(struct tree_pair *pair, struct bough_bytes key);

/* The entries at `key`, if that is what the pair stands before, and moves behind them: for a pair
 * that was sent there.  Which sides have it; 0 = neither, and nothing is moved. */
unsigned tree_pair_take(struct tree_pair *pair, struct bough_bytes key,
                        struct bough_entry entries[2]);

/* The next key that one side lacks, or whose items differ; which sides have it, in *there, with
 * their entries, valid until the next call.  BOUGH_NOT_FOUND at the end; errors as seek. */
BOUGH_MUST_CHECK enum bough_err tree_pair_next(struct tree_pair *pair, unsigned *there,
                                               struct bough_entry entries[2]);

#endif
