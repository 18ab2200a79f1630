/* SPDX-License-Identifier: ISC
 *
 * tree_pair.c - two directories side by side.
 *
 * Each side stands before an item of some level: of a leaf, an entry; of an inner node, all that is
 * below one child.
 *   (1) holds[0] is the root node; hold.at of holds[i] leads to holds[i + 1]; hold.at of the last
 *       one is the item the side stands before.
 *   (2) What lies before the two items has been compared, on both sides.
 * Two items of inner nodes of one level that name the same child can be passed over at once, since
 * names follow from contents.  Otherwise the side that stands higher goes down, both if they stand
 * equally high.  Where a node ends follows from the entries near it alone, so behind a difference
 * both sides soon come to the end of a node with the same key, rise to what comes next, and are in
 * step again, at whatever height and offset their nodes are.
 */
#include "tree_pair.h"
#include "node_page.h"

enum bough_err tree_pair_open(struct tree_pair *pair, struct bough_store *store,
                              struct bough_arena *arena)
{
    *pair = (struct tree_pair){.store = store, .arena = arena};
    for (unsigned i = 0; i < 2; i++) {
        pair->sides[i].holds = bough_arena_zeros(arena, NODE_LEVELS_MAX, sizeof(struct node_hold));
        if (pair->sides[i].holds == NULL)
            return BOUGH_NO_MEMORY;
    }
    return BOUGH_OK;
}

void tree_pair_restart(struct tree_pair *pair, const struct bough_link *from,
                       const struct bough_link *to)
{
    bool equal = bough_hash_equal(&from->name, &to->name);

    for (unsigned i = 0; i < 2; i++) {
        struct tree_pair_side *side = &pair->sides[i];

        assert(side->holds != NULL);
        side->root = i == 0 ? *from : *to;
        side->hold_count = 0;
        side->begun = equal || bough_hash_is_none(&side->root.name); /* nothing to be read */
    }
    pair->warm_end = 0;
}

static inline struct node_hold *top(const struct tree_pair_side *side)
{
    assert(side->hold_count > 0);
    return &side->holds[side->hold_count - 1];
}

/* Opens a node one level further down. */
static enum bough_err push(struct tree_pair *pair, struct tree_pair_side *side,
                           const struct bough_link *link)
{
    struct node_hold *hold = &side->holds[side->hold_count];
    uint32_t depth = side->hold_count;

    assert(depth < NODE_LEVELS_MAX);
    BOUGH_TRY(node_hold_get(pair->store, link, pair->arena, hold));
    if (depth > 0 && hold->node.level + 1 != side->holds[depth - 1].node.level)
        return object_corrupt(pair->store, link, "a node of the wrong level");
    side->hold_count++;
    return BOUGH_OK;
}

static struct bough_link child_at(const struct cache_object *node, uint32_t at)
{
    struct node_item item;

    assert(node->level > 0);
    node_item(node, at, &item);
    return node_child(&item);
}

/* Opens the child that the side stands before. */
static enum bough_err descend(struct tree_pair *pair, struct tree_pair_side *side)
{
    struct bough_link child = child_at(&top(side)->node, top(side)->at);

    return push(pair, side, &child);
}

/* Opens the root if that was not done, and rises from nodes that have ended.  Afterwards the side
 * stands before an item, or has no holds: it is at its end. */
static enum bough_err settle(struct tree_pair *pair, struct tree_pair_side *side)
{
    if (!side->begun) {
        BOUGH_TRY(push(pair, side, &side->root));
        side->begun = true;
    }
    while (side->hold_count > 0 && top(side)->at == top(side)->node.item_count) {
        side->hold_count--;
        if (side->hold_count > 0)
            top(side)->at++;
    }
    return BOUGH_OK;
}

/* Down to the first entry whose key is >= `key`, or to the end. */
static enum bough_err seek_side(struct tree_pair *pair, struct tree_pair_side *side,
                                struct bough_bytes key)
{
    BOUGH_TRY(settle(pair, side));
    while (side->hold_count > 0) {
        struct node_hold *hold = top(side);

        hold->at = node_page_search(&hold->node, key);
        if (hold->at == hold->node.item_count || hold->node.level == 0)
            return settle(pair, side);
        BOUGH_TRY(descend(pair, side));
    }
    return BOUGH_OK;
}

enum bough_err tree_pair_seek(struct tree_pair *pair, struct bough_bytes key)
{
    BOUGH_TRY(seek_side(pair, &pair->sides[0], key));
    return seek_side(pair, &pair->sides[1], key);
}

/* Whether two items, at `from_at` and `to_at` of nodes of one level, are the same. */
static bool same_at(const struct cache_object *from, uint32_t from_at,
                    const struct cache_object *to, uint32_t to_at)
{
    uint32_t from_begin = from->items[from_at].at;
    uint32_t to_begin = to->items[to_at].at;
    uint32_t len = from->items[from_at + 1].at - from_begin;

    return len == to->items[to_at + 1].at - to_begin &&
           memcmp(from->bytes.at + from_begin, to->bytes.at + to_begin, len) == 0;
}

/* Passes over items that are the same, in nodes of one level. */
static void pass_same(struct node_hold *from, struct node_hold *to)
{
    while (from->at < from->node.item_count && to->at < to->node.item_count &&
           same_at(&from->node, from->at, &to->node, to->at)) {
        from->at++;
        to->at++;
    }
}

/* Says which leaves will be looked at next, from two nodes above leaves that stand before different
 * ones: so the processor waits for some of them at once. */
static void warm_leaves(struct tree_pair *pair, const struct node_hold *from,
                        const struct node_hold *to)
{
    uint64_t addresses[CACHE_WARM_MAX];
    uint32_t count = 0;
    uint32_t i = 0;

    if (from->at < pair->warm_end)
        return;
    for (; count + 2 <= CACHE_WARM_MAX && from->at + i < from->node.item_count &&
           to->at + i < to->node.item_count;
         i++) {
        if (same_at(&from->node, from->at + i, &to->node, to->at + i))
            continue;
        addresses[count++] = from->node.addresses[from->at + i];
        addresses[count++] = to->node.addresses[to->at + i];
    }
    pair->warm_end = from->at + i;
    cache_warm(pair->store->cache, addresses, count);
}

/* Two nodes of one level that stand before different children: goes down on both sides. */
static enum bough_err descend_both(struct tree_pair *pair)
{
    struct node_hold *from = top(&pair->sides[0]);
    struct node_hold *to = top(&pair->sides[1]);

    if (from->node.level == 1)
        warm_leaves(pair, from, to);
    else
        pair->warm_end = 0;
    BOUGH_TRY(descend(pair, &pair->sides[0]));
    return descend(pair, &pair->sides[1]);
}

/* Moves both sides until they stand before entries in which they differ, or at their end. */
static enum bough_err find_difference(struct tree_pair *pair)
{
    struct tree_pair_side *from = &pair->sides[0];
    struct tree_pair_side *to = &pair->sides[1];

    for (;;) {
        BOUGH_TRY(settle(pair, from));
        BOUGH_TRY(settle(pair, to));
        uint32_t from_level = from->hold_count > 0 ? top(from)->node.level : 0;
        uint32_t to_level = to->hold_count > 0 ? top(to)->node.level : 0;

        if (from_level == to_level && from->hold_count > 0 && to->hold_count > 0) {
            uint32_t at = top(from)->at;

            pass_same(top(from), top(to));
            if (top(from)->at != at)
                continue;
        }
        if (from_level == 0 && to_level == 0)
            return BOUGH_OK;
        if (from_level == to_level) {
            BOUGH_TRY(descend_both(pair));
        } else {
            pair->warm_end = 0;
            BOUGH_TRY(descend(pair, from_level > to_level ? from : to));
        }
    }
}

/* The items the sides stand before; which sides have one. */
static unsigned items_at(const struct tree_pair *pair, struct node_item items[2])
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 2; i++) {
        const struct tree_pair_side *side = &pair->sides[i];

        if (side->hold_count == 0)
            continue;
        assert(top(side)->node.level == 0);
        node_item(&top(side)->node, top(side)->at, &items[i]);
        bits |= 1u << i;
    }
    return bits;
}

/* Moves the sides of `bits` behind their items, which become entries. */
static void take(struct tree_pair *pair, unsigned bits, const struct node_item items[2],
                 struct bough_entry entries[2])
{
    for (unsigned i = 0; i < 2; i++) {
        if ((bits & 1u << i) == 0)
            continue;
        node_entry(&items[i], &entries[i]);
        top(&pair->sides[i])->at++;
    }
}

unsigned tree_pair_take(struct tree_pair *pair, struct bough_bytes key,
                        struct bough_entry entries[2])
{
    struct node_item items[2];
    unsigned bits = items_at(pair, items);

    for (unsigned i = 0; i < 2; i++) {
        if ((bits & 1u << i) != 0 && !bough_bytes_equal(node_key(&items[i]), key))
            bits &= ~(1u << i);
    }
    take(pair, bits, items, entries);
    return bits;
}

enum bough_err tree_pair_next(struct tree_pair *pair, unsigned *there,
                              struct bough_entry entries[2])
{
    struct node_item items[2];
    unsigned bits;

    BOUGH_TRY(find_difference(pair));
    bits = items_at(pair, items);
    if (bits == 0)
        return BOUGH_NOT_FOUND;
    if (bits == TREE_PAIR_BOTH) {
        int order = bough_bytes_compare(node_key(&items[0]), node_key(&items[1]));

        bits = order < 0 ? TREE_PAIR_FROM : order > 0 ? TREE_PAIR_TO : TREE_PAIR_BOTH;
    }
    take(pair, bits, items, entries);
    *there = bits;
    return BOUGH_OK;
}
