/* SPDX-License-Identifier: ISC
 *
 * journal_object.c - objects as records: whole, or as a patch of another one.
 *
 *   payload := [base:u64] [before:u64] content             (journal_format.h)
 *
 *   (1) The base of what is put is kept whole then, so that it costs one read more, never two.
 *   (2) Collection may settle that base on others later.  What it settles leans only on what was
 *       settled before, by JOURNAL_CHAIN_MAX steps at most; so no object needs more reads than
 *       READS_MAX.
 */
#include "journal_object.h"
#include "decode.h"
#include "journal_place.h"
#include "journal_read.h"
#include "journal_write.h"
#include "patch_diff.h"

#define ADDRESS_BYTES 8u
#define READS_MAX     (JOURNAL_CHAIN_MAX + 2u)

/* Addresses as they stand on the device. */
static void encode_addresses(const struct bough_object *object, struct encode *out)
{
    for (uint32_t i = 0; i < object->address_count; i++)
        encode_u64(out, object->addresses[i]);
    assert(!out->overflow);
}

uint64_t journal_object_bytes_max(const struct bough_object *object)
{
    return JOURNAL_RECORD_HEADER + JOURNAL_ALIGNMENT + 2 * ADDRESS_BYTES + object->bytes.len +
           (uint64_t)object->address_count * ADDRESS_BYTES;
}

/* Appends an object's record, whose addresses are encoded already if it has no patch. */
static enum bough_err put(struct journal *journal, const struct bough_object *object,
                          struct bough_bytes addresses, struct journal_object_as as,
                          uint64_t *address)
{
    bool based = object->patch.len > 0;
    bool says_before = object->before != 0 && !(based && object->before == object->base);
    uint8_t front[2 * ADDRESS_BYTES];
    struct encode out = encode_into(front, sizeof(front));
    struct bough_bytes parts[3];
    struct journal_record shape = {
        .kind = (uint8_t)object->kind,
        .settled = as.settled,
        .copy = as.copy,
        .address_count = (uint16_t)object->address_count,
    };

    assert(object->address_count <= UINT16_MAX && !(based && object->base == 0));
    if (based)
        encode_u64(&out, object->base);
    if (says_before)
        encode_u64(&out, object->before);
    shape.kind |= based ? JOURNAL_KIND_BASED : 0;
    shape.kind |= says_before ? JOURNAL_KIND_BEFORE : 0;
    parts[0] = bough_bytes_of(front, out.len);
    parts[1] = based ? object->patch : object->bytes;
    parts[2] = addresses;
    return journal_write_record(journal, &shape, parts, based ? 2 : 3, address);
}

enum bough_err journal_object_put(struct journal *journal, const struct bough_object *object,
                                  struct journal_object_as as, uint64_t *address)
{
    size_t len = (size_t)object->address_count * ADDRESS_BYTES;
    uint8_t small[64 * ADDRESS_BYTES];
    struct bough_heap *heap = journal->env->heap;
    struct encode out;
    enum bough_err err;

    if (object->patch.len > 0)
        return put(journal, object, (struct bough_bytes){0}, as, address);
    out = len <= sizeof(small) ? encode_into(small, sizeof(small))
                               : encode_into(bough_heap_take(heap, len), len);
    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_addresses(object, &out);
    err = put(journal, object, bough_bytes_of(out.at, len), as, address);
    if (out.at != small)
        bough_heap_give(heap, out.at, len);
    return err;
}

/* An object's addresses as they stand on the device, in `arena`. */
static enum bough_err addresses_of(const struct bough_object *object, struct bough_arena *arena,
                                   struct bough_bytes *addresses)
{
    size_t len = object->address_count * ADDRESS_BYTES;
    struct encode out = encode_into(bough_arena_take(arena, len), len);

    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_addresses(object, &out);
    *addresses = bough_bytes_of(out.at, out.len);
    return BOUGH_OK;
}

enum bough_err journal_object_diff(const struct bough_object *base,
                                   const struct bough_object *object, struct bough_arena *arena,
                                   struct encode *out)
{
    struct bough_bytes base_addresses;
    struct bough_bytes addresses;

    BOUGH_TRY(addresses_of(base, arena, &base_addresses));
    BOUGH_TRY(addresses_of(object, arena, &addresses));
    BOUGH_TRY(patch_diff(base->bytes, object->bytes, 1, arena, out));
    return patch_diff(base_addresses, addresses, ADDRESS_BYTES, arena, out);
}

enum bough_err journal_object_front(const struct journal_record *record, struct bough_bytes payload,
                                    struct journal_object_front *front)
{
    struct decode in = decode_from(payload);
    enum bough_kind kind;

    *front = (struct journal_object_front){0};
    if (!journal_format_is_object(record->kind, &kind))
        return BOUGH_CORRUPT;
    if ((record->kind & JOURNAL_KIND_BASED) != 0) {
        front->base = decode_u64(&in);
        front->before = front->base;
        if (front->base == 0)
            return BOUGH_CORRUPT;
    }
    if ((record->kind & JOURNAL_KIND_BEFORE) != 0)
        front->before = decode_u64(&in);
    front->content = bough_bytes_of(in.at, in.left);
    return in.bad ? BOUGH_CORRUPT : BOUGH_OK;
}

enum bough_err journal_object_read(struct journal *journal, uint64_t address,
                                   struct bough_arena *arena, struct journal_record *record,
                                   struct journal_object_front *front)
{
    struct bough_bytes payload;
    uint64_t now;

    BOUGH_TRY(journal_place_find(journal, address, &now));
    BOUGH_TRY(journal_read_record(journal, now, arena, record, &payload));
    return journal_object_front(record, payload, front);
}

/* An object's record, or that of one which it leans on. */
struct layer {
    struct journal_record record;
    struct journal_object_front front;
};

/* Reads the records that make an object: its own first, a whole one last. */
static enum bough_err read_layers(struct journal *journal, uint64_t address,
                                  struct bough_arena *arena, struct layer layers[READS_MAX],
                                  unsigned *count)
{
    for (*count = 0; *count < READS_MAX;) {
        struct layer *layer = &layers[(*count)++];

        BOUGH_TRY(journal_object_read(journal, address, arena, &layer->record, &layer->front));
        address = layer->front.base;
        if (address == 0)
            return BOUGH_OK;
    }
    return BOUGH_CORRUPT;
}

/* Splits a whole content into an object's bytes and addresses. */
static enum bough_err split(const struct layer *whole, struct bough_bytes *bytes,
                            struct bough_bytes *addresses)
{
    struct bough_bytes content = whole->front.content;
    size_t len = (size_t)whole->record.address_count * ADDRESS_BYTES;

    if (len > content.len)
        return BOUGH_CORRUPT;
    *bytes = bough_bytes_of(content.at, content.len - len);
    *addresses = bough_bytes_of(content.at + bytes->len, len);
    return BOUGH_OK;
}

/* Makes bytes and addresses, which are those of the base, those of a layer on it. */
static enum bough_err apply(const struct layer *layer, struct bough_arena *arena,
                            struct bough_bytes *bytes, struct bough_bytes *addresses)
{
    struct decode in = decode_from(layer->front.content);

    BOUGH_TRY(patch_apply(&in, *bytes, 1, JOURNAL_RECORD_BYTES_MAX, arena, bytes));
    BOUGH_TRY(
        patch_apply(&in, *addresses, ADDRESS_BYTES, UINT16_MAX * ADDRESS_BYTES, arena, addresses));
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

/* Decodes an object's addresses. */
static enum bough_err decode_addresses(struct bough_bytes addresses, struct bough_arena *arena,
                                       struct bough_object *object)
{
    struct decode in = decode_from(addresses);
    uint64_t *into;

    if (addresses.len != (size_t)object->address_count * ADDRESS_BYTES)
        return BOUGH_CORRUPT;
    into = bough_arena_zeros(arena, object->address_count, sizeof(*into));
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < object->address_count; i++)
        into[i] = decode_u64(&in);
    object->addresses = into;
    return BOUGH_OK;
}

enum bough_err journal_object_get(struct journal *journal, uint64_t address,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct layer layers[READS_MAX];
    struct bough_bytes addresses;
    unsigned count;

    *object = (struct bough_object){0};
    BOUGH_TRY(read_layers(journal, address, arena, layers, &count));
    BOUGH_TRY(split(&layers[count - 1], &object->bytes, &addresses));
    for (unsigned i = count - 1; i-- > 0;)
        BOUGH_TRY(apply(&layers[i], arena, &object->bytes, &addresses));
    (void)journal_format_is_object(layers[0].record.kind, &object->kind);
    object->base = layers[0].front.base;
    object->before = layers[0].front.before;
    object->settled = layers[0].record.settled > 0;
    object->settled_count = journal->base.settled_count;
    object->address_count = layers[0].record.address_count;
    return decode_addresses(addresses, arena, object);
}
