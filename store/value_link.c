/* SPDX-License-Identifier: ISC
 *
 * value_link.c - values that are named by a link alone.
 *
 * Owns nothing.  Where only a link is kept, every value is an object, however short, and its size
 * is read from the object: the length of a whole one, the sum of a list's sizes.
 */
#include "bough/value.h"
#include "decode.h"
#include "value_chunk.h"

#define ARENA_BYTES_MAX (1u << 20) /* one object at a time */

enum bough_err bough_value_link_put(struct bough_store *store, const struct bough_value *value,
                                    struct bough_link *link)
{
    if (!bough_hash_is_none(&value->link.name)) {
        *link = value->link;
        return BOUGH_OK;
    }
    assert(value->data.len == value->size_bytes);
    return object_put(store, BOUGH_KIND_VALUE, value->data, NULL, 0, link);
}

/* The sum of the sizes in a list of chunks. */
static enum bough_err list_size(struct bough_store *store, const struct bough_link *link,
                                struct bough_bytes list, uint64_t *size_bytes)
{
    struct decode in = decode_from(list);

    (void)decode_u8(&in);
    *size_bytes = 0;
    while (!in.bad && in.left > 0) {
        uint64_t size = decode_varint(&in);

        (void)decode_hash(&in);
        if (size > UINT64_MAX - *size_bytes)
            in.bad = true;
        *size_bytes += size;
    }
    return in.bad ? object_corrupt(store, link, "bad list of chunks") : BOUGH_OK;
}

enum bough_err bough_value_link_get(struct bough_store *store, const struct bough_link *link,
                                    struct bough_value *value)
{
    struct bough_arena arena;
    struct bough_object object;
    enum bough_err err;

    *value = (struct bough_value){.link = *link};
    bough_arena_init(&arena, store->env->heap, ARENA_BYTES_MAX);
    err = object_get(store, link, &arena, &object);
    if (err != BOUGH_OK)
        goto out;
    value->size_bytes = object.bytes.len;
    if (object.kind == BOUGH_KIND_CHUNKS)
        err = list_size(store, link, object.bytes, &value->size_bytes);
    else if (object.kind != BOUGH_KIND_VALUE)
        err = object_corrupt(store, link, "no value");
out:
    bough_arena_release(&arena);
    return err;
}
