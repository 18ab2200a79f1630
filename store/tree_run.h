/* SPDX-License-Identifier: ISC
 *
 * tree_run.h - the items of one level near its changes, gathered far enough that cutting them anew
 * gives what cutting the whole level would.
 */
#ifndef TREE_RUN_H
#define TREE_RUN_H

#include "node_cut.h"
#include "tree_level.h"
#include "tree_patch.h"
#include "tree_spot.h"

/* An old node that a run has taken in. */
struct tree_run_node {
    const struct cache_object *page;
    struct node_item item; /* the parent's that leads to it; a root has none: .at is NULL */
    bool stays;            /* it is a node of the new tree, too; for tree_level.c */
};

struct tree_run {
    struct tree_run *older;  /* the run to the left */
    struct tree_run *newer;  /* the run to the right */
    struct tree_patch patch; /* if its page is set: that is all, and there are no items */
    struct node_item *items; /* changes applied */
    uint64_t *hashes;        /* node_cut_hash of each */
    size_t count;
    struct tree_run_node *nodes; /* in order */
    size_t node_count;
    size_t items_before; /* places that the arrays have before and behind what counts */
    size_t items_behind;
    size_t nodes_before;
    size_t nodes_behind;
    struct node_item *built; /* what leads to the new nodes; for tree_level.c */
    size_t built_count;
    bool at_start; /* the run begins with the level */
    bool at_end;   /* the run ends with the level */
    bool changed;
    struct tree_spot first; /* the old nodes at its ends; page NULL when there were none.  Large, */
    struct tree_spot last;  /* and mostly not touched */
};

/* Gathers the runs that `changes` (ascending, count > 0) need on rule->level; *runs is the
 * leftmost, NULL when no change has an effect.  `root` is the old tree's root node, NULL for an
 * empty level; a root below rule->level counts as none.  The runs live in the pins' arena.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.
 */
BOUGH_MUST_CHECK enum bough_err tree_run_gather(struct tree_spot_pins *pins,
                                                const struct node_cut *rule,
                                                const struct cache_object *root,
                                                const struct tree_level_change *changes,
                                                size_t count, struct tree_run **runs);

#endif
