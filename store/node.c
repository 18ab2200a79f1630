/* SPDX-License-Identifier: ISC
 *
 * node.c - the bytes of one node, read one item at a time.
 *
 * A node's bytes have been checked against their hash before they come here, so broken grammar
 * means that somebody wrote it so; it is refused all the same (BOUGH_CORRUPT), never trusted.
 */
#include "node.h"
#include "decode.h"
#include "encode.h"

/* The part of a leaf item behind its key that is not data: form, mode, sizes, two hashes. */
#define ITEM_FIXED_BYTES_MAX (1u + 10u + 10u + 2u * BOUGH_HASH_BYTES)

enum bough_err node_get(struct bough_store *store, const struct bough_link *link,
                        struct bough_arena *arena, struct node *node)
{
    struct bough_object object;

    BOUGH_TRY(object_get_kind(store, link, BOUGH_KIND_NODE, arena, &object));
    if (object.bytes.len < 2 || object.bytes.at[0] >= NODE_LEVELS_MAX)
        return object_corrupt(store, link, "bad node header");
    *node = (struct node){
        .link = *link,
        .bytes = object.bytes,
        .addresses = object.addresses,
        .address_count = object.address_count,
        .level = object.bytes.at[0],
    };
    return BOUGH_OK;
}

struct node_reader node_start(void)
{
    return (struct node_reader){.offset = 1};
}

/* Notes one hash of an item and the address that stands beside it. */
static void take_link(struct decode *in, const struct node *node, struct node_reader *reader,
                      struct node_item *item)
{
    (void)decode_hash(in);
    if (reader->address_at >= node->address_count) {
        in->bad = true;
        return;
    }
    item->addresses[item->address_count++] = node->addresses[reader->address_at++];
}

static void read_leaf_payload(struct decode *in, const struct node *node,
                              struct node_reader *reader, struct node_item *item)
{
    uint8_t form = decode_u8(in);
    bool is_tree = form == NODE_TREE || form == NODE_TREE_VERBATIM;
    bool ends_as_tree = item->key.len > 0 && item->key.at[item->key.len - 1] == '/';

    in->bad = in->bad || decode_varint(in) > UINT32_MAX || is_tree != ends_as_tree;
    item->key_count = 1;
    switch (form) {
    case NODE_DATA:
        (void)decode_bytes(in);
        break;
    case NODE_VALUE:
        (void)decode_varint(in);
        take_link(in, node, reader, item);
        break;
    case NODE_TREE:
    case NODE_TREE_VERBATIM:
        item->key_count = decode_varint(in);
        take_link(in, node, reader, item);
        if (form == NODE_TREE_VERBATIM)
            take_link(in, node, reader, item);
        break;
    case NODE_LINK:
        (void)decode_u8(in);
        take_link(in, node, reader, item);
        break;
    default:
        in->bad = true;
    }
}

static void read_inner_payload(struct decode *in, const struct node *node,
                               struct node_reader *reader, struct node_item *item)
{
    uint8_t flags = decode_u8(in);

    in->bad = in->bad || flags > 1;
    item->soft = flags == 1;
    item->key_count = decode_varint(in);
    take_link(in, node, reader, item);
}

enum bough_err node_next(struct bough_store *store, const struct node *node,
                         struct node_reader *reader, struct node_item *item)
{
    struct bough_bytes rest = {.at = node->bytes.at + reader->offset,
                               .len = node->bytes.len - reader->offset};
    struct decode in = decode_from(rest);
    const uint8_t *payload;

    if (rest.len == 0)
        return BOUGH_NOT_FOUND;
    *item = (struct node_item){.key = decode_bytes(&in)};
    payload = in.at;
    if (node->level == 0)
        read_leaf_payload(&in, node, reader, item);
    else
        read_inner_payload(&in, node, reader, item);
    if (in.bad || item->key.len == 0 || item->key.len > NODE_KEY_BYTES_MAX)
        return object_corrupt(store, &node->link, "bad node item");
    item->encoded = bough_bytes_of(rest.at, (size_t)(in.at - rest.at));
    item->payload = bough_bytes_of(payload, (size_t)(in.at - payload));
    reader->offset += item->encoded.len;
    assert(reader->offset <= node->bytes.len && reader->address_at <= node->address_count);
    return BOUGH_OK;
}

enum bough_err node_seek(struct bough_store *store, const struct node *node, struct bough_bytes key,
                         struct node_reader *reader, struct node_item *item)
{
    *reader = node_start();
    for (;;) {
        BOUGH_TRY(node_next(store, node, reader, item));
        if (bough_bytes_compare(item->key, key) >= 0)
            return BOUGH_OK;
    }
}

struct bough_link node_child(const struct node_item *item)
{
    struct decode in = decode_from(item->payload);
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
    struct decode in = decode_from(item->payload);
    uint8_t form = decode_u8(&in);

    *entry = (struct bough_entry){.step = item->key, .mode = (uint32_t)decode_varint(&in)};
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

static void encode_tree(struct encode *out, const struct bough_entry *entry, struct node_item *item)
{
    bool verbatim = !bough_hash_is_none(&entry->tree.verbatim.name);

    encode_u8(out, verbatim ? NODE_TREE_VERBATIM : NODE_TREE);
    encode_varint(out, entry->mode);
    encode_varint(out, entry->tree.key_count);
    encode_hash(out, &entry->tree.root.name);
    item->key_count = entry->tree.key_count;
    item->addresses[item->address_count++] = entry->tree.root.address;
    if (verbatim) {
        encode_hash(out, &entry->tree.verbatim.name);
        item->addresses[item->address_count++] = entry->tree.verbatim.address;
    }
}

static void encode_value(struct encode *out, const struct bough_entry *entry,
                         struct node_item *item)
{
    if (bough_hash_is_none(&entry->value.link.name)) {
        assert(entry->value.data.len == entry->value.size_bytes);
        encode_u8(out, NODE_DATA);
        encode_varint(out, entry->mode);
        encode_bytes(out, entry->value.data);
        return;
    }
    encode_u8(out, NODE_VALUE);
    encode_varint(out, entry->mode);
    encode_varint(out, entry->value.size_bytes);
    encode_hash(out, &entry->value.link.name);
    item->addresses[item->address_count++] = entry->value.link.address;
}

enum bough_err node_leaf_item(const struct bough_entry *entry, struct bough_bytes step,
                              struct bough_arena *arena, struct node_item *item)
{
    bool is_tree = entry->kind == BOUGH_ENTRY_TREE;
    size_t key_len = step.len + (is_tree ? 1 : 0);
    size_t max =
        encode_varint_size(key_len) + key_len + ITEM_FIXED_BYTES_MAX + entry->value.data.len;
    uint8_t *at = bough_arena_take(arena, max);
    struct encode out = encode_into(at, max);
    size_t key_at;

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    *item = (struct node_item){.key_count = 1};
    encode_varint(&out, key_len);
    key_at = out.len;
    encode_raw(&out, step);
    if (is_tree)
        encode_u8(&out, '/');
    item->key = bough_bytes_of(at + key_at, key_len);
    item->payload.at = at + out.len;
    switch (entry->kind) {
    case BOUGH_ENTRY_VALUE:
        encode_value(&out, entry, item);
        break;
    case BOUGH_ENTRY_TREE:
        encode_tree(&out, entry, item);
        break;
    case BOUGH_ENTRY_LINK:
        encode_u8(&out, NODE_LINK);
        encode_varint(&out, entry->mode);
        encode_u8(&out, (uint8_t)entry->link_kind);
        encode_hash(&out, &entry->link.name);
        item->addresses[item->address_count++] = entry->link.address;
    }
    assert(!out.overflow);
    item->encoded = bough_bytes_of(at, out.len);
    item->payload.len = (size_t)(at + out.len - item->payload.at);
    return BOUGH_OK;
}

enum bough_err node_inner_item(struct bough_bytes last_key, const struct bough_link *child,
                               uint64_t key_count, bool soft, struct bough_arena *arena,
                               struct node_item *item)
{
    size_t max = encode_varint_size(last_key.len) + last_key.len + ITEM_FIXED_BYTES_MAX;
    uint8_t *at = bough_arena_take(arena, max);
    struct encode out = encode_into(at, max);

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    *item = (struct node_item){.key_count = key_count, .soft = soft, .address_count = 1};
    item->addresses[0] = child->address;
    encode_bytes(&out, last_key);
    item->key = bough_bytes_of(at + out.len - last_key.len, last_key.len);
    item->payload.at = at + out.len;
    encode_u8(&out, soft ? 1 : 0);
    encode_varint(&out, key_count);
    encode_hash(&out, &child->name);
    assert(!out.overflow);
    item->encoded = bough_bytes_of(at, out.len);
    item->payload.len = (size_t)(at + out.len - item->payload.at);
    return BOUGH_OK;
}

/* The addresses beside the items' hashes as links; their names are not needed to put a node. */
static struct bough_link *links_of(const struct node_item *items, size_t count,
                                   struct bough_arena *arena, uint32_t *link_count)
{
    struct bough_link *links = bough_arena_take(arena, 2 * count * sizeof(*links));

    *link_count = 0;
    for (size_t i = 0; links != NULL && i < count; i++) {
        for (uint8_t k = 0; k < items[i].address_count; k++)
            links[(*link_count)++].address = items[i].addresses[k];
    }
    return links;
}

enum bough_err node_put(struct bough_store *store, uint8_t level, const struct node_item *items,
                        size_t count, struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    size_t len = 1;
    uint32_t link_count;
    struct bough_link *links;
    struct encode out;
    enum bough_err err = BOUGH_NO_MEMORY;

    assert(count > 0 && level < NODE_LEVELS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || bough_bytes_compare(items[i - 1].key, items[i].key) < 0);
        len += items[i].encoded.len;
    }
    out = encode_into(bough_arena_take(arena, len), len);
    links = links_of(items, count, arena, &link_count);
    if (out.at == NULL || links == NULL)
        goto out;
    encode_u8(&out, level);
    for (size_t i = 0; i < count; i++)
        encode_raw(&out, items[i].encoded);
    assert(!out.overflow && out.len == len);
    err = object_put(store, BOUGH_KIND_NODE, bough_bytes_of(out.at, out.len), links, link_count,
                     link);
out:
    bough_arena_back(arena, mark);
    return err;
}
