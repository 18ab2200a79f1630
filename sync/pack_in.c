/* SPDX-License-Identifier: ISC
 *
 * pack_in.c - a pack that somebody sends, as hostile input, read as it comes.
 *
 * Owns the pack's bytes in chunks and one record for each entry.  Whole objects are named on the
 * fly; deltas wait for pack_resolve.c.
 *   (1) Nothing is allocated on the word of a number in the pack: memory follows bytes received.
 *   (2) Inflating stops one byte past the size that was promised, so a bomb costs its promise.
 *   (3) Entries are in order of their offsets, and a delta's base by offset is an entry before it.
 *   (4) PACK_AT_END is reached only when the trailer is the SHA-1 of all before it.
 */
#include "pack_in.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define CHUNK_BYTES      (64u << 10)
#define SCRATCH_BYTES    (8u << 10)
#define HEADER_BYTES     12u
#define LIST_BYTES_MAX   ((2u * (size_t)BOUGH_PUSH_OBJECTS_MAX) * sizeof(struct pack_entry))
#define CHUNK_LIST_BYTES ((BOUGH_PUSH_PACK_BYTES_MAX / CHUNK_BYTES + 1u) * sizeof(uint8_t *))

void pack_in_init(struct pack_in *pack, struct bough_env *env, const uint8_t key[16])
{
    memset(pack, 0, sizeof(*pack));
    pack->env = env;
    memcpy(pack->key, key, sizeof(pack->key));
    buffer_init(&pack->chunks, env->heap, CHUNK_LIST_BYTES);
    buffer_init(&pack->list, env->heap, LIST_BYTES_MAX);
    for (uint32_t i = 0; i < PACK_HELD_COUNT; i++)
        pack->held[i].index = PACK_NONE;
    sha1_begin(&pack->whole);
}

static uint8_t *chunk_at(const struct pack_in *pack, uint32_t n)
{
    uint8_t *chunk;

    memcpy(&chunk, pack->chunks.at + n * sizeof(chunk), sizeof(chunk));
    return chunk;
}

void pack_in_release(struct pack_in *pack)
{
    struct bough_heap *heap = pack->env->heap;

    for (uint32_t i = 0; i < PACK_HELD_COUNT; i++) {
        if (pack->held[i].index != PACK_NONE)
            bough_heap_give(heap, pack->held[i].at, pack->held[i].size_bytes + 1u);
    }
    for (uint32_t i = 0; i < pack->chunks.len / sizeof(uint8_t *); i++)
        bough_heap_give(heap, chunk_at(pack, i), CHUNK_BYTES);
    bough_heap_give(heap, pack->table, pack->table_count * sizeof(*pack->table));
    if (pack->inflating)
        (void)inflateEnd(&pack->stream);
    buffer_release(&pack->chunks);
    buffer_release(&pack->list);
    pack_in_init(pack, pack->env, pack->key);
}

enum bough_err pack_in_fail(struct pack_in *pack, enum bough_err err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(pack->why, sizeof(pack->why), format, args);
    va_end(args);
    bough_log(pack->env->log, BOUGH_WARN, "git", "push refused: %s", pack->why);
    return err;
}

enum bough_err pack_in_count(struct pack_in *pack, uint64_t bytes)
{
    if (bytes > BOUGH_PUSH_INFLATED_MAX - pack->made_bytes)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "objects too large together (limit %llu bytes)",
                            (unsigned long long)BOUGH_PUSH_INFLATED_MAX);
    pack->made_bytes += bytes;
    return BOUGH_OK;
}

/* Keeps the bytes and adds them to the checksum. */
static enum bough_err keep(struct pack_in *pack, struct bough_bytes bytes)
{
    sha1_add(&pack->whole, bytes);
    if (bytes.len > BOUGH_PUSH_PACK_BYTES_MAX - pack->len)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "pack too large (limit %u bytes)",
                            BOUGH_PUSH_PACK_BYTES_MAX);
    while (bytes.len > 0) {
        uint32_t at = pack->len % CHUNK_BYTES;
        size_t part = CHUNK_BYTES - at < bytes.len ? CHUNK_BYTES - at : bytes.len;

        if (at == 0) {
            uint8_t *chunk;

            BOUGH_TRY(buffer_reserve(&pack->chunks, sizeof(chunk)));
            chunk = bough_heap_take(pack->env->heap, CHUNK_BYTES);
            if (chunk == NULL)
                return BOUGH_NO_MEMORY;
            memcpy(pack->chunks.at + pack->chunks.len, &chunk, sizeof(chunk));
            pack->chunks.len += sizeof(chunk);
        }
        memcpy(chunk_at(pack, pack->len / CHUNK_BYTES) + at, bytes.at, part);
        pack->len += (uint32_t)part;
        bytes.at += part;
        bytes.len -= part;
    }
    return BOUGH_OK;
}

/* Gathers up to `want` bytes in head; true when they are all there. */
static bool gather(struct pack_in *pack, struct bough_bytes bytes, uint32_t want, size_t *used)
{
    size_t part = want - pack->head_len < bytes.len ? want - pack->head_len : bytes.len;

    memcpy(pack->head + pack->head_len, bytes.at, part);
    pack->head_len += (uint32_t)part;
    *used = part;
    if (pack->head_len < want)
        return false;
    pack->head_len = 0;
    return true;
}

static uint32_t load32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* What comes when an entry is done, or the header. */
static void next_entry(struct pack_in *pack)
{
    pack->state = pack->entry_count == pack->claimed_count ? PACK_AT_TRAILER : PACK_AT_ENTRY;
}

static enum bough_err at_header(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    bool complete = gather(pack, bytes, HEADER_BYTES, used);
    uint32_t version;

    BOUGH_TRY(keep(pack, bough_bytes_of(bytes.at, *used)));
    if (!complete)
        return BOUGH_OK;
    version = load32(pack->head + 4);
    if (memcmp(pack->head, "PACK", 4) != 0 || (version != 2 && version != 3))
        return pack_in_fail(pack, BOUGH_INVALID, "bad pack header");
    pack->claimed_count = load32(pack->head + 8);
    if (pack->claimed_count > BOUGH_PUSH_OBJECTS_MAX)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "too many objects (limit %u)",
                            BOUGH_PUSH_OBJECTS_MAX);
    next_entry(pack);
    return BOUGH_OK;
}

/* The zlib stream begins. */
static enum bough_err begin_data(struct pack_in *pack)
{
    int status = Z_OK;

    pack->now.data_offset = pack->len;
    BOUGH_TRY(pack_in_count(pack, pack->now.size_bytes));
    if (!pack->inflating) {
        BOUGH_TRY(zip_inflate_open(&pack->stream, pack->env->heap));
        pack->inflating = true;
    } else {
        status = inflateReset(&pack->stream);
    }
    assert(status == Z_OK);
    (void)status;
    if (pack->now.kind != GIT_NONE)
        sha1_begin_object(&pack->object, (enum git_kind)pack->now.kind, pack->now.size_bytes);
    pack->state = PACK_AT_DATA;
    return BOUGH_OK;
}

/* Type and size are known: what follows depends on the type. */
static enum bough_err have_size(struct pack_in *pack)
{
    if (pack->number > BOUGH_PUSH_OBJECT_BYTES_MAX)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "object too large (limit %u bytes)",
                            BOUGH_PUSH_OBJECT_BYTES_MAX);
    pack->now.size_bytes = (uint32_t)pack->number;
    pack->shift = 0;
    pack->number = 0;
    switch (pack->now.type) {
    case GIT_COMMIT:
    case GIT_TREE:
    case GIT_BLOB:
    case GIT_TAG:
        pack->now.kind = pack->now.type;
        return begin_data(pack);
    case PACK_OFS_DELTA:
        pack->state = PACK_AT_OFFSET;
        return BOUGH_OK;
    case PACK_REF_DELTA:
        pack->state = PACK_AT_BASE;
        return BOUGH_OK;
    default:
        return pack_in_fail(pack, BOUGH_INVALID, "bad object type %u at offset %u", pack->now.type,
                            pack->now.offset);
    }
}

static enum bough_err at_entry(struct pack_in *pack, uint8_t byte)
{
    pack->now = (struct pack_entry){.type = byte >> 4 & 7,
                                    .offset = pack->len - 1,
                                    .base = PACK_NONE,
                                    .first_child = PACK_NONE,
                                    .next = PACK_NONE};
    pack->number = byte & 15;
    pack->shift = 4;
    if ((byte & 0x80) == 0)
        return have_size(pack);
    pack->state = PACK_AT_SIZE;
    return BOUGH_OK;
}

static enum bough_err at_size(struct pack_in *pack, uint8_t byte)
{
    if (pack->shift > 56)
        return pack_in_fail(pack, BOUGH_INVALID, "bad object size at offset %u", pack->now.offset);
    pack->number |= (uint64_t)(byte & 0x7f) << pack->shift;
    pack->shift += 7;
    return (byte & 0x80) != 0 ? BOUGH_OK : have_size(pack);
}

/* The entry that starts at `offset`, or PACK_NONE. */
static uint32_t entry_at(struct pack_in *pack, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = pack->entry_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (pack_in_entry(pack, middle)->offset == offset)
            return middle;
        if (pack_in_entry(pack, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return PACK_NONE;
}

static enum bough_err at_offset(struct pack_in *pack, uint8_t byte)
{
    if (pack->number > UINT32_MAX)
        return pack_in_fail(pack, BOUGH_INVALID, "bad delta offset at offset %u", pack->now.offset);
    pack->number = pack->shift == 0 ? (byte & 0x7fu) : ((pack->number + 1) << 7 | (byte & 0x7fu));
    pack->shift = 1;
    if ((byte & 0x80) != 0)
        return BOUGH_OK;
    if (pack->number > 0 && pack->number <= pack->now.offset)
        pack->now.base = entry_at(pack, pack->now.offset - pack->number);
    if (pack->now.base == PACK_NONE)
        return pack_in_fail(pack, BOUGH_INVALID, "delta base is no object at offset %u",
                            pack->now.offset);
    return begin_data(pack);
}

static enum bough_err at_base(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    bool complete = gather(pack, bytes, SHA1_BYTES, used);

    BOUGH_TRY(keep(pack, bough_bytes_of(bytes.at, *used)));
    if (!complete)
        return BOUGH_OK;
    memcpy(pack->now.id.at, pack->head, SHA1_BYTES);
    return begin_data(pack);
}

/* The entry is complete. */
static enum bough_err finish_entry(struct pack_in *pack)
{
    if (pack->now.kind != GIT_NONE)
        sha1_end(&pack->object, &pack->now.id);
    if (pack->now.base != PACK_NONE) {
        struct pack_entry *base = pack_in_entry(pack, pack->now.base);

        pack->now.next = base->first_child;
        base->first_child = pack->entry_count;
    }
    BOUGH_TRY(buffer_add(&pack->list, bough_bytes_of(&pack->now, sizeof(pack->now))));
    pack->entry_count++;
    next_entry(pack);
    return BOUGH_OK;
}

static enum bough_err bad_data(struct pack_in *pack)
{
    return pack_in_fail(pack, BOUGH_INVALID, "bad zlib data or size at offset %u",
                        pack->now.offset);
}

static enum bough_err at_data(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    z_stream *stream = &pack->stream;
    uint8_t scratch[SCRATCH_BYTES];
    int status;

    stream->next_in = (z_const Bytef *)(uintptr_t)bytes.at;
    stream->avail_in = (uInt)(bytes.len > CHUNK_BYTES ? CHUNK_BYTES : bytes.len);
    *used = stream->avail_in;
    do {
        uint64_t left = pack->now.size_bytes - (uint64_t)stream->total_out;

        stream->next_out = scratch;
        stream->avail_out = left + 1 < sizeof(scratch) ? (uInt)left + 1 : sizeof(scratch);
        status = inflate(stream, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR)
            return BOUGH_NO_MEMORY;
        if ((status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) ||
            stream->total_out > pack->now.size_bytes)
            return bad_data(pack);
        if (pack->now.kind != GIT_NONE)
            sha1_add(&pack->object, bough_bytes_of(scratch, (size_t)(stream->next_out - scratch)));
    } while (status == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0));
    *used -= stream->avail_in;
    BOUGH_TRY(keep(pack, bough_bytes_of(bytes.at, *used)));
    if (status != Z_STREAM_END)
        return *used > 0 ? BOUGH_OK : bad_data(pack);
    return stream->total_out == pack->now.size_bytes ? finish_entry(pack) : bad_data(pack);
}

static enum bough_err at_trailer(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    struct sha1 sum;

    if (!gather(pack, bytes, SHA1_BYTES, used))
        return BOUGH_OK;
    sha1_end(&pack->whole, &sum);
    if (memcmp(sum.at, pack->head, SHA1_BYTES) != 0)
        return pack_in_fail(pack, BOUGH_INVALID, "pack checksum does not match");
    pack->state = PACK_AT_END;
    return BOUGH_OK;
}

/* States that look at one byte. */
static enum bough_err at_byte(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    *used = 1;
    BOUGH_TRY(keep(pack, bough_bytes_of(bytes.at, 1)));
    if (pack->state == PACK_AT_ENTRY)
        return at_entry(pack, bytes.at[0]);
    return pack->state == PACK_AT_SIZE ? at_size(pack, bytes.at[0]) : at_offset(pack, bytes.at[0]);
}

static enum bough_err step(struct pack_in *pack, struct bough_bytes bytes, size_t *used)
{
    switch (pack->state) {
    case PACK_AT_HEADER:
        return at_header(pack, bytes, used);
    case PACK_AT_ENTRY:
    case PACK_AT_SIZE:
    case PACK_AT_OFFSET:
        return at_byte(pack, bytes, used);
    case PACK_AT_BASE:
        return at_base(pack, bytes, used);
    case PACK_AT_DATA:
        return at_data(pack, bytes, used);
    case PACK_AT_TRAILER:
        return at_trailer(pack, bytes, used);
    case PACK_AT_END:
        break;
    }
    return pack_in_fail(pack, BOUGH_INVALID, "garbage behind the pack");
}

enum bough_err pack_in_add(struct pack_in *pack, struct bough_bytes bytes)
{
    while (bytes.len > 0) {
        size_t used;

        BOUGH_TRY(step(pack, bytes, &used));
        assert(used > 0 && used <= bytes.len);
        bytes.at += used;
        bytes.len -= used;
    }
    return BOUGH_OK;
}

enum bough_err pack_in_end(struct pack_in *pack)
{
    if (pack->state != PACK_AT_END)
        return pack_in_fail(pack, BOUGH_INVALID, "pack ends early: %u of %u objects",
                            pack->entry_count, pack->claimed_count);
    return BOUGH_OK;
}

enum bough_err pack_in_inflate(struct pack_in *pack, uint32_t n, uint8_t *into)
{
    const struct pack_entry *entry = pack_in_entry(pack, n);
    z_stream *stream = &pack->stream;
    uint32_t at = entry->data_offset;
    uint8_t spare;
    int status = inflateReset(stream);

    assert(status == Z_OK && pack->inflating && n < pack->entry_count);
    BOUGH_TRY(pack_in_count(pack, entry->size_bytes));
    stream->next_out = into;
    stream->avail_out = entry->size_bytes;
    while (status == Z_OK && at < pack->len) {
        uint32_t room = CHUNK_BYTES - at % CHUNK_BYTES;

        if (room > pack->len - at)
            room = pack->len - at;
        stream->next_in = chunk_at(pack, at / CHUNK_BYTES) + at % CHUNK_BYTES;
        stream->avail_in = room;
        while (status == Z_OK && stream->avail_in > 0) {
            if (stream->avail_out == 0) { /* the end of the stream is still to be read */
                stream->next_out = &spare;
                stream->avail_out = 1;
            }
            status = inflate(stream, Z_NO_FLUSH);
        }
        at += room - stream->avail_in;
    }
    if (status == Z_MEM_ERROR)
        return BOUGH_NO_MEMORY;
    if (status != Z_STREAM_END || stream->total_out != entry->size_bytes)
        return pack_in_fail(pack, BOUGH_INVALID, "bad zlib data at offset %u", entry->offset);
    return BOUGH_OK;
}

enum bough_err pack_in_raw(const struct pack_in *pack, uint32_t n, struct buffer *out)
{
    const struct pack_entry *entries = (const struct pack_entry *)(const void *)pack->list.at;
    uint32_t end = n + 1 < pack->entry_count ? entries[n + 1].offset : pack->len;

    assert(n < pack->entry_count && pack->state == PACK_AT_END);
    for (uint32_t at = entries[n].data_offset; at < end;) {
        uint32_t room = CHUNK_BYTES - at % CHUNK_BYTES;
        size_t part = room < end - at ? room : end - at;

        BOUGH_TRY(buffer_add(
            out, bough_bytes_of(chunk_at(pack, at / CHUNK_BYTES) + at % CHUNK_BYTES, part)));
        at += (uint32_t)part;
    }
    return BOUGH_OK;
}
