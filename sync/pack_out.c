/* SPDX-License-Identifier: ISC
 *
 * pack_out.c - a pack that is made while it is read (gitformat-pack, version 2).
 *
 * Owns the list of what to send and the plan for it, one deflate stream that is reset for each
 * object, and the object at work with its base, delta and compressed form.
 *   (1) Exactly as many objects are written as the header says: the list does not change.
 *   (2) Objects are immutable, so what is read now is what was listed then, however slowly the
 *       client reads.
 *   (3) A kept entry is sent only as what the plan wants, whole or on exactly that base, or whole
 *       where a delta was no better.
 * A delta that does not help, or for which there is no memory, is no error: the object goes whole.
 */
#include "pack_out.h"
#include "delta_make.h"
#include "pack_in.h"
#include "pack_kept.h"
#include <assert.h>

#define DELTA_OVERHEAD_BYTES 20u /* as git: less is not worth a base (pack-objects, try_delta) */
#define STREAM_BYTES_MAX     (1u << 30)
#define WHOLE_SHARE          16u /* of the heap: one part in so many */
#define WHOLE_BYTES_MIN      (64u << 10)

/* How long an object may be that is held whole: in a small machine several fetches must fit. */
static size_t whole_bytes_max(const struct bough_heap *heap)
{
    size_t share = heap->limit_bytes / WHOLE_SHARE;

    if (share < WHOLE_BYTES_MIN)
        share = WHOLE_BYTES_MIN;
    return share < BOUGH_FETCH_DELTA_BYTES_MAX ? share : BOUGH_FETCH_DELTA_BYTES_MAX;
}

enum bough_err pack_out_open(struct pack_out *pack, const struct pack_list *list,
                             const struct pack_plan *plan, bool ofs)
{
    struct git_view *view = list->view;
    struct bough_heap *heap = view->env->heap;
    uint32_t count = pack_list_count(list);

    *pack = (struct pack_out){.list = *list,
                              .plan = *plan,
                              .whole_bytes_max = whole_bytes_max(heap),
                              .ofs = ofs,
                              .small_len = 12,
                              .after_head = PACK_OUT_OBJECT,
                              .last_n = PACK_LIST_NONE};
    buffer_init(&pack->object, heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    buffer_init(&pack->last, heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    buffer_init(&pack->delta, heap, BOUGH_FETCH_DELTA_BYTES_MAX);
    buffer_init(&pack->made, heap, 2 * BOUGH_FETCH_DELTA_BYTES_MAX);
    memcpy(pack->small, "PACK\0\0\0\2", 8);
    for (unsigned i = 0; i < 4; i++)
        pack->small[8 + i] = (uint8_t)(count >> (24 - 8 * i));
    sha1_begin(&pack->sum);
    pack_kept_turn(view->kept);
    name_set_release(&pack->list.seen); /* only needed to fill the list and plan */
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
    buffer_release(&pack->last);
    buffer_release(&pack->delta);
    buffer_release(&pack->made);
    pack_plan_release(&pack->plan);
    pack_list_release(&pack->list);
}

/* Type and size (gitformat-pack, "Size encoding"). */
static void put_head(struct pack_out *pack, unsigned type, uint64_t size_bytes)
{
    uint8_t byte = (uint8_t)(type << 4 | (size_bytes & 15));

    pack->small_at = pack->small_len = 0;
    for (size_bytes >>= 4; size_bytes > 0; size_bytes >>= 7) {
        pack->small[pack->small_len++] = byte | 0x80;
        byte = size_bytes & 0x7f;
    }
    pack->small[pack->small_len++] = byte;
    pack->state = PACK_OUT_HEAD;
}

/* How far back a base is (gitformat-pack, "offset encoding"). */
static void put_distance(struct pack_out *pack, uint64_t distance)
{
    uint8_t bytes[10];
    size_t at = sizeof(bytes);

    bytes[--at] = distance & 0x7f;
    while ((distance >>= 7) != 0) {
        distance--;
        bytes[--at] = (uint8_t)(0x80 | (distance & 0x7f));
    }
    memcpy(pack->small + pack->small_len, bytes + at, sizeof(bytes) - at);
    pack->small_len += (uint32_t)(sizeof(bytes) - at);
    assert(pack->small_len <= sizeof(pack->small));
}

/* The header of object `n`: whole, or of a delta on `base`. */
static enum bough_err begin(struct pack_out *pack, uint32_t n, uint32_t base, uint64_t size_bytes)
{
    bool outside = (base & PACK_LIST_OUTSIDE) != 0;
    struct sha1 id;

    if (base == PACK_LIST_NONE) {
        put_head(pack, (unsigned)pack_item_kind(&pack->list, n), size_bytes);
    } else if (pack->ofs && !outside) {
        put_head(pack, PACK_OFS_DELTA, size_bytes);
        put_distance(pack, pack->offset - pack_plan_offset(&pack->plan, base));
    } else {
        BOUGH_TRY(pack_item_id(&pack->list, base, &id));
        put_head(pack, PACK_REF_DELTA, size_bytes);
        memcpy(pack->small + pack->small_len, id.at, SHA1_BYTES);
        pack->small_len += SHA1_BYTES;
    }
    return BOUGH_OK;
}

/* Object `n` from what is kept; *sent is false if it is not kept in this form. */
static enum bough_err begin_kept(struct pack_out *pack, uint32_t n, uint32_t base,
                                 const struct bough_hash *name, const struct bough_hash *base_name,
                                 bool *sent)
{
    const struct pack_kept_entry *kept = pack_kept_find(pack->list.view->kept, name);

    *sent = false;
    assert((base == PACK_LIST_NONE) == bough_hash_is_none(base_name));
    if (kept == NULL || (!bough_hash_equal(&kept->base, base_name) && !kept->settled))
        return BOUGH_OK;
    if (bough_hash_is_none(&kept->base))
        base = PACK_LIST_NONE;
    pack->made.len = pack->made_at = 0;
    if (buffer_add(&pack->made, kept->bytes) != BOUGH_OK)
        return BOUGH_OK; /* it may still be streamed */
    BOUGH_TRY(begin(pack, n, base, kept->size_bytes));
    pack->after_head = PACK_OUT_MADE;
    *sent = true;
    return BOUGH_OK;
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

/* An object that is deflated while it goes out: a long value, or a great tree. */
static enum bough_err begin_stream(struct pack_out *pack, uint32_t n)
{
    bool is_long = pack->value.size_bytes > 0;
    int status = deflateReset(&pack->stream);

    assert(status == Z_OK);
    (void)status;
    pack->after_head = PACK_OUT_DEFLATE;
    pack->last_n = PACK_LIST_NONE;
    pack->value_at = 0;
    BOUGH_TRY(begin(pack, n, PACK_LIST_NONE, is_long ? pack->value.size_bytes : pack->object.len));
    if (is_long)
        return next_piece(pack);
    pack->stream.next_in = pack->object.at;
    pack->stream.avail_in = (uInt)pack->object.len;
    return BOUGH_OK;
}

/* Makes `delta`, if a good one can be had; *good says so. */
static enum bough_err try_delta(struct pack_out *pack, uint32_t base, bool *good)
{
    size_t max_bytes = pack->object.len / 2;
    struct bough_value value = {0};
    enum bough_err err = BOUGH_OK;

    *good = false;
    if (max_bytes <= DELTA_OVERHEAD_BYTES)
        return BOUGH_OK;
    max_bytes -= DELTA_OVERHEAD_BYTES;
    if (pack->last_n != base) {
        pack->last.len = 0;
        pack->last_n = PACK_LIST_NONE;
        err = pack_item_bytes(&pack->list, base, pack->whole_bytes_max, &pack->last, &value);
        if (err == BOUGH_OK && value.size_bytes == 0)
            pack->last_n = base;
    }
    pack->delta.len = 0;
    if (err == BOUGH_OK && value.size_bytes == 0 && pack->last.len <= pack->whole_bytes_max)
        err = delta_make(pack->list.view->env->heap, buffer_bytes(&pack->last),
                         buffer_bytes(&pack->object), max_bytes, &pack->delta);
    *good = err == BOUGH_OK && pack->delta.len > 0;
    return err == BOUGH_NOT_FOUND || err == BOUGH_NO_MEMORY || err == BOUGH_TOO_BIG ? BOUGH_OK
                                                                                    : err;
}

/* Deflates all of `bytes` into `made`. */
static enum bough_err deflate_all(struct pack_out *pack, struct bough_bytes bytes)
{
    z_stream *stream = &pack->stream;
    int status = deflateReset(stream);
    uLong room = deflateBound(stream, (uLong)bytes.len);

    assert(status == Z_OK);
    pack->made.len = pack->made_at = 0;
    BOUGH_TRY(buffer_reserve(&pack->made, room));
    stream->next_in = (z_const Bytef *)(uintptr_t)bytes.at;
    stream->avail_in = (uInt)bytes.len;
    stream->next_out = pack->made.at;
    stream->avail_out = (uInt)room;
    status = deflate(stream, Z_FINISH);
    assert(status == Z_STREAM_END);
    (void)status;
    pack->made.len = (size_t)(stream->next_out - pack->made.at);
    return BOUGH_OK;
}

/* The object read becomes the likely base of the next one. */
static void remember(struct pack_out *pack, uint32_t n)
{
    struct buffer kept = pack->last;

    pack->last = pack->object;
    pack->object = kept;
    pack->last_n = n;
}

/* Reads object `n`, unless it is a value that is too long to be held whole, or would be now. */
static enum bough_err read_whole(struct pack_out *pack, uint32_t n)
{
    enum bough_err err;

    pack->object.len = 0;
    err = pack_item_bytes(&pack->list, n, pack->whole_bytes_max, &pack->object, &pack->value);
    if (err != BOUGH_NO_MEMORY)
        return err;
    buffer_release(&pack->object);
    buffer_release(&pack->last);
    pack->last_n = PACK_LIST_NONE;
    return pack_item_bytes(&pack->list, n, WHOLE_BYTES_MIN, &pack->object, &pack->value);
}

/* Begins object `n` from its bytes. */
static enum bough_err begin_new(struct pack_out *pack, uint32_t n, uint32_t base,
                                struct pack_kept_entry *entry)
{
    struct bough_bytes bytes;
    bool good = false;
    enum bough_err err;

    BOUGH_TRY(read_whole(pack, n));
    if (pack->value.size_bytes > 0 || pack->object.len > pack->whole_bytes_max)
        return begin_stream(pack, n);
    if (base != PACK_LIST_NONE)
        BOUGH_TRY(try_delta(pack, base, &good));
    bytes = good ? buffer_bytes(&pack->delta) : buffer_bytes(&pack->object);
    err = deflate_all(pack, bytes);
    if (err == BOUGH_NO_MEMORY)
        return begin_stream(pack, n);
    BOUGH_TRY(err);
    BOUGH_TRY(begin(pack, n, good ? base : PACK_LIST_NONE, bytes.len));
    pack->after_head = PACK_OUT_MADE;
    entry->size_bytes = bytes.len;
    entry->bytes = buffer_bytes(&pack->made);
    entry->settled = base != PACK_LIST_NONE && !good && (base & PACK_LIST_OUTSIDE) == 0;
    if (!good)
        entry->base = (struct bough_hash){{0}};
    /* What suits one client's past only does not take the place of what suits all. */
    if (base == PACK_LIST_NONE || (base & PACK_LIST_OUTSIDE) == 0 ||
        pack_kept_find(pack->list.view->kept, &entry->name) == NULL)
        pack_kept_add(pack->list.view->kept, entry);
    remember(pack, n);
    return BOUGH_OK;
}

static void begin_trailer(struct pack_out *pack)
{
    struct sha1 sum;

    sha1_end(&pack->sum, &sum);
    memcpy(pack->small, sum.at, SHA1_BYTES);
    pack->small_at = 0;
    pack->small_len = SHA1_BYTES;
    pack->state = PACK_OUT_TRAILER;
}

/* Begins the next object, or the trailer. */
static enum bough_err next_object(struct pack_out *pack)
{
    struct pack_kept_entry entry = {.size_bytes = 0};
    uint32_t base;
    uint32_t n;
    bool sent;

    if (!pack_plan_next(&pack->plan, pack->offset, &n, &base)) {
        begin_trailer(pack);
        return BOUGH_OK;
    }
    pack->value = (struct bough_value){0};
    BOUGH_TRY(pack_item_name(&pack->list, n, &entry.name));
    if (base != PACK_LIST_NONE)
        BOUGH_TRY(pack_item_name(&pack->list, base, &entry.base));
    BOUGH_TRY(begin_kept(pack, n, base, &entry.name, &entry.base, &sent));
    return sent ? BOUGH_OK : begin_new(pack, n, base, &entry);
}

/* Copies as much of `from` as there is room for. */
static size_t copy(uint8_t *into, size_t max, const uint8_t *from, size_t len)
{
    size_t part = len < max ? len : max;

    if (part > 0)
        memcpy(into, from, part);
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
    pack->stream.avail_out = (uInt)(max > STREAM_BYTES_MAX ? STREAM_BYTES_MAX : max);
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
    case PACK_OUT_TRAILER:
        *got = copy(into, max, pack->small + pack->small_at, pack->small_len - pack->small_at);
        pack->small_at += (uint32_t)*got;
        if (pack->small_at == pack->small_len)
            pack->state = pack->state == PACK_OUT_TRAILER ? PACK_OUT_END : pack->after_head;
        return BOUGH_OK;
    case PACK_OUT_OBJECT:
        return next_object(pack);
    case PACK_OUT_MADE:
        *got = copy(into, max, pack->made.at + pack->made_at, pack->made.len - pack->made_at);
        pack->made_at += *got;
        if (pack->made_at == pack->made.len)
            pack->state = PACK_OUT_OBJECT;
        return BOUGH_OK;
    case PACK_OUT_DEFLATE:
        return deflate_some(pack, into, max, got);
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
        pack->offset += part;
        *got += part;
    }
    return BOUGH_OK;
}
