/* SPDX-License-Identifier: ISC
 *
 * object_links.c - which objects an object leads to, told from its bytes alone.
 *
 * The grammar is that of node.h, commit.c, tag.c and value_chunk.h; here only what names something
 * is looked at.  Owns nothing.
 */
#include "object_links.h"
#include "bough/limits.h"
#include "decode.h"
#include "node.h"
#include "value_chunk.h"

/* Grows in an arena: the items are its newest piece until it is full. */
struct links {
    struct bough_arena *arena;
    struct object_links_item *items;
    uint32_t count;
    uint32_t max;
    bool failed;
};

static void add(struct links *links, enum bough_kind kind, const struct bough_hash *name)
{
    if (links->count == links->max && !links->failed) {
        uint32_t max = links->max == 0 ? 64 : 2 * links->max;
        struct object_links_item *items = bough_arena_zeros(links->arena, max, sizeof(*items));

        links->failed = items == NULL;
        if (items != NULL && links->count > 0)
            memcpy(items, links->items, links->count * sizeof(*items));
        if (items != NULL) {
            links->items = items;
            links->max = max;
        }
    }
    assert(links->failed || links->count < links->max);
    if (!links->failed)
        links->items[links->count++] = (struct object_links_item){.name = *name, .kind = kind};
}

static void add_hash(struct links *links, struct decode *in, enum bough_kind kind)
{
    struct bough_hash name = decode_hash(in);

    add(links, kind, &name);
}

/* One item of a leaf. */
static void leaf_item(struct links *links, struct decode *in)
{
    uint64_t size;
    uint8_t form;
    uint8_t kind;

    (void)decode_bytes(in);
    form = decode_u8(in);
    (void)decode_varint(in);
    switch (form) {
    case NODE_DATA:
        (void)decode_bytes(in);
        return;
    case NODE_VALUE:
        size = decode_varint(in);
        add_hash(links, in, size > VALUE_CHUNK_WHOLE_MAX ? BOUGH_KIND_CHUNKS : BOUGH_KIND_VALUE);
        return;
    case NODE_TREE:
    case NODE_TREE_VERBATIM:
        (void)decode_varint(in);
        add_hash(links, in, BOUGH_KIND_NODE);
        if (form == NODE_TREE_VERBATIM)
            add_hash(links, in, 0);
        return;
    case NODE_LINK:
        kind = decode_u8(in);
        add_hash(links, in, kind == BOUGH_KIND_VALUE ? 0 : (enum bough_kind)kind);
        return;
    default:
        in->bad = true;
    }
}

static void node(struct links *links, struct decode *in)
{
    uint8_t level = decode_u8(in);

    in->bad = in->bad || level >= NODE_LEVELS_MAX;
    while (!in->bad && in->left > 0 && !links->failed) {
        if (level == 0) {
            leaf_item(links, in);
            continue;
        }
        (void)decode_bytes(in);
        (void)decode_u8(in);
        (void)decode_varint(in);
        add_hash(links, in, BOUGH_KIND_NODE);
    }
}

static void commit(struct links *links, struct decode *in)
{
    uint64_t parents;

    (void)decode_varint(in);
    add_hash(links, in, BOUGH_KIND_NODE);
    add_hash(links, in, 0);
    parents = decode_varint(in);
    in->bad = in->bad || parents > BOUGH_PARENTS_MAX;
    for (uint64_t i = 0; i < parents && !in->bad; i++)
        add_hash(links, in, BOUGH_KIND_COMMIT);
    (void)decode_varint(in);
    for (int i = 0; i < 2; i++) { /* author, committer */
        (void)decode_bytes(in);
        (void)decode_bytes(in);
        (void)decode_signed(in);
        (void)decode_signed(in);
    }
    for (int i = 0; i < 3; i++) /* message, headers, verbatim */
        (void)decode_bytes(in);
}

static void tag(struct links *links, struct decode *in)
{
    uint8_t kind = decode_u8(in);

    in->bad = in->bad || kind < BOUGH_KIND_VALUE || kind > BOUGH_KIND_CHUNKS;
    add_hash(links, in, kind == BOUGH_KIND_VALUE ? 0 : (enum bough_kind)kind);
    (void)decode_varint(in);
    add_hash(links, in, 0);
    (void)decode_varint(in);
    (void)decode_bytes(in);
}

static void chunks(struct links *links, struct decode *in)
{
    uint8_t level = decode_u8(in);

    in->bad = in->bad || level >= VALUE_CHUNK_LEVELS_MAX;
    while (!in->bad && in->left > 0 && !links->failed) {
        (void)decode_varint(in);
        add_hash(links, in, level == 0 ? BOUGH_KIND_VALUE : BOUGH_KIND_CHUNKS);
    }
}

enum bough_err object_links(enum bough_kind kind, struct bough_bytes bytes,
                            struct bough_arena *arena, struct object_links_item **items,
                            uint32_t *count)
{
    struct links links = {.arena = arena};
    struct decode in = decode_from(bytes);

    switch (kind) {
    case BOUGH_KIND_VALUE:
        *count = 0;
        return BOUGH_OK;
    case BOUGH_KIND_NODE:
        node(&links, &in);
        break;
    case BOUGH_KIND_COMMIT:
        commit(&links, &in);
        break;
    case BOUGH_KIND_TAG:
        tag(&links, &in);
        break;
    case BOUGH_KIND_CHUNKS:
        chunks(&links, &in);
        break;
    default:
        return BOUGH_CORRUPT;
    }
    *items = links.items;
    *count = links.count;
    if (links.failed)
        return BOUGH_NO_MEMORY;
    assert(links.count <= links.max);
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}
