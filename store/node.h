/* SPDX-License-Identifier: ISC
 *
 * node.h - the bytes of one node of a directory's tree (docs/format.md).
 *
 *   node  := level:u8 item...            level 0 = leaf; items in strictly ascending key order
 *   leaf  := key:bytes form:u8 mode:varint payload
 *            form 0: data:bytes                         a short value
 *            form 1: size:varint name:hash              a longer value
 *            form 2: keys:varint root:hash              a directory (root zero = empty)
 *            form 3: keys:varint root:hash verbatim:hash
 *            form 4: kind:u8 name:hash                  a ref, in the state tree
 *   inner := key:bytes flags:u8 keys:varint child:hash  key = the child's last; flags 1 = soft end
 *
 * A key is a step, with '/' appended if it is a directory's, so that bytewise order is git's order.
 * Every hash has an address beside the node, in the order they stand here; that of a zero hash is
 * 0.
 */
#ifndef NODE_H
#define NODE_H

#include "bough/limits.h"
#include "object.h"

#define NODE_LEVELS_MAX    24u /* far above what 2^64 entries need; bounds recursion on bad bytes */
#define NODE_KEY_BYTES_MAX (BOUGH_STEP_BYTES_MAX + 1u)

enum node_form { NODE_DATA, NODE_VALUE, NODE_TREE, NODE_TREE_VERBATIM, NODE_LINK };

/* One item, borrowed from a pinned node or from an arena. */
struct node_item {
    const uint8_t *at; /* the encoded item */
    uint32_t len;
    uint16_t key_at; /* where the key begins in it */
    uint16_t key_len;
    const uint64_t *addresses;
    uint32_t address_count;
};

/* The item's key. */
static inline struct bough_bytes node_key(const struct node_item *item)
{
    return (struct bough_bytes){.at = item->at + item->key_at, .len = item->key_len};
}

/* Whether two items are the same, addresses aside. */
static inline bool node_same(const struct node_item *a, const struct node_item *b)
{
    return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

/* Checks a node's grammar and lays its items out in `arena`: *items has *count + 1 places.
 * BOUGH_CORRUPT (logged), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_layout(struct bough_store *store,
                                            const struct bough_link *link,
                                            const struct bough_object *object,
                                            struct bough_arena *arena, struct cache_item **items,
                                            uint32_t *count);

/* The key of an item that was laid out.  Its length is a varint of one or two bytes. */
static inline struct bough_bytes node_item_key(const uint8_t *item)
{
    bool wide = item[0] >= 0x80;

    return (struct bough_bytes){.at = item + (wide ? 2 : 1),
                                .len = wide ? (size_t)((item[0] & 0x7f) | item[1] << 7) : item[0]};
}

/* The key of item `at` of a node that was laid out. */
static inline struct bough_bytes node_key_at(const struct cache_object *node, uint32_t at)
{
    assert(at < node->item_count);
    return node_item_key(node->bytes.at + node->items[at].at);
}

/* The head of a key that begins with `common` bytes that do not count; zeros stand for what it does
 * not have. */
static inline uint64_t node_head(struct bough_bytes key, size_t common)
{
    uint64_t head = 0;
    size_t len = key.len - common;
    const uint8_t *at;

    if (len == 0)
        return 0;
    at = key.at + common;
    if (len >= 8)
        return (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40 |
               (uint64_t)at[3] << 32 | (uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 |
               (uint64_t)at[6] << 8 | (uint64_t)at[7];
    for (size_t i = 0; i < len; i++)
        head |= (uint64_t)at[i] << (56 - 8 * i);
    return head;
}

/* Fills in the heads of a node's items, whose places are there already: the eight bytes of a key,
 * big-endian, behind those that all keys of the node begin with.  How many those are is the head of
 * the end, items[count]. */
void node_heads(const uint8_t *bytes, struct cache_item *items, uint32_t count);

/* Item `at` of a node that was laid out. */
static inline void node_item(const struct cache_object *node, uint32_t at, struct node_item *item)
{
    const struct cache_item *place = &node->items[at];
    struct bough_bytes key = node_key_at(node, at);
    const uint8_t *bytes = node->bytes.at + place->at;

    *item = (struct node_item){
        .at = bytes,
        .len = place[1].at - place->at,
        .key_at = (uint16_t)(key.at - bytes),
        .key_len = (uint16_t)key.len,
        .addresses = node->addresses + place->address_at,
        .address_count = place[1].address_at - place->address_at,
    };
}

/* The values at or below an item of a node of `level`. */
uint64_t node_key_count(const struct node_item *item, uint8_t level);

/* Whether the child of an inner item ends at a soft cut (node_cut.h). */
bool node_is_soft(const struct node_item *item);

/* The child of an inner item. */
struct bough_link node_child(const struct node_item *item);

/* What a leaf item says; step and data are borrowed from the item. */
void node_entry(const struct node_item *item, struct bough_entry *entry);

/* A leaf item for an entry whose step is `step`, encoded in `arena`.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_leaf_item(const struct bough_entry *entry,
                                               struct bough_bytes step, struct bough_arena *arena,
                                               struct node_item *item);

/* An inner item for a child, encoded in `arena`.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_inner_item(struct bough_bytes last_key,
                                                const struct bough_link *child, uint64_t key_count,
                                                bool soft, struct bough_arena *arena,
                                                struct node_item *item);

#endif
