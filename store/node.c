/* SPDX-License-Identifier: ISC
 *
 * node.c - the bytes of one node: checked and laid out once, then read by item.
 *
 * A node's bytes have been checked against their hash before they come here, so broken grammar
 * means that somebody wrote it so; it is refused all the same (BOUGH_CORRUPT) when the node is laid
 * out. Behind that, items are trusted: every accessor reads what node_layout has seen.
 */
#include "node.h"
#include "decode.h"
#include "encode.h"

/* The part of a leaf item behind its key that is not data: form, mode, sizes, two hashes. */
#define ITEM_FIXED_BYTES_MAX (1u + 10u + 10u + 2u * BOUGH_HASH_BYTES)

/* Fewest bytes of an item: a key of one byte, form or flags, two numbers. */
#define ITEM_BYTES_MIN 5u

/* The hashes of a leaf item's payload; a fault sets in->bad. */
static uint32_t skip_leaf_payload(struct decode *in, struct bough_bytes key)
{
    uint8_t form = decode_u8(in);
    bool is_tree = form == NODE_TREE || form == NODE_TREE_VERBATIM;
    bool ends_as_tree = key.len > 0 && key.at[key.len - 1] == '/';

    in->bad = in->bad || decode_varint(in) > UINT32_MAX || is_tree != ends_as_tree;
    switch (form) {
    case NODE_DATA:
        (void)decode_bytes(in);
        return 0;
    case NODE_VALUE:
    case NODE_TREE:
        (void)decode_varint(in);
        (void)decode_hash(in);
        return 1;
    case NODE_TREE_VERBATIM:
        (void)decode_varint(in);
        (void)decode_hash(in);
        (void)decode_hash(in);
        return 2;
    case NODE_LINK:
        (void)decode_u8(in);
        (void)decode_hash(in);
        return 1;
    default:
        in->bad = true;
        return 0;
    }
}

/* The same for an inner item. */
static uint32_t skip_inner_payload(struct decode *in)
{
    in->bad = in->bad || decode_u8(in) > 1;
    (void)decode_varint(in);
    (void)decode_hash(in);
    return 1;
}

enum bough_err node_layout(struct bough_store *store, const struct bough_link *link,
                           const struct bough_object *object, struct bough_arena *arena,
                           struct cache_item **items, uint32_t *count)
{
    struct decode in = decode_from(object->bytes);
    uint8_t level = decode_u8(&in);
    size_t max = object->bytes.len / ITEM_BYTES_MIN + 1;
    struct bough_bytes before = {0};
    uint32_t address_at = 0;

    *count = 0;
    *items = bough_arena_take(arena, max * sizeof(**items));
    if (*items == NULL)
        return BOUGH_NO_MEMORY;
    if (in.bad || in.left == 0 || level >= NODE_LEVELS_MAX || object->bytes.len > UINT32_MAX)
        return object_corrupt(store, link, "bad node header");
    while (in.left > 0 && !in.bad) {
        struct cache_item item = {.at = (uint32_t)(in.at - object->bytes.at),
                                  .address_at = address_at};
        struct bough_bytes key = decode_bytes(&in);

        address_at += level == 0 ? skip_leaf_payload(&in, key) : skip_inner_payload(&in);
        in.bad = in.bad || key.len == 0 || key.len > NODE_KEY_BYTES_MAX ||
                 (*count > 0 && bough_bytes_compare(before, key) >= 0);
        before = key;
        if (!in.bad)
            (*items)[(*count)++] = item;
    }
    if (in.bad || address_at != object->address_count)
        return object_corrupt(store, link, "bad node item");
    assert(*count < max);
    (*items)[*count] =
        (struct cache_item){.at = (uint32_t)object->bytes.len, .address_at = address_at};
    return BOUGH_OK;
}

void node_item(const struct cache_object *node, uint32_t at, struct node_item *item)
{
    const struct cache_item *place = &node->items[at];
    const uint8_t *bytes = node->bytes.at + place->at;
    bool wide = bytes[0] >= 0x80; /* a key's length is a varint of one or two bytes */

    assert(at < node->item_count);
    *item = (struct node_item){
        .at = bytes,
        .len = place[1].at - place->at,
        .key_at = wide ? 2 : 1,
        .key_len = (uint16_t)(wide ? (bytes[0] & 0x7f) | bytes[1] << 7 : bytes[0]),
        .addresses = node->addresses + place->address_at,
        .address_count = place[1].address_at - place->address_at,
    };
}

/* A reader of what follows the key. */
static struct decode payload_of(const struct node_item *item)
{
    size_t at = (size_t)item->key_at + item->key_len;

    assert(at < item->len);
    return decode_from(bough_bytes_of(item->at + at, item->len - at));
}

uint64_t node_key_count(const struct node_item *item, uint8_t level)
{
    struct decode in = payload_of(item);
    uint8_t first = decode_u8(&in);

    if (level == 0) {
        if (first != NODE_TREE && first != NODE_TREE_VERBATIM)
            return 1;
        (void)decode_varint(&in); /* the mode */
    }
    return decode_varint(&in);
}

bool node_is_soft(const struct node_item *item)
{
    struct decode in = payload_of(item);

    return decode_u8(&in) != 0;
}

struct bough_link node_child(const struct node_item *item)
{
    struct decode in = payload_of(item);
    struct bough_link child;

    (void)decode_u8(&in);
    (void)decode_varint(&in);
    child.name = decode_hash(&in);
    assert(!in.bad && item->address_count == 1);
    child.address = item->addresses[0];
    return child;
}

void node_entry(const struct node_item *item, struct bough_entry *entry)
{
    struct decode in = payload_of(item);
    uint8_t form = decode_u8(&in);

    *entry = (struct bough_entry){.step = node_key(item), .mode = (uint32_t)decode_varint(&in)};
    switch (form) {
    case NODE_DATA:
        entry->value.data = decode_bytes(&in);
        entry->value.size_bytes = entry->value.data.len;
        break;
    case NODE_VALUE:
        entry->value.size_bytes = decode_varint(&in);
        entry->value.link.name = decode_hash(&in);
        entry->value.link.address = item->addresses[0];
        break;
    case NODE_LINK:
        entry->kind = BOUGH_ENTRY_LINK;
        entry->link_kind = (enum bough_kind)decode_u8(&in);
        entry->link.name = decode_hash(&in);
        entry->link.address = item->addresses[0];
        break;
    default:
        entry->kind = BOUGH_ENTRY_TREE;
        entry->step.len--; /* the '/' that is in the key only */
        entry->tree.key_count = decode_varint(&in);
        entry->tree.root.name = decode_hash(&in);
        entry->tree.root.address = item->addresses[0];
        if (form == NODE_TREE_VERBATIM) {
            entry->tree.verbatim.name = decode_hash(&in);
            entry->tree.verbatim.address = item->addresses[1];
        }
    }
    assert(!in.bad && in.left == 0);
}

/* An item being encoded: its bytes, and the addresses of its hashes. */
struct building {
    struct encode out;
    uint64_t *addresses;
    uint32_t address_count;
};

/* Takes room for an item with this key and `max` bytes behind it, and writes the key. */
static enum bough_err begin_item(struct building *building, struct bough_bytes key, bool slash,
                                 size_t max, struct bough_arena *arena, struct node_item *item)
{
    size_t key_len = key.len + (slash ? 1 : 0);
    size_t room = encode_varint_size(key_len) + key_len + max;
    uint64_t *at = bough_arena_take(arena, 2 * sizeof(uint64_t) + room);

    assert(key_len <= NODE_KEY_BYTES_MAX);
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    *building = (struct building){.addresses = at, .out = encode_into(at + 2, room)};
    encode_varint(&building->out, key_len);
    *item = (struct node_item){.at = building->out.at,
                               .key_at = (uint16_t)building->out.len,
                               .key_len = (uint16_t)key_len,
                               .addresses = at};
    encode_raw(&building->out, key);
    if (slash)
        encode_u8(&building->out, '/');
    return BOUGH_OK;
}

static void end_item(const struct building *building, struct node_item *item)
{
    assert(!building->out.overflow);
    item->len = (uint32_t)building->out.len;
    item->address_count = building->address_count;
}

/* A hash, and the address that goes beside it. */
static void encode_link(struct building *building, const struct bough_link *link)
{
    encode_hash(&building->out, &link->name);
    building->addresses[building->address_count++] = link->address;
}

static void encode_tree(struct building *building, const struct bough_entry *entry)
{
    bool verbatim = !bough_hash_is_none(&entry->tree.verbatim.name);

    encode_u8(&building->out, verbatim ? NODE_TREE_VERBATIM : NODE_TREE);
    encode_varint(&building->out, entry->mode);
    encode_varint(&building->out, entry->tree.key_count);
    encode_link(building, &entry->tree.root);
    if (verbatim)
        encode_link(building, &entry->tree.verbatim);
}

static void encode_value(struct building *building, const struct bough_entry *entry)
{
    bool is_short = bough_hash_is_none(&entry->value.link.name);

    encode_u8(&building->out, is_short ? NODE_DATA : NODE_VALUE);
    encode_varint(&building->out, entry->mode);
    if (is_short) {
        assert(entry->value.data.len == entry->value.size_bytes);
        encode_bytes(&building->out, entry->value.data);
    } else {
        encode_varint(&building->out, entry->value.size_bytes);
        encode_link(building, &entry->value.link);
    }
}

enum bough_err node_leaf_item(const struct bough_entry *entry, struct bough_bytes step,
                              struct bough_arena *arena, struct node_item *item)
{
    struct building building;

    BOUGH_TRY(begin_item(&building, step, entry->kind == BOUGH_ENTRY_TREE,
                         ITEM_FIXED_BYTES_MAX + entry->value.data.len, arena, item));
    switch (entry->kind) {
    case BOUGH_ENTRY_VALUE:
        encode_value(&building, entry);
        break;
    case BOUGH_ENTRY_TREE:
        encode_tree(&building, entry);
        break;
    case BOUGH_ENTRY_LINK:
        encode_u8(&building.out, NODE_LINK);
        encode_varint(&building.out, entry->mode);
        encode_u8(&building.out, (uint8_t)entry->link_kind);
        encode_link(&building, &entry->link);
    }
    end_item(&building, item);
    return BOUGH_OK;
}

enum bough_err node_inner_item(struct bough_bytes last_key, const struct bough_link *child,
                               uint64_t key_count, bool soft, struct bough_arena *arena,
                               struct node_item *item)
{
    struct building building;

    BOUGH_TRY(begin_item(&building, last_key, false, ITEM_FIXED_BYTES_MAX, arena, item));
    encode_u8(&building.out, soft ? 1 : 0);
    encode_varint(&building.out, key_count);
    encode_link(&building, child);
    end_item(&building, item);
    return BOUGH_OK;
}

/* A node being put together. */
struct assembly {
    uint8_t *bytes;
    size_t len;
    uint64_t *addresses;
    uint32_t address_count;
    struct cache_item *items; /* count + 1 */
};

/* Takes what the items need together. */
static enum bough_err begin_node(struct assembly *node, const struct node_item *items, size_t count,
                                 struct bough_arena *arena)
{
    size_t len = 1;
    size_t address_count = 0;

    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || bough_bytes_compare(node_key(&items[i - 1]), node_key(&items[i])) < 0);
        len += items[i].len;
        address_count += items[i].address_count;
    }
    assert(len <= UINT32_MAX);
    *node = (struct assembly){
        .bytes = bough_arena_take(arena, len),
        .addresses = bough_arena_take(arena, address_count * sizeof(uint64_t)),
        .items = bough_arena_take(arena, (count + 1) * sizeof(struct cache_item)),
    };
    return node->bytes == NULL || node->addresses == NULL || node->items == NULL ? BOUGH_NO_MEMORY
                                                                                 : BOUGH_OK;
}

static void fill_node(struct assembly *node, uint8_t level, const struct node_item *items,
                      size_t count)
{
    node->bytes[node->len++] = level;
    for (size_t i = 0; i < count; i++) {
        node->items[i] =
            (struct cache_item){.at = (uint32_t)node->len, .address_at = node->address_count};
        memcpy(node->bytes + node->len, items[i].at, items[i].len);
        node->len += items[i].len;
        for (uint32_t k = 0; k < items[i].address_count; k++)
            node->addresses[node->address_count++] = items[i].addresses[k];
    }
    node->items[count] =
        (struct cache_item){.at = (uint32_t)node->len, .address_at = node->address_count};
}

enum bough_err node_put(struct bough_store *store, uint8_t level, const struct node_item *items,
                        size_t count, struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    const struct cache_object *pinned;
    struct bough_object object;
    struct assembly node;
    enum bough_err err;

    assert(count > 0 && level < NODE_LEVELS_MAX);
    err = begin_node(&node, items, count, arena);
    if (err != BOUGH_OK)
        goto out;
    fill_node(&node, level, items, count);
    object = (struct bough_object){.kind = BOUGH_KIND_NODE,
                                   .bytes = bough_bytes_of(node.bytes, node.len),
                                   .addresses = node.addresses,
                                   .address_count = node.address_count};
    err =
        object_put(store, BOUGH_KIND_NODE, object.bytes, node.addresses, node.address_count, link);
    if (err == BOUGH_OK &&
        cache_add(store->cache, link, &object, node.items, (uint32_t)count, &pinned) == BOUGH_OK)
        cache_unpin(store->cache, pinned);
out:
    bough_arena_back(arena, mark);
    return err;
}
