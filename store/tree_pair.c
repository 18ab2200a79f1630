/* SPDX-License-Identifier: ISC
 *
 * tree_pair.c - two directories side by side.
 *
 * Each side stands before an item of some level: of a leaf, an entry; of an inner node, all that is
 * below one child.
 *   (1) steps[0] is the root node; steps[i].at leads to steps[i + 1]; that of the last one is the
 *       item the side stands before.  All pages of steps[0..step_count) are pinned, once each.
 *   (2) What lies before the two items has been compared, on both sides.
 * Two items of inner nodes of one level that name the same child can be passed over at once, since
 * names follow from contents.  Otherwise the side that stands higher goes down, both if they stand
 * equally high.  Where a node ends follows from the entries near it alone, so behind a difference
 * both sides soon come to the end of a node with the same key, rise to what comes next, and are in
 * step again, at whatever height and offset their nodes are.
 */
#include "tree_pair.h"

/* Lets go of the lowest node. */
static void pop(struct tree_pair *pair, struct tree_pair_side *side)
{
    assert(side->step_count > 0);
    node_page_unpin(pair->store, side->steps[--side->step_count].page);
}

void tree_pair_release(struct tree_pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        while (pair->sides[i].step_count > 0)
            pop(pair, &pair->sides[i]);
    }
}

void tree_pair_restart(struct tree_pair *pair, const struct bough_link *from,
                       const struct bough_link *to)
{
    bool equal = bough_hash_equal(&from->name, &to->name);

    tree_pair_release(pair);
    for (unsigned i = 0; i < 2; i++) {
        struct tree_pair_side *side = &pair->sides[i];

        side->root = i == 0 ? *from : *to;
        side->begun = equal || bough_hash_is_none(&side->root.name); /* nothing to be read */
    }
}

static inline struct tree_pair_step *top(struct tree_pair_side *side)
{
    assert(side->step_count > 0);
    return &side->steps[side->step_count - 1];
}

/* Opens a node one level further down. */
static enum bough_err push(struct tree_pair *pair, struct tree_pair_side *side,
                           const struct bough_link *link)
{
    const struct cache_object *page;
    uint32_t depth = side->step_count;

    assert(depth < NODE_LEVELS_MAX);
    BOUGH_TRY(node_page_pin(pair->store, link, &page));
    if (depth > 0 && page->level + 1 != side->steps[depth - 1].page->level) {
        node_page_unpin(pair->store, page);
        return object_corrupt(pair->store, link, "a node of the wrong level");
    }
    side->steps[side->step_count++] = (struct tree_pair_step){.page = page};
    if (side == &pair->sides[0])
        pair->warm_end[page->level] = 0;
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
    struct bough_link child = child_at(top(side)->page, top(side)->at);

    return push(pair, side, &child);
}

/* Opens the root if that was not done, and rises from nodes that have ended.  Afterwards the side
 * stands before an item, or has no steps: it is at its end. */
static enum bough_err settle(struct tree_pair *pair, struct tree_pair_side *side)
{
    if (!side->begun) {
        BOUGH_TRY(push(pair, side, &side->root));
        side->begun = true;
    }
    while (side->step_count > 0 && top(side)->at == top(side)->page->item_count) {
        pop(pair, side);
        if (side->step_count > 0)
            top(side)->at++;
    }
    return BOUGH_OK;
}

/* Down to the first entry whose key is >= `key`, or to the end. */
static enum bough_err seek_side(struct tree_pair *pair, struct tree_pair_side *side,
                                struct bough_bytes key)
{
    BOUGH_TRY(settle(pair, side));
    while (side->step_count > 0) {
        struct tree_pair_step *step = top(side);

        step->at = node_page_search(step->page, key);
        if (step->at == step->page->item_count || step->page->level == 0)
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

/* Whether two inner items name the same child.  The name is last in an item. */
static inline bool same_child(const struct cache_object *from, uint32_t from_at,
                              const struct cache_object *to, uint32_t to_at)
{
    return memcmp(from->bytes.at + from->items[from_at + 1].at - BOUGH_HASH_BYTES,
                  to->bytes.at + to->items[to_at + 1].at - BOUGH_HASH_BYTES, BOUGH_HASH_BYTES) == 0;
}

/* Whether two leaf items are the same. */
static inline bool same_entry(const struct cache_object *from, uint32_t from_at,
                              const struct cache_object *to, uint32_t to_at)
{
    uint32_t from_begin = from->items[from_at].at;
    uint32_t to_begin = to->items[to_at].at;
    uint32_t len = from->items[from_at + 1].at - from_begin;

    return len == to->items[to_at + 1].at - to_begin &&
           memcmp(from->bytes.at + from_begin, to->bytes.at + to_begin, len) == 0;
}

/* Passes over items that are the same, in nodes of one level. */
static void pass_same(struct tree_pair_step *from, struct tree_pair_step *to)
{
    bool inner = from->page->level > 0;

    while (from->at < from->page->item_count && to->at < to->page->item_count &&
           (inner ? same_child(from->page, from->at, to->page, to->at)
                  : same_entry(from->page, from->at, to->page, to->at))) {
        from->at++;
        to->at++;
    }
}

/* Says which children will be looked at next, from two nodes of one level that stand before
 * different ones: so the processor waits for some of them at once. */
static void warm_children(struct tree_pair *pair, const struct tree_pair_step *from,
                          const struct tree_pair_step *to)
{
    uint32_t *end = &pair->warm_end[from->page->level];
    uint64_t addresses[CACHE_WARM_MAX];
    uint32_t count = 0;
    uint32_t i = 0;

    if (from->at < *end)
        return;
    for (; count + 2 <= CACHE_WARM_MAX && from->at + i < from->page->item_count &&
           to->at + i < to->page->item_count;
         i++) {
        if (same_child(from->page, from->at + i, to->page, to->at + i))
            continue;
        addresses[count++] = from->page->addresses[from->at + i];
        addresses[count++] = to->page->addresses[to->at + i];
    }
    *end = from->at + i;
    cache_warm(pair->store->cache, addresses, count);
}

/* Two nodes of one level that stand before different children: goes down on both sides. */
static enum bough_err descend_both(struct tree_pair *pair)
{
    struct tree_pair_step *from = top(&pair->sides[0]);
    struct tree_pair_step *to = top(&pair->sides[1]);

    warm_children(pair, from, to);
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
        uint32_t from_level = from->step_count > 0 ? top(from)->page->level : 0;
        uint32_t to_level = to->step_count > 0 ? top(to)->page->level : 0;

        if (from_level == to_level && from->step_count > 0 && to->step_count > 0) {
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
            BOUGH_TRY(descend(pair, from_level > to_level ? from : to));
        }
    }
}

/* The items the sides stand before; which sides have one. */
static unsigned items_at(struct tree_pair *pair, struct node_item items[2])
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct tree_pair_side *side = &pair->sides[i];

        if (side->step_count == 0)
            continue;
        assert(top(side)->page->level == 0);
        node_item(top(side)->page, top(side)->at, &items[i]);
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
