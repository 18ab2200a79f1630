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
 * Every non-zero hash has an address beside the node, in the order they stand here; a zero hash has
 * the address 0.
 */
#ifndef NODE_H
#define NODE_H

#include "bough/limits.h"
#include "object.h"

#define NODE_LEVELS_MAX    24u /* far above what 2^64 entries need; bounds recursion on bad bytes */
#define NODE_KEY_BYTES_MAX (BOUGH_STEP_BYTES_MAX + 1u)

enum node_form { NODE_DATA, NODE_VALUE, NODE_TREE, NODE_TREE_VERBATIM, NODE_LINK };

/* One item, borrowed from the node it came from or from an arena. */
struct node_item {
    struct bough_bytes key;
    struct bough_bytes encoded; /* the whole item, key included */
    struct bough_bytes payload; /* what follows the key */
    uint64_t key_count;         /* values at or below */
    uint64_t addresses[2];
    uint8_t address_count;
    bool soft; /* inner: the child ends at a soft cut (node_cut.h) */
};

struct node {
    struct bough_link link;
    struct bough_bytes bytes;
    const uint64_t *addresses;
    uint32_t address_count;
    uint8_t level;
};

/* Where a reader stands in a node. */
struct node_reader {
    size_t offset;
    uint32_t address_at;
};

/* Reads the node that `link` names into `arena`.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err node_get(struct bough_store *store, const struct bough_link *link,
                                         struct bough_arena *arena, struct node *node);

/* A reader before the first item. */
struct node_reader node_start(void);

/* The next item; BOUGH_NOT_FOUND at the end, BOUGH_CORRUPT when the bytes break the grammar. */
BOUGH_MUST_CHECK enum bough_err node_next(struct bough_store *store, const struct node *node,
                                          struct node_reader *reader, struct node_item *item);

/* The first item whose key is >= `key`; the reader then stands behind it.  BOUGH_NOT_FOUND when all
 * keys are smaller. */
BOUGH_MUST_CHECK enum bough_err node_seek(struct bough_store *store, const struct node *node,
                                          struct bough_bytes key, struct node_reader *reader,
                                          struct node_item *item);

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

/* Encodes and stages the node of `count` > 0 items.  `arena` is for scratch. */
BOUGH_MUST_CHECK enum bough_err node_put(struct bough_store *store, uint8_t level,
                                         const struct node_item *items, size_t count,
                                         struct bough_arena *arena, struct bough_link *link);

#endif
