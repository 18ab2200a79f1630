/* SPDX-License-Identifier: ISC
 *
 * journal_object.c - objects as records: whole, or as a patch of another one.
 *
 *   payload := [base:u64] content                         (journal_format.h)
 *
 *   (1) A base is a whole object, so a patched one costs one read more, never two.
 */
#include "journal_object.h"
#include "decode.h"
#include "encode.h"
#include "journal_place.h"
#include "journal_read.h"
#include "journal_write.h"
#include "patch.h"

#define ADDRESS_BYTES 8u

/* Addresses as they stand on the device. */
static void encode_addresses(const struct bough_object *object, struct encode *out)
{
    for (uint32_t i = 0; i < object->address_count; i++)
        encode_u64(out, object->addresses[i]);
    assert(!out->overflow);
}

uint64_t journal_object_bytes_max(const struct bough_object *object)
{
    return JOURNAL_RECORD_HEADER + JOURNAL_ALIGNMENT + object->bytes.len +
           (uint64_t)object->address_count * ADDRESS_BYTES;
}

enum bough_err journal_object_put(struct journal *journal, const struct bough_object *object,
                                  uint64_t *address)
{
    size_t len = (size_t)object->address_count * ADDRESS_BYTES;
    uint8_t small[64 * ADDRESS_BYTES];
    struct bough_heap *heap = journal->env->heap;
    struct encode out;
    enum bough_err err;

    if (object->patch.len > 0) {
        out = encode_into(small, sizeof(small));
        encode_u64(&out, object->base);
        return journal_write_record(journal, (uint8_t)object->kind | JOURNAL_KIND_BASED,
                                    (uint16_t)object->address_count, bough_bytes_of(small, out.len),
                                    object->patch, address);
    }
    out = len <= sizeof(small) ? encode_into(small, sizeof(small))
                               : encode_into(bough_heap_take(heap, len), len);
    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_addresses(object, &out);
    err = journal_write_record(journal, (uint8_t)object->kind, (uint16_t)object->address_count,
                               object->bytes, bough_bytes_of(out.at, len), address);
    if (out.at != small)
        bough_heap_give(heap, out.at, len);
    return err;
}

/* The content of an object's record: its payload without the base; *base is 0 for none. */
static enum bough_err content_of(const struct journal_record *record, struct bough_bytes payload,
                                 struct bough_bytes *content, uint64_t *base)
{
    struct decode in = decode_from(payload);
    uint8_t plain = record->kind & (uint8_t)~JOURNAL_KIND_BASED;

    *base = 0;
    if (plain < BOUGH_KIND_VALUE || plain > BOUGH_KIND_CHUNKS)
        return BOUGH_CORRUPT;
    if ((record->kind & JOURNAL_KIND_BASED) != 0) {
        *base = decode_u64(&in);
        if (*base == 0)
            return BOUGH_CORRUPT;
    }
    *content = bough_bytes_of(in.at, in.left);
    return in.bad ? BOUGH_CORRUPT : BOUGH_OK;
}

/* Splits a whole content into an object's bytes and addresses. */
static enum bough_err split(struct bough_bytes content, uint32_t address_count,
                            struct bough_bytes *bytes, struct bough_bytes *addresses)
{
    size_t len = (size_t)address_count * ADDRESS_BYTES;

    if (len > content.len)
        return BOUGH_CORRUPT;
    *bytes = bough_bytes_of(content.at, content.len - len);
    *addresses = bough_bytes_of(content.at + bytes->len, len);
    return BOUGH_OK;
}

/* Reads the record at an address, wherever it is now. */
static enum bough_err read_content(struct journal *journal, uint64_t address,
                                   struct bough_arena *arena, struct journal_record *record,
                                   struct bough_bytes *content, uint64_t *base)
{
    struct bough_bytes payload;
    uint64_t now;

    BOUGH_TRY(journal_place_find(journal, address, &now));
    BOUGH_TRY(journal_read_record(journal, now, arena, record, &payload));
    return content_of(record, payload, content, base);
}

/* Makes bytes and addresses of those of the base. */
static enum bough_err apply(struct journal *journal, uint64_t base, struct bough_bytes patch,
                            struct bough_arena *arena, struct bough_bytes *bytes,
                            struct bough_bytes *addresses)
{
    struct decode in = decode_from(patch);
    struct journal_record record;
    struct bough_bytes content;
    struct bough_bytes base_bytes;
    struct bough_bytes base_addresses;
    uint64_t deeper;

    BOUGH_TRY(read_content(journal, base, arena, &record, &content, &deeper));
    if (deeper != 0)
        return BOUGH_CORRUPT;
    BOUGH_TRY(split(content, record.address_count, &base_bytes, &base_addresses));
    BOUGH_TRY(patch_apply(&in, base_bytes, 1, JOURNAL_RECORD_BYTES_MAX, arena, bytes));
    BOUGH_TRY(patch_apply(&in, base_addresses, ADDRESS_BYTES, UINT16_MAX * ADDRESS_BYTES, arena,
                          addresses));
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

enum bough_err journal_object_get(struct journal *journal, uint64_t address,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct journal_record record;
    struct bough_bytes content;
    struct bough_bytes addresses;
    struct decode in;
    uint64_t *into;

    *object = (struct bough_object){0};
    BOUGH_TRY(read_content(journal, address, arena, &record, &content, &object->base));
    if (object->base != 0)
        BOUGH_TRY(apply(journal, object->base, content, arena, &object->bytes, &addresses));
    else
        BOUGH_TRY(split(content, record.address_count, &object->bytes, &addresses));
    if (addresses.len != (size_t)record.address_count * ADDRESS_BYTES)
        return BOUGH_CORRUPT;
    into = bough_arena_zeros(arena, record.address_count, sizeof(*into));
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    in = decode_from(addresses);
    for (uint32_t i = 0; i < record.address_count; i++)
        into[i] = decode_u64(&in);
    object->kind = (enum bough_kind)(record.kind & (uint8_t)~JOURNAL_KIND_BASED);
    object->addresses = into;
    object->address_count = record.address_count;
    return BOUGH_OK;
}
