/* SPDX-License-Identifier: ISC
 *
 * value.c - the bytes under a key: inline, one object, or chunks; which follows from the bytes
 * alone.
 *
 * The writer holds back what it has until it knows which form it will be.
 *   (1) Nothing has been staged while total_bytes <= VALUE_CHUNK_WHOLE_MAX.
 *   (2) After that, held bytes are those behind the last chunk's end.
 */
#include "bough/value.h"
#include "bough/limits.h"
#include "hash.h"
#include "value_chunk.h"

#define HOLD_BYTES_FIRST 4096u

/* Scratch of one read: one chunk, and one list for each level. */
#define READ_ARENA_BYTES_MAX (1u << 20)

struct long_value {
    uint64_t table[256];
    struct value_chunk_lists lists;
};

struct bough_value_writer {
    struct bough_store *store;
    uint64_t total_bytes;
    uint8_t *hold;
    size_t hold_len;
    size_t hold_max;
    struct long_value *chunks; /* NULL until the value is long */
};

enum bough_err bough_value_begin(struct bough_store *store, struct bough_value_writer **writer)
{
    struct bough_value_writer *new_writer = bough_heap_take(store->env->heap, sizeof(*new_writer));

    if (new_writer == NULL)
        return BOUGH_NO_MEMORY;
    *new_writer = (struct bough_value_writer){.store = store};
    bough_backend_hold(store->backend, true); /* its chunks are in no tree yet */
    *writer = new_writer;
    return BOUGH_OK;
}

void bough_value_abandon(struct bough_value_writer *writer)
{
    struct bough_heap *heap;

    if (writer == NULL)
        return;
    heap = writer->store->env->heap;
    bough_backend_hold(writer->store->backend, false);
    bough_heap_give(heap, writer->hold, writer->hold_max);
    bough_heap_give(heap, writer->chunks, sizeof(*writer->chunks));
    bough_heap_give(heap, writer, sizeof(*writer));
}

/* Room for at least one more held byte; the hold never passes VALUE_CHUNK_BYTES_MAX. */
static enum bough_err grow_hold(struct bough_value_writer *writer)
{
    struct bough_heap *heap = writer->store->env->heap;
    size_t max = writer->hold_max == 0 ? HOLD_BYTES_FIRST : 4 * writer->hold_max;
    uint8_t *hold;

    assert(writer->hold_max < VALUE_CHUNK_BYTES_MAX);
    if (max > VALUE_CHUNK_BYTES_MAX)
        max = VALUE_CHUNK_BYTES_MAX;
    hold = bough_heap_take(heap, max);
    if (hold == NULL)
        return BOUGH_NO_MEMORY;
    if (writer->hold_len > 0)
        memcpy(hold, writer->hold, writer->hold_len);
    bough_heap_give(heap, writer->hold, writer->hold_max);
    writer->hold = hold;
    writer->hold_max = max;
    return BOUGH_OK;
}

/* Makes a writer one of a long value. */
static enum bough_err open_chunks(struct bough_value_writer *writer)
{
    struct bough_store *store = writer->store;

    if (writer->chunks != NULL)
        return BOUGH_OK;
    writer->chunks = bough_heap_take(store->env->heap, sizeof(*writer->chunks));
    if (writer->chunks == NULL)
        return BOUGH_NO_MEMORY;
    memset(writer->chunks, 0, sizeof(*writer->chunks));
    value_chunk_table(store->backend->identity.salt, writer->chunks->table);
    return BOUGH_OK;
}

/* Stages the first chunk of what is held. */
static enum bough_err put_chunk(struct bough_value_writer *writer)
{
    struct bough_store *store = writer->store;
    struct bough_bytes held = bough_bytes_of(writer->hold, writer->hold_len);
    struct value_chunk chunk;

    BOUGH_TRY(open_chunks(writer));
    chunk.size_bytes = value_chunk_end(writer->chunks->table, held);
    held.len = (size_t)chunk.size_bytes;
    BOUGH_TRY(object_put(store, BOUGH_KIND_VALUE, held, NULL, 0, &chunk.link));
    BOUGH_TRY(value_chunk_append(store, &writer->chunks->lists, 0, &chunk));
    assert(held.len > 0 && held.len <= writer->hold_len);
    writer->hold_len -= held.len;
    memmove(writer->hold, writer->hold + held.len, writer->hold_len);
    return BOUGH_OK;
}

enum bough_err bough_value_add(struct bough_value_writer *writer, struct bough_bytes bytes)
{
    if (bytes.len > BOUGH_VALUE_BYTES_MAX - writer->total_bytes)
        return BOUGH_TOO_BIG;
    writer->total_bytes += bytes.len;
    while (bytes.len > 0) {
        size_t room;

        if (writer->hold_len == VALUE_CHUNK_BYTES_MAX)
            BOUGH_TRY(put_chunk(writer));
        if (writer->hold_len == writer->hold_max)
            BOUGH_TRY(grow_hold(writer));
        room = writer->hold_max - writer->hold_len;
        if (room > bytes.len)
            room = bytes.len;
        memcpy(writer->hold + writer->hold_len, bytes.at, room);
        writer->hold_len += room;
        bytes.at += room;
        bytes.len -= room;
    }
    return BOUGH_OK;
}

/* The value from what the writer has. */
static enum bough_err finish(struct bough_value_writer *writer, struct bough_arena *arena,
                             struct bough_value *value)
{
    struct bough_store *store = writer->store;
    struct bough_bytes held = bough_bytes_of(writer->hold, writer->hold_len);
    struct value_chunk top;

    *value = (struct bough_value){.size_bytes = writer->total_bytes};
    if (writer->total_bytes <= store->backend->identity.leaf_window_bytes) {
        value->data = bough_arena_copy(arena, held);
        return value->data.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    }
    if (writer->total_bytes <= VALUE_CHUNK_WHOLE_MAX)
        return object_put(store, BOUGH_KIND_VALUE, held, NULL, 0, &value->link);
    assert(writer->hold_len > 0);
    while (writer->hold_len > 0)
        BOUGH_TRY(put_chunk(writer));
    BOUGH_TRY(value_chunk_finish(store, &writer->chunks->lists, &top));
    assert(top.size_bytes == writer->total_bytes);
    value->link = top.link;
    return BOUGH_OK;
}

enum bough_err bough_value_finish(struct bough_value_writer *writer, struct bough_arena *arena,
                                  struct bough_value *value)
{
    enum bough_err err = finish(writer, arena, value);

    bough_value_abandon(writer);
    return err;
}

/* Puts a writer where it was before the last chunk of `value` was cut: that one may go on. */
static enum bough_err resume(struct bough_value_writer *writer, const struct bough_value *value)
{
    struct bough_arena arena;
    struct value_chunk last = {.size_bytes = value->size_bytes};
    enum bough_err err = BOUGH_OK;
    size_t got;

    if (value->size_bytes > BOUGH_VALUE_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (value->size_bytes > VALUE_CHUNK_WHOLE_MAX) {
        BOUGH_TRY(open_chunks(writer));
        bough_arena_init(&arena, writer->store->env->heap, READ_ARENA_BYTES_MAX);
        err = value_chunk_resume(writer->store, &value->link, value->size_bytes, &arena,
                                 &writer->chunks->lists, &last);
        bough_arena_release(&arena);
        if (err != BOUGH_OK)
            return err;
    }
    while (writer->hold_max < last.size_bytes)
        BOUGH_TRY(grow_hold(writer));
    assert(last.size_bytes <= value->size_bytes && last.size_bytes <= VALUE_CHUNK_BYTES_MAX);
    writer->total_bytes = value->size_bytes;
    writer->hold_len = (size_t)last.size_bytes;
    return bough_value_read(writer->store, value, value->size_bytes - last.size_bytes, writer->hold,
                            writer->hold_len, &got);
}

enum bough_err bough_value_resume(struct bough_store *store, const struct bough_value *value,
                                  struct bough_value_writer **writer)
{
    enum bough_err err;

    BOUGH_TRY(bough_value_begin(store, writer));
    err = resume(*writer, value);
    if (err == BOUGH_OK)
        return BOUGH_OK;
    bough_value_abandon(*writer);
    *writer = NULL;
    return err;
}

/* Adds bytes to a writer and finishes it; releases it in any case. */
static enum bough_err add_and_finish(struct bough_value_writer *writer, struct bough_bytes bytes,
                                     struct bough_arena *arena, struct bough_value *value)
{
    enum bough_err err = bough_value_add(writer, bytes);

    if (err == BOUGH_OK)
        return bough_value_finish(writer, arena, value);
    bough_value_abandon(writer);
    return err;
}

enum bough_err bough_value_append(struct bough_store *store, const struct bough_value *value,
                                  struct bough_bytes bytes, struct bough_arena *arena,
                                  struct bough_value *result)
{
    struct bough_value_writer *writer;

    BOUGH_TRY(bough_value_resume(store, value, &writer));
    return add_and_finish(writer, bytes, arena, result);
}

enum bough_err bough_value_put(struct bough_store *store, struct bough_bytes bytes,
                               struct bough_arena *arena, struct bough_value *value)
{
    struct bough_value_writer *writer;

    BOUGH_TRY(bough_value_begin(store, &writer));
    return add_and_finish(writer, bytes, arena, value);
}

enum bough_err bough_value_read(struct bough_store *store, const struct bough_value *value,
                                uint64_t offset, void *into, size_t len, size_t *got)
{
    struct bough_arena arena;
    enum bough_err err = BOUGH_OK;

    *got = 0;
    if (offset >= value->size_bytes)
        return BOUGH_OK;
    if (len > value->size_bytes - offset)
        len = (size_t)(value->size_bytes - offset);
    if (bough_hash_is_none(&value->link.name)) {
        assert(value->data.len == value->size_bytes);
        memcpy(into, value->data.at + offset, len);
    } else {
        bough_arena_init(&arena, store->env->heap, READ_ARENA_BYTES_MAX);
        err = value_chunk_read(store, &value->link, value->size_bytes, offset, into, len, &arena);
        bough_arena_release(&arena);
    }
    if (err == BOUGH_OK)
        *got = len;
    return err;
}

enum bough_err bough_value_get(struct bough_store *store, const struct bough_value *value,
                               size_t max_bytes, struct bough_arena *arena,
                               struct bough_bytes *bytes)
{
    uint8_t *at;
    size_t got;

    if (value->size_bytes > max_bytes)
        return BOUGH_TOO_BIG;
    at = bough_arena_take(arena, (size_t)value->size_bytes);
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(bough_value_read(store, value, 0, at, (size_t)value->size_bytes, &got));
    assert(got == value->size_bytes);
    *bytes = bough_bytes_of(at, got);
    return BOUGH_OK;
}

void bough_value_name(const struct bough_value *value, struct bough_hash *name)
{
    if (bough_hash_is_none(&value->link.name))
        hash_of(BOUGH_KIND_VALUE, value->data, name);
    else
        *name = value->link.name;
}
