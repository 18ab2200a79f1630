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
    node_heads(object->bytes.at, *items, *count);
    return BOUGH_OK;
}

void node_heads(const uint8_t *bytes, struct cache_item *items, uint32_t count)
{
    struct bough_bytes first = node_item_key(bytes + items[0].at);
    struct bough_bytes last = node_item_key(bytes + items[count - 1].at);
    size_t common = 0;

    assert(count > 0);
    while (common < first.len && common < last.len && first.at[common] == last.at[common])
        common++;
    for (uint32_t i = 0; i < count; i++)
        items[i].head = node_head(node_item_key(bytes + items[i].at), common);
    items[count].head = common;
}

/* A varint that node_layout has seen; *at moves behind it. */
static uint64_t trusted_varint(const uint8_t **at)
{
    uint64_t number = 0;
    unsigned shift = 0;

    while (**at >= 0x80) {
        number |= (uint64_t)(*(*at)++ & 0x7f) << shift;
        shift += 7;
    }
    return number | (uint64_t) * (*at)++ << shift;
}

uint64_t node_key_count(const struct node_item *item, uint8_t level)
{
    const uint8_t *at = item->at + item->key_at + item->key_len;
    uint8_t first = *at++; /* form or flags */

    if (level == 0) {
        if (first != NODE_TREE && first != NODE_TREE_VERBATIM)
            return 1;
        (void)trusted_varint(&at); /* the mode */
    }
    return trusted_varint(&at);
}

bool node_is_soft(const struct node_item *item)
{
    return item->at[item->key_at + item->key_len] != 0;
}

struct bough_link node_child(const struct node_item *item)
{
    struct bough_link child = {.address = item->addresses[0]};

    assert(item->address_count == 1 && item->len > BOUGH_HASH_BYTES);
    memcpy(&child.name, item->at + item->len - BOUGH_HASH_BYTES, BOUGH_HASH_BYTES); /* it is last */
    return child;
}

/* A hash that node_layout has seen, with the address that goes with it; *at moves behind it. */
static struct bough_link trusted_link(const uint8_t **at, uint64_t address)
{
    struct bough_link link = {.address = address};

    memcpy(&link.name, *at, BOUGH_HASH_BYTES);
    *at += BOUGH_HASH_BYTES;
    return link;
}

void node_entry(const struct node_item *item, struct bough_entry *entry)
{
    const uint8_t *at = item->at + item->key_at + item->key_len;
    uint8_t form = *at++;

    /* Part by part: compilers zero the whole with an instruction that is slow to start. */
    entry->step = node_key(item);
    entry->kind = BOUGH_ENTRY_VALUE;
    entry->mode = (uint32_t)trusted_varint(&at);
    entry->value.size_bytes = 0;
    entry->value.data = (struct bough_bytes){0};
    entry->value.link = (struct bough_link){0};
    entry->tree.root = (struct bough_link){0};
    entry->tree.key_count = 0;
    entry->tree.verbatim = (struct bough_link){0};
    entry->link = (struct bough_link){0};
    entry->link_kind = (enum bough_kind)0;
    switch (form) {
    case NODE_DATA:
        entry->value.size_bytes = trusted_varint(&at);
        entry->value.data = bough_bytes_of(at, (size_t)entry->value.size_bytes);
        at += entry->value.size_bytes;
        break;
    case NODE_VALUE:
        entry->value.size_bytes = trusted_varint(&at);
        entry->value.link = trusted_link(&at, item->addresses[0]);
        break;
    case NODE_LINK:
        entry->kind = BOUGH_ENTRY_LINK;
        entry->link_kind = (enum bough_kind) * at++;
        entry->link = trusted_link(&at, item->addresses[0]);
        break;
    default:
        entry->kind = BOUGH_ENTRY_TREE;
        entry->step.len--; /* the '/' that is in the key only */
        entry->tree.key_count = trusted_varint(&at);
        entry->tree.root = trusted_link(&at, item->addresses[0]);
        if (form == NODE_TREE_VERBATIM)
            entry->tree.verbatim = trusted_link(&at, item->addresses[1]);
    }
    assert(at == item->at + item->len);
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
