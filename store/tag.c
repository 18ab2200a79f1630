/* SPDX-License-Identifier: ISC
 *
 * tag.c - annotated tags as objects (docs/format.md).
 *
 *   tag := kind:u8 target:hash keys:varint tree_verbatim:hash size:varint verbatim:bytes
 * Its addresses are those of the target and of the tree's verbatim form.
 */
#include "bough/commit.h"
#include "bough/limits.h"
#include "decode.h"
#include "encode.h"
#include "object.h"

#define TAG_FIXED_BYTES (1u + 2u * BOUGH_HASH_BYTES + 3u * 10u)

enum bough_err bough_tag_put(struct bough_store *store, const struct bough_tag *tag,
                             struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    bool is_tree = tag->target_kind == BOUGH_KIND_NODE;
    struct bough_link links[2] = {is_tree ? tag->tree.root : tag->target, tag->tree.verbatim};
    const uint64_t addresses[2] = {links[0].address, links[1].address};
    size_t max = TAG_FIXED_BYTES + tag->verbatim.len;
    struct encode out;
    enum bough_err err;

    if (tag->verbatim.len > BOUGH_MESSAGE_BYTES_MAX)
        return BOUGH_TOO_BIG;
    out = encode_into(bough_arena_take(arena, max), max);
    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_u8(&out, (uint8_t)tag->target_kind);
    encode_hash(&out, &links[0].name);
    encode_varint(&out, tag->tree.key_count);
    encode_hash(&out, &links[1].name);
    encode_varint(&out, tag->size_bytes);
    encode_bytes(&out, tag->verbatim);
    assert(!out.overflow);
    err = object_put(store, BOUGH_KIND_TAG, bough_bytes_of(out.at, out.len), addresses, 2, link);
    bough_arena_back(arena, mark);
    return err;
}

enum bough_err bough_tag_get(struct bough_store *store, const struct bough_link *link,
                             struct bough_arena *arena, struct bough_tag *tag)
{
    struct bough_object object;
    struct decode in;

    BOUGH_TRY(object_get_kind(store, link, BOUGH_KIND_TAG, arena, &object));
    in = decode_from(object.bytes);
    *tag = (struct bough_tag){.target_kind = (enum bough_kind)decode_u8(&in)};
    tag->target.name = decode_hash(&in);
    tag->tree.key_count = decode_varint(&in);
    tag->tree.verbatim.name = decode_hash(&in);
    tag->size_bytes = decode_varint(&in);
    tag->verbatim = decode_bytes(&in);
    if (in.bad || in.left > 0 || object.address_count != 2)
        return object_corrupt(store, link, "bad tag");
    tag->target.address = object.addresses[0];
    tag->tree.verbatim.address = object.addresses[1];
    if (tag->target_kind == BOUGH_KIND_NODE) {
        tag->tree.root = tag->target;
        tag->target = (struct bough_link){0};
    }
    return BOUGH_OK;
}
