/* SPDX-License-Identifier: ISC
 *
 * node_cut.h - where one node of a tree ends and the next begins.
 */
#ifndef NODE_CUT_H
#define NODE_CUT_H

#include "node.h"

/* How the store at hand cuts the nodes of one level. */
struct node_cut {
    const uint8_t *salt; /* 16 bytes */
    uint32_t window_bytes;
    uint8_t level;
};

/* The rule for `level` of `store`'s trees; borrowed from the store. */
struct node_cut node_cut_rule(const struct bough_store *store, uint8_t level);

/* The keyed hash that decides whether the item with this key ends a node. */
uint64_t node_cut_hash(const struct node_cut *rule, struct bough_bytes key);

/* Whether an item before items[0], with this hash, is still a cut, as far as the items to its right
 * decide that.  False also when fewer than a window of bytes stand there. */
bool node_cut_holds_left(const struct node_cut *rule, uint64_t hash, const struct node_item *items,
                         const uint64_t *hashes, size_t count);

/* Whether items[at] is a cut, as far as the items to its left, down to items[0], decide that. */
bool node_cut_wins_left(const struct node_cut *rule, const struct node_item *items,
                        const uint64_t *hashes, size_t at);

/* Marks in ends[0..count-1] after which items a node ends: NODE_CUT_HARD by the rule itself,
 * NODE_CUT_SOFT by the second rule inside an oversized node.  The last item gets NODE_CUT_HARD.
 * Items must reach from a hard cut (or the level's start) to a hard cut (or its end). */
enum node_cut_end { NODE_CUT_NONE, NODE_CUT_SOFT, NODE_CUT_HARD };
/* See above.  `hashes` are node_cut_hash of the items.  O(count) expected. */
void node_cut_mark(const struct node_cut *rule, const struct node_item *items,
                   const uint64_t *hashes, size_t count, uint8_t *ends);

#endif
