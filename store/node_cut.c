/* SPDX-License-Identifier: ISC
 *
 * node_cut.c - where one tree node ends and the next begins.
 *
 * A boundary follows from the entries around it, never from history, so equal maps have equal roots
 * however they were built.  The distance of two items is the sum of the encoded sizes of those
 * between them, W the window.  An item is a cut iff its hash is smaller than that of every item at
 * a distance below W, on both sides, and items of at least W bytes stand on both sides.  Hence (1)
 * two cuts are at least W bytes apart, so a node has at least two items but the last of a level,
 * and every level is shorter than the one below; (2) a cut decides its window: no item within W of
 * it can be a cut, so what lies behind a cut never matters to what lies before it; (3) an edit
 * re-examines its own node and the two cuts beside it. The hash is keyed with the store's secret
 * salt.  Should a node still grow beyond OVERSIZE windows, the same rule with a second hash splits
 * it, looking at that node's items only (soft cuts); and what that leaves oversized is cut by a
 * rule that needs no luck (mark_least), at the price of small nodes.
 */
#include "node_cut.h"
#include "hash.h"

#define OVERSIZE 16u
#define ROUNDS   4u /* of coin tossing: 2^64 labels, then 128, 14, 8, 6 */

struct node_cut node_cut_rule(const struct bough_store *store, uint8_t level)
{
    const struct bough_identity *identity = &store->backend->identity;

    return (struct node_cut){
        .salt = identity->salt,
        .window_bytes = level == 0 ? identity->leaf_window_bytes : identity->inner_window_bytes,
        .level = level,
    };
}

/* The keyed hash of a key on a level; `second` picks the hash of the rule for oversized nodes. */
static uint64_t hash_key(const struct node_cut *rule, struct bough_bytes key, bool second)
{
    uint8_t text[1 + NODE_KEY_BYTES_MAX];

    assert(key.len <= NODE_KEY_BYTES_MAX);
    text[0] = (uint8_t)(rule->level | (second ? 0x80 : 0));
    memcpy(text + 1, key.at, key.len);
    return hash_keyed(rule->salt, text, 1 + key.len);
}

uint64_t node_cut_hash(const struct node_cut *rule, struct bough_bytes key)
{
    return hash_key(rule, key, false);
}

bool node_cut_holds_left(const struct node_cut *rule, uint64_t hash, const struct node_item *items,
                         const uint64_t *hashes, size_t count)
{
    size_t distance = 0;

    for (size_t i = 0; i < count; i++) {
        if (hashes[i] <= hash)
            return false;
        distance += items[i].len;
        if (distance >= rule->window_bytes)
            return true;
    }
    return false;
}

bool node_cut_wins_left(const struct node_cut *rule, const struct node_item *items,
                        const uint64_t *hashes, size_t at)
{
    size_t distance = 0;

    for (size_t i = at; i-- > 0;) {
        if (hashes[i] <= hashes[at])
            return false;
        distance += items[i].len;
        if (distance >= rule->window_bytes)
            return true;
    }
    return false;
}

/* Marks the cuts among items[first..last] by `hashes`, which are of these items. */
static void mark_range(const struct node_cut *rule, const struct node_item *items,
                       const uint64_t *hashes, size_t count, uint8_t *ends, enum node_cut_end mark)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (node_cut_holds_left(rule, hashes[i], items + i + 1, hashes + i + 1, count - i - 1) &&
            node_cut_wins_left(rule, items, hashes, i))
            ends[i] = (uint8_t)mark;
    }
}

/* The second rule, inside one oversized node.  The hashes are computed as they are needed: nodes
 * that come here are rare. */
static void mark_soft(const struct node_cut *rule, const struct node_item *items, size_t count,
                      uint8_t *ends)
{
    for (size_t i = 0; i + 1 < count; i++) {
        uint64_t own = hash_key(rule, node_key(&items[i]), true);
        size_t right = 0;
        size_t left = 0;
        size_t k = i + 1;

        while (k < count && right < rule->window_bytes &&
               hash_key(rule, node_key(&items[k]), true) > own)
            right += items[k++].len;
        k = i;
        while (k > 0 && left < rule->window_bytes &&
               hash_key(rule, node_key(&items[k - 1]), true) > own)
            left += items[--k].len;
        if (right >= rule->window_bytes && left >= rule->window_bytes)
            ends[i] = NODE_CUT_SOFT;
    }
}

/* One round of deterministic coin tossing (Cole and Vishkin 1986): of 2^b labels of which no two
 * beside each other are equal it makes 2 * b that are so again. */
static uint64_t toss(uint64_t before, uint64_t own)
{
    uint64_t differ = before ^ own;
    unsigned bit = 0;

    while (bit < 63 && (differ >> bit & 1) == 0)
        bit++;
    return 2 * bit + (own >> bit & 1);
}

/* The label of items[at], one of 0..5: it follows from the hashes of this item and the ROUNDS
 * before it, and not even who chose them can have a long row of labels without a least one. */
static uint64_t label(const struct node_cut *rule, const struct node_item *items, size_t at)
{
    uint64_t labels[ROUNDS + 1];
    size_t count = at < ROUNDS ? at + 1 : ROUNDS + 1;

    for (size_t i = 0; i < count; i++)
        labels[i] = hash_key(rule, node_key(&items[at + 1 - count + i]), true);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = count; i-- > 0;)
            labels[i] = toss(i > 0 ? labels[i - 1] : ~labels[i], labels[i]);
    }
    assert(labels[count - 1] < 6 || count <= ROUNDS);
    return labels[count - 1];
}

/* The third rule, inside a piece that the second leaves oversized, which only keys do that were
 * chosen by who knows the salt: a label less than those beside it ends a node. */
static void mark_least(const struct node_cut *rule, const struct node_item *items, size_t count,
                       uint8_t *ends)
{
    for (size_t i = 1; i + 2 < count; i++) {
        uint64_t own = label(rule, items, i);

        if (label(rule, items, i - 1) > own && label(rule, items, i + 1) > own)
            ends[i] = NODE_CUT_SOFT;
    }
}

/* The pieces of an oversized node that the second rule leaves oversized. */
static void mark_pieces(const struct node_cut *rule, const struct node_item *items, size_t count,
                        uint8_t *ends)
{
    size_t first = 0;
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += items[i].len;
        if (ends[i] == NODE_CUT_NONE)
            continue;
        if (size > (size_t)OVERSIZE * rule->window_bytes)
            mark_least(rule, items + first, i + 1 - first, ends + first);
        first = i + 1;
        size = 0;
    }
}

void node_cut_mark(const struct node_cut *rule, const struct node_item *items,
                   const uint64_t *hashes, size_t count, uint8_t *ends)
{
    size_t first = 0;
    size_t size = 0;

    assert(count > 0);
    memset(ends, NODE_CUT_NONE, count);
    mark_range(rule, items, hashes, count, ends, NODE_CUT_HARD);
    ends[count - 1] = NODE_CUT_HARD;
    for (size_t i = 0; i < count; i++) {
        size += items[i].len;
        if (ends[i] != NODE_CUT_HARD)
            continue;
        if (size > (size_t)OVERSIZE * rule->window_bytes) {
            mark_soft(rule, items + first, i + 1 - first, ends + first);
            mark_pieces(rule, items + first, i + 1 - first, ends + first);
        }
        first = i + 1;
        size = 0;
    }
}
