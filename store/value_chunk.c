/* SPDX-License-Identifier: ISC
 *
 * value_chunk.c - long values as chunks that end where their content says so.
 *
 * The cut is a gear hash (Xia et al., FastCDC, 2016): shift, add a table entry for the byte, cut
 * when the top bits are zero.  Lists have a fixed number of items: an insertion moves the items
 * behind it into other lists, but a list is a two-thousandth of what it describes.
 */
#include "value_chunk.h"
#include "decode.h"
#include "encode.h"
#include "hash.h"

/* Behind VALUE_CHUNK_BYTES_MIN bytes a cut every 48 KiB on average makes chunks of 64 KiB; 2^16
 * possibilities of the top bits is the nearest power of two. */
#define CUT_MASK 0xffff000000000000u

#define LIST_BYTES_MAX (1u + VALUE_CHUNK_LIST_MAX * (10u + BOUGH_HASH_BYTES))

void value_chunk_table(const uint8_t salt[16], uint64_t table[256])
{
    for (unsigned i = 0; i < 256; i++) {
        uint8_t text[5] = {'g', 'e', 'a', 'r', (uint8_t)i};

        table[i] = hash_keyed(salt, text, sizeof(text));
    }
}

size_t value_chunk_end(const uint64_t table[256], struct bough_bytes bytes)
{
    size_t max = bytes.len < VALUE_CHUNK_BYTES_MAX ? bytes.len : VALUE_CHUNK_BYTES_MAX;
    uint64_t gear = 0;

    for (size_t i = VALUE_CHUNK_BYTES_MIN; i < max; i++) {
        gear = (gear << 1) + table[bytes.at[i]];
        if ((gear & CUT_MASK) == 0)
            return i + 1;
    }
    return max;
}

/* Stages the list of a level and empties it. */
static enum bough_err put_list(struct bough_store *store, struct value_chunk_lists *lists,
                               uint32_t level, struct value_chunk *list)
{
    uint8_t bytes[LIST_BYTES_MAX];
    uint64_t addresses[VALUE_CHUNK_LIST_MAX];
    struct encode out = encode_into(bytes, sizeof(bytes));
    uint32_t count = lists->counts[level];

    assert(count > 0);
    list->size_bytes = 0;
    encode_u8(&out, (uint8_t)level);
    for (uint32_t i = 0; i < count; i++) {
        const struct value_chunk *item = &lists->items[level][i];

        encode_varint(&out, item->size_bytes);
        encode_hash(&out, &item->link.name);
        addresses[i] = item->link.address;
        list->size_bytes += item->size_bytes;
    }
    assert(!out.overflow);
    lists->counts[level] = 0;
    return object_put(store, BOUGH_KIND_CHUNKS, bough_bytes_of(bytes, out.len), addresses, count,
                      &list->link);
}

enum bough_err value_chunk_append(struct bough_store *store, struct value_chunk_lists *lists,
                                  uint32_t level, const struct value_chunk *chunk)
{
    struct value_chunk item = *chunk;

    for (;;) {
        struct value_chunk list;

        if (level == VALUE_CHUNK_LEVELS_MAX)
            return BOUGH_TOO_BIG;
        if (lists->counts[level] < VALUE_CHUNK_LIST_MAX) {
            lists->items[level][lists->counts[level]++] = item;
            return BOUGH_OK;
        }
        BOUGH_TRY(put_list(store, lists, level, &list));
        lists->items[level][lists->counts[level]++] = item;
        item = list;
        level++;
    }
}

/* The highest level that has items; 0 if none has. */
static uint32_t top_level(const struct value_chunk_lists *lists)
{
    uint32_t top = 0;

    for (uint32_t i = 0; i < VALUE_CHUNK_LEVELS_MAX; i++) {
        if (lists->counts[i] > 0)
            top = i;
    }
    return top;
}

enum bough_err value_chunk_finish(struct bough_store *store, struct value_chunk_lists *lists,
                                  struct value_chunk *top)
{
    for (uint32_t level = 0;; level++) {
        BOUGH_TRY(put_list(store, lists, level, top));
        if (level >= top_level(lists) && lists->counts[top_level(lists)] == 0)
            return BOUGH_OK;
        BOUGH_TRY(value_chunk_append(store, lists, level + 1, top));
    }
}

/* Takes one list apart: all items but the last into `lists`, the last one into *last. */
static enum bough_err resume_list(struct bough_store *store, const struct bough_object *object,
                                  uint64_t size_bytes, uint32_t *level,
                                  struct value_chunk_lists *lists, struct value_chunk *last)
{
    struct decode in = decode_from(object->bytes);
    uint32_t own_level = decode_u8(&in);
    uint32_t count = object->address_count;
    uint64_t left_bytes = size_bytes;
    const struct bough_link list = last->link;

    if (own_level >= *level || count == 0 || count > VALUE_CHUNK_LIST_MAX ||
        (*level < VALUE_CHUNK_LEVELS_MAX && own_level + 1 != *level))
        return object_corrupt(store, &list, "a chunk list of the wrong level");
    for (uint32_t i = 0; i < count; i++) {
        last->size_bytes = decode_varint(&in);
        last->link = (struct bough_link){.name = decode_hash(&in), .address = object->addresses[i]};
        if (in.bad || last->size_bytes > left_bytes)
            return object_corrupt(store, &list, "a chunk list of another size than promised");
        left_bytes -= last->size_bytes;
        if (i + 1 < count)
            lists->items[own_level][i] = *last;
    }
    if (in.left > 0 || left_bytes > 0)
        return object_corrupt(store, &list, "a chunk list of another size than promised");
    lists->counts[own_level] = count - 1;
    *level = own_level;
    return BOUGH_OK;
}

enum bough_err value_chunk_resume(struct bough_store *store, const struct bough_link *link,
                                  uint64_t size_bytes, struct bough_arena *arena,
                                  struct value_chunk_lists *lists, struct value_chunk *last)
{
    uint32_t level = VALUE_CHUNK_LEVELS_MAX;

    *last = (struct value_chunk){.size_bytes = size_bytes, .link = *link};
    while (level > 0) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        struct bough_object object;

        BOUGH_TRY(object_get_kind(store, &last->link, BOUGH_KIND_CHUNKS, arena, &object));
        BOUGH_TRY(resume_list(store, &object, last->size_bytes, &level, lists, last));
        bough_arena_back(arena, mark);
    }
    if (last->size_bytes == 0 || last->size_bytes > VALUE_CHUNK_BYTES_MAX)
        return object_corrupt(store, &last->link, "a chunk of a size that none has");
    return BOUGH_OK;
}

/* Where a reader of lists stands: what is left to copy. */
struct wanted {
    uint64_t offset; /* into the object at hand */
    uint8_t *into;
    size_t len;
};

static enum bough_err read_object(struct bough_store *store, const struct bough_link *link,
                                  uint64_t size_bytes, struct wanted *wanted, int level,
                                  struct bough_arena *arena);

/* Copies from the items of a list, which hold `size_bytes` together; what is wanted beyond them is
 * in the next list. */
static enum bough_err read_list(struct bough_store *store, const struct bough_link *link,
                                uint64_t size_bytes, const struct bough_object *object,
                                struct wanted *wanted, int level, struct bough_arena *arena)
{
    struct decode in = decode_from(object->bytes);
    uint8_t own_level = decode_u8(&in);
    uint64_t left_bytes = size_bytes;

    if (own_level >= VALUE_CHUNK_LEVELS_MAX || (level >= 0 && own_level != level))
        return object_corrupt(store, link, "a chunk list of the wrong level");
    for (uint32_t i = 0; wanted->len > 0 && left_bytes > 0; i++) {
        uint64_t size = decode_varint(&in);
        struct bough_link item = {.name = decode_hash(&in)};

        if (in.bad || i >= object->address_count || size > left_bytes)
            return object_corrupt(store, link, "a chunk list of another size than promised");
        left_bytes -= size;
        if (wanted->offset >= size) {
            wanted->offset -= size;
            continue;
        }
        item.address = object->addresses[i];
        BOUGH_TRY(read_object(store, &item, size, wanted, own_level - 1, arena));
        wanted->offset = 0;
    }
    return BOUGH_OK;
}

/* Copies what is wanted of one object, which holds `size_bytes`; `level` is that of the list it
 * must be, -1 for a chunk, -2 if not known. */
static enum bough_err read_object(struct bough_store *store, const struct bough_link *link,
                                  uint64_t size_bytes, struct wanted *wanted, int level,
                                  struct bough_arena *arena)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct bough_object object;
    uint64_t there;
    enum bough_err err = object_get(store, link, arena, &object);

    if (err != BOUGH_OK)
        goto out;
    if (object.kind == BOUGH_KIND_CHUNKS && level != -1) {
        err = read_list(store, link, size_bytes, &object, wanted, level, arena);
        goto out;
    }
    if (object.kind != BOUGH_KIND_VALUE || level >= 0 || object.bytes.len != size_bytes) {
        err = object_corrupt(store, link, "not the chunk that was promised");
        goto out;
    }
    assert(wanted->offset <= size_bytes);
    there = size_bytes - wanted->offset;
    if (there > wanted->len)
        there = wanted->len;
    memcpy(wanted->into, object.bytes.at + wanted->offset, (size_t)there);
    wanted->into += there;
    wanted->len -= (size_t)there;
out:
    bough_arena_back(arena, mark);
    return err;
}

enum bough_err value_chunk_read(struct bough_store *store, const struct bough_link *link,
                                uint64_t size_bytes, uint64_t offset, uint8_t *into, size_t len,
                                struct bough_arena *arena)
{
    struct wanted wanted = {.offset = offset, .into = into, .len = len};

    assert(offset <= size_bytes && len <= size_bytes - offset);
    return read_object(store, link, size_bytes, &wanted, -2, arena);
}
