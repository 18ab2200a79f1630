/* SPDX-License-Identifier: ISC
 *
 * pack_out.c - a pack that is made while it is read (gitformat-pack, version 2, no deltas).
 *
 * Owns the list of what to send, one deflate stream that is reset for each object, and the bytes
 * that are being deflated.
 *   (1) Exactly as many objects are written as the header says: the list does not change.
 *   (2) Objects are immutable, so what is read now is what was listed then, however slowly the
 *       client reads.
 */
#include "pack_out.h"
#include <assert.h>

enum { COMMITS, TAGS, TREES, BLOBS, VALUES };

enum bough_err pack_out_open(struct pack_out *pack, struct pack_list *list)
{
    struct git_view *view = list->view;
    struct bough_heap *heap = view->env->heap;
    uint32_t count = pack_list_count(list);

    *pack = (struct pack_out){.list = *list, .small_len = 12};
    pack_list_init(list, view);
    name_set_release(&pack->list.seen); /* only needed to fill the list */
    buffer_init(&pack->object, heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    memcpy(pack->small, "PACK\0\0\0\2", 8);
    for (unsigned i = 0; i < 4; i++)
        pack->small[8 + i] = (uint8_t)(count >> (24 - 8 * i));
    sha1_begin(&pack->sum);
    BOUGH_TRY(zip_deflate_open(&pack->stream, heap));
    pack->deflating = true;
    return BOUGH_OK;
}

void pack_out_close(struct pack_out *pack)
{
    if (pack->deflating)
        (void)deflateEnd(&pack->stream);
    pack->deflating = false;
    buffer_release(&pack->object);
    pack_list_release(&pack->list);
}

/* The next element of one of the list's arrays, copied; false at its end. */
static bool take(struct pack_out *pack, unsigned which, const struct buffer *from, void *into,
                 size_t size)
{
    size_t at = pack->next[which] * size;

    if (at >= from->len)
        return false;
    memcpy(into, from->at + at, size);
    pack->next[which]++;
    return true;
}

/* The entry's header: kind and size (gitformat-pack, "Size encoding"). */
static void begin_object(struct pack_out *pack, enum git_kind kind, uint64_t size_bytes)
{
    uint8_t byte = (uint8_t)((unsigned)kind << 4 | (size_bytes & 15));

    pack->small_at = pack->small_len = 0;
    for (size_bytes >>= 4; size_bytes > 0; size_bytes >>= 7) {
        pack->small[pack->small_len++] = byte | 0x80;
        byte = size_bytes & 0x7f;
    }
    pack->small[pack->small_len++] = byte;
    assert(pack->small_len <= sizeof(pack->small));
    (void)deflateReset(&pack->stream);
    pack->stream.next_in = pack->object.at;
    pack->stream.avail_in = (uInt)pack->object.len;
    pack->started = true;
    pack->state = PACK_OUT_HEAD;
}

/* Reads the next piece of a long value to be deflated. */
static enum bough_err next_piece(struct pack_out *pack)
{
    uint64_t left = pack->value.size_bytes - pack->value_at;
    size_t size = left < GIT_PROJECT_PIECE_BYTES ? (size_t)left : GIT_PROJECT_PIECE_BYTES;
    size_t got = 0;

    pack->object.len = 0;
    BOUGH_TRY(buffer_reserve(&pack->object, size));
    if (size > 0)
        BOUGH_TRY(bough_value_read(pack->list.view->store, &pack->value, pack->value_at,
                                   pack->object.at, size, &got));
    assert(got == size);
    pack->object.len = got;
    pack->value_at += got;
    pack->stream.next_in = pack->object.at;
    pack->stream.avail_in = (uInt)got;
    return BOUGH_OK;
}

static enum bough_err begin_value(struct pack_out *pack, const struct bough_value *value)
{
    if (bough_hash_is_none(&value->link.name)) {
        BOUGH_TRY(buffer_add(&pack->object, value->data));
        begin_object(pack, GIT_BLOB, value->size_bytes);
        return BOUGH_OK;
    }
    pack->value = *value;
    pack->value_at = 0;
    begin_object(pack, GIT_BLOB, value->size_bytes);
    return next_piece(pack);
}

/* A value that is found under its step. */
static enum bough_err begin_blob(struct pack_out *pack, const struct pack_list_blob *blob)
{
    struct bough_bytes step =
        bough_bytes_of(pack->list.steps.at + blob->step_offset, blob->step_len);
    struct bough_arena arena;
    struct bough_entry entry;
    struct bough_tree tree;
    enum bough_err err;

    memcpy(&tree, pack->list.trees.at + blob->tree * sizeof(tree), sizeof(tree));
    bough_arena_init(&arena, pack->list.view->env->heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
    err = bough_tree_find(pack->list.view->store, &tree, step, &arena, &entry);
    if (err == BOUGH_OK && entry.kind != BOUGH_ENTRY_VALUE)
        err = BOUGH_CORRUPT;
    if (err == BOUGH_OK)
        err = begin_value(pack, &entry.value);
    bough_arena_release(&arena);
    return err;
}

/* A commit, tag or tree: made whole in memory. */
static enum bough_err begin_whole(struct pack_out *pack, const struct git_native *native)
{
    BOUGH_TRY(git_history_bytes(pack->list.view, native, &pack->object));
    begin_object(pack, native->kind, pack->object.len);
    return BOUGH_OK;
}

/* Begins the next object, or the trailer. */
static enum bough_err next_object(struct pack_out *pack)
{
    struct git_native native = {.kind = GIT_COMMIT};
    struct pack_list_value value;
    struct pack_list_blob blob;
    struct bough_tree tree;
    struct sha1 sum;

    pack->object.len = 0;
    pack->value = (struct bough_value){0};
    if (take(pack, COMMITS, &pack->list.commits, &native.link, sizeof(native.link)))
        return begin_whole(pack, &native);
    native.kind = GIT_TAG;
    if (take(pack, TAGS, &pack->list.tags, &native.link, sizeof(native.link)))
        return begin_whole(pack, &native);
    if (take(pack, TREES, &pack->list.trees, &tree, sizeof(tree))) {
        native = git_memo_of_tree(&tree);
        return begin_whole(pack, &native);
    }
    if (take(pack, BLOBS, &pack->list.blobs, &blob, sizeof(blob)))
        return begin_blob(pack, &blob);
    if (take(pack, VALUES, &pack->list.values, &value, sizeof(value)))
        return begin_value(
            pack, &(struct bough_value){.size_bytes = value.size_bytes, .link = value.link});
    sha1_end(&pack->sum, &sum);
    memcpy(pack->small, sum.at, SHA1_BYTES);
    pack->small_at = 0;
    pack->small_len = SHA1_BYTES;
    pack->state = PACK_OUT_TRAILER;
    return BOUGH_OK;
}

/* Copies from the header or trailer on its way out. */
static size_t copy_small(struct pack_out *pack, uint8_t *into, size_t max)
{
    size_t part = pack->small_len - pack->small_at;

    if (part > max)
        part = max;
    memcpy(into, pack->small + pack->small_at, part);
    pack->small_at += (uint32_t)part;
    return part;
}

/* Deflates into `into`; the state moves on when the object is done. */
static enum bough_err deflate_some(struct pack_out *pack, uint8_t *into, size_t max, size_t *got)
{
    bool more = pack->value_at < pack->value.size_bytes;
    int status;

    if (pack->stream.avail_in == 0 && more) {
        BOUGH_TRY(next_piece(pack));
        more = pack->value_at < pack->value.size_bytes;
    }
    pack->stream.next_out = into;
    pack->stream.avail_out = (uInt)(max > (1u << 30) ? 1u << 30 : max);
    status = deflate(&pack->stream, more ? Z_NO_FLUSH : Z_FINISH);
    *got = (size_t)(pack->stream.next_out - into);
    assert(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
    if (status == Z_STREAM_END)
        pack->state = PACK_OUT_OBJECT;
    return BOUGH_OK;
}

/* One step of work, which may make some bytes. */
static enum bough_err step(struct pack_out *pack, uint8_t *into, size_t max, size_t *got)
{
    *got = 0;
    switch (pack->state) {
    case PACK_OUT_HEAD:
        *got = copy_small(pack, into, max);
        if (pack->small_at == pack->small_len)
            pack->state = pack->started ? PACK_OUT_DEFLATE : PACK_OUT_OBJECT;
        return BOUGH_OK;
    case PACK_OUT_OBJECT:
        return next_object(pack);
    case PACK_OUT_DEFLATE:
        return deflate_some(pack, into, max, got);
    case PACK_OUT_TRAILER:
        *got = copy_small(pack, into, max);
        if (pack->small_at == pack->small_len)
            pack->state = PACK_OUT_END;
        return BOUGH_OK;
    case PACK_OUT_END:
        break;
    }
    return BOUGH_OK;
}

enum bough_err pack_out_read(struct pack_out *pack, uint8_t *into, size_t max, size_t *got)
{
    *got = 0;
    while (*got < max && pack->state != PACK_OUT_END) {
        bool counts = pack->state != PACK_OUT_TRAILER;
        size_t part;

        BOUGH_TRY(step(pack, into + *got, max - *got, &part));
        if (counts)
            sha1_add(&pack->sum, bough_bytes_of(into + *got, part));
        *got += part;
    }
    return BOUGH_OK;
}
