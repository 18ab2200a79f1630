/* SPDX-License-Identifier: ISC
 *
 * journal_format.c - the bytes of a store on a block device, there and back; and a first writing of
 * them.  The layout is in journal_format.h.
 *
 * Formatting writes the superblocks last: until then the device still holds what it held, and the
 * log behind them cannot be mistaken for an older one because the new uuid begins every CRC.
 */
#include "journal_format.h"
#include "bough/journal.h"
#include "decode.h"
#include "encode.h"
#include "hash.h"
#include "identity.h"
#include <assert.h>
#include <libdeflate.h>

const uint8_t journal_format_magic[8] = {'b', 'o', 'u', 'g', 'h', '\n', 0x1a, 0x00};

#define COPY 0x80u /* in the byte of `settled` */

#define SUPER_CHECKED_BYTES (JOURNAL_SUPER_BYTES - BOUGH_HASH_BYTES)

uint32_t journal_format_unit(uint32_t block_size)
{
    return block_size > JOURNAL_UNIT_BYTES_MIN ? block_size : JOURNAL_UNIT_BYTES_MIN;
}

void journal_format_super_put(const struct journal_super *super, uint8_t *into)
{
    struct encode out = encode_into(into, JOURNAL_SUPER_BYTES);
    struct bough_hash check;

    encode_raw(&out, bough_bytes_of(journal_format_magic, sizeof(journal_format_magic)));
    encode_u32(&out, super->version);
    encode_u32(&out, super->unit_bytes);
    encode_u64(&out, super->device_bytes);
    encode_u64(&out, super->segment_bytes);
    encode_u32(&out, super->segment_count);
    encode_raw(&out, bough_bytes_of(super->identity.uuid, sizeof(super->identity.uuid)));
    encode_raw(&out, bough_bytes_of(super->identity.salt, sizeof(super->identity.salt)));
    encode_u32(&out, super->identity.leaf_window_bytes);
    encode_u32(&out, super->identity.inner_window_bytes);
    encode_u64(&out, super->checkpoint);
    encode_u64(&out, super->opening);
    encode_u64(&out, super->count);
    encode_u64(&out, super->head);
    encode_u64(&out, super->sequence);
    encode_hash(&out, &super->chain);
    hash_of(JOURNAL_DOMAIN_SUPER, bough_bytes_of(into, out.len), &check);
    encode_hash(&out, &check);
    assert(!out.overflow && out.len == JOURNAL_SUPER_BYTES);
}

enum bough_err journal_format_super_get(const uint8_t *from, struct journal_super *super)
{
    struct decode in = decode_from(bough_bytes_of(from, JOURNAL_SUPER_BYTES));
    struct bough_bytes magic = decode_raw(&in, sizeof(journal_format_magic));
    struct bough_hash expected;
    struct bough_hash found;

    if (memcmp(magic.at, journal_format_magic, magic.len) != 0)
        return BOUGH_INVALID;
    *super = (struct journal_super){.version = decode_u32(&in)};
    if (super->version != JOURNAL_VERSION)
        return BOUGH_WRONG_VERSION;
    super->unit_bytes = decode_u32(&in);
    super->device_bytes = decode_u64(&in);
    super->segment_bytes = decode_u64(&in);
    super->segment_count = decode_u32(&in);
    memcpy(super->identity.uuid, decode_raw(&in, 16).at, 16);
    memcpy(super->identity.salt, decode_raw(&in, 16).at, 16);
    super->identity.leaf_window_bytes = decode_u32(&in);
    super->identity.inner_window_bytes = decode_u32(&in);
    super->checkpoint = decode_u64(&in);
    super->opening = decode_u64(&in);
    super->count = decode_u64(&in);
    super->head = decode_u64(&in);
    super->sequence = decode_u64(&in);
    super->chain = decode_hash(&in);
    found = decode_hash(&in);
    assert(!in.bad && in.left == 0);
    hash_of(JOURNAL_DOMAIN_SUPER, bough_bytes_of(from, SUPER_CHECKED_BYTES), &expected);
    return bough_hash_equal(&found, &expected) ? BOUGH_OK : BOUGH_CORRUPT;
}

uint32_t journal_format_crc_begin(const struct bough_identity *identity)
{
    return journal_format_crc_add(0, bough_bytes_of(identity->uuid, sizeof(identity->uuid)));
}

uint32_t journal_format_crc_at(uint32_t begin, uint8_t kind, uint64_t position)
{
    uint8_t field[8];
    struct encode out = encode_into(field, sizeof(field));

    if (kind == JOURNAL_KIND_GROUP || kind == JOURNAL_KIND_SEGMENT)
        return begin; /* recovery must know them wherever they went astray to */
    encode_u64(&out, position);
    return journal_format_crc_add(begin, bough_bytes_of(field, sizeof(field)));
}

uint32_t journal_format_crc_header(uint32_t begin, uint8_t kind, uint64_t position,
                                   const uint8_t *header)
{
    uint8_t both[8 + JOURNAL_RECORD_HEADER - 4];
    struct encode out = encode_into(both, sizeof(both));

    if (kind != JOURNAL_KIND_GROUP && kind != JOURNAL_KIND_SEGMENT)
        encode_u64(&out, position);
    encode_raw(&out, bough_bytes_of(header + 4, JOURNAL_RECORD_HEADER - 4));
    assert(!out.overflow);
    return journal_format_crc_add(begin, bough_bytes_of(both, out.len));
}

uint32_t journal_format_crc_add(uint32_t crc, struct bough_bytes bytes)
{
    return bytes.len == 0 ? crc : libdeflate_crc32(crc, bytes.at, bytes.len);
}

uint32_t journal_format_crc_list(uint32_t list, uint32_t crc)
{
    uint8_t field[4];
    struct encode out = encode_into(field, sizeof(field));

    encode_u32(&out, crc);
    return journal_format_crc_add(list, bough_bytes_of(field, sizeof(field)));
}

void journal_format_record_put(const struct journal_record *record, uint8_t *into)
{
    struct encode out = encode_into(into, JOURNAL_RECORD_HEADER);

    encode_u32(&out, record->crc);
    encode_u32(&out, record->payload_len);
    encode_u8(&out, record->kind);
    assert(record->settled < COPY);
    encode_u8(&out, record->settled | (record->copy ? COPY : 0));
    encode_u16(&out, record->address_count);
    encode_u32(&out, record->nonce);
    assert(!out.overflow && out.len == JOURNAL_RECORD_HEADER);
}

void journal_format_record_get(const uint8_t *from, struct journal_record *record)
{
    struct decode in = decode_from(bough_bytes_of(from, JOURNAL_RECORD_HEADER));

    record->crc = decode_u32(&in);
    record->payload_len = decode_u32(&in);
    record->kind = decode_u8(&in);
    record->settled = decode_u8(&in);
    record->copy = (record->settled & COPY) != 0;
    record->settled &= (uint8_t)~COPY;
    record->address_count = decode_u16(&in);
    record->nonce = decode_u32(&in);
}

bool journal_format_is_object(uint8_t record_kind, enum bough_kind *kind)
{
    uint8_t plain = record_kind & (uint8_t) ~(JOURNAL_KIND_BASED | JOURNAL_KIND_BEFORE);

    if (plain < BOUGH_KIND_VALUE || plain > BOUGH_KIND_CHUNKS)
        return false;
    *kind = (enum bough_kind)plain;
    return true;
}

uint64_t journal_format_record_bytes(const struct journal_record *record)
{
    uint64_t bytes = (uint64_t)JOURNAL_RECORD_HEADER + record->payload_len;

    if (bytes < JOURNAL_RECORD_MIN)
        bytes = JOURNAL_RECORD_MIN;
    return (bytes + JOURNAL_ALIGNMENT - 1) & ~(uint64_t)(JOURNAL_ALIGNMENT - 1);
}

void journal_format_root_put(const struct journal_root *root, uint8_t *into)
{
    struct encode out = encode_into(into, JOURNAL_ROOT_BYTES);

    encode_u64(&out, root->root.generation);
    encode_hash(&out, &root->root.state.name);
    encode_u64(&out, root->root.state.address);
    encode_u32(&out, root->record_count);
    encode_u32(&out, root->records_crc);
    assert(!out.overflow && out.len == JOURNAL_ROOT_BYTES);
}

void journal_format_root_get(const uint8_t *from, struct journal_root *root)
{
    struct decode in = decode_from(bough_bytes_of(from, JOURNAL_ROOT_BYTES));

    root->root.generation = decode_u64(&in);
    root->root.state.name = decode_hash(&in);
    root->root.state.address = decode_u64(&in);
    root->record_count = decode_u32(&in);
    root->records_crc = decode_u32(&in);
}

uint64_t journal_format_segment_at(const struct journal_super *super, uint32_t segment)
{
    return 2 * (uint64_t)super->unit_bytes + segment * super->segment_bytes;
}

uint64_t journal_format_segment_of(const struct journal_super *super, uint64_t offset)
{
    uint64_t start = 2 * (uint64_t)super->unit_bytes;

    return offset < start ? super->segment_count : (offset - start) / super->segment_bytes;
}

uint64_t journal_format_device_bytes(const struct bough_block *dev)
{
    return dev->block_count * dev->block_size;
}

void journal_format_places(const struct bough_block *dev, uint64_t places[3])
{
    uint32_t unit = journal_format_unit(dev->block_size);

    places[0] = 0;
    places[1] = unit;
    places[2] = (journal_format_device_bytes(dev) / unit - 1) * unit;
}

/* The least device: two superblocks, the fewest segments, a superblock. */
static uint64_t least_bytes(const struct bough_block *dev)
{
    return (uint64_t)JOURNAL_SEGMENTS_MIN * JOURNAL_SEGMENT_BYTES_MIN +
           3 * (uint64_t)journal_format_unit(dev->block_size);
}

enum bough_err journal_format_check_size(struct bough_env *env, const struct bough_block *dev)
{
    uint64_t bytes = journal_format_device_bytes(dev);
    uint64_t least = least_bytes(dev);

    if (bytes >= least && bytes <= JOURNAL_DEVICE_BYTES_MAX)
        return BOUGH_OK;
    bough_log(env->log, BOUGH_ERROR, "journal", "a device of %llu bytes; %llu to %llu are possible",
              (unsigned long long)bytes, (unsigned long long)least,
              (unsigned long long)JOURNAL_DEVICE_BYTES_MAX);
    return BOUGH_TOO_BIG;
}

/* The bytes between the superblocks. */
static uint64_t room_of(const struct journal_super *super)
{
    return super->device_bytes / super->unit_bytes * super->unit_bytes -
           3 * (uint64_t)super->unit_bytes;
}

uint32_t journal_format_segment_count(const struct journal_super *super)
{
    uint64_t count = room_of(super) / super->segment_bytes;

    return count < JOURNAL_SEGMENTS_MAX ? (uint32_t)count : JOURNAL_SEGMENTS_MAX;
}

/* Chunks of values have 256 KiB at most; a segment should hold one. */
#define SEGMENT_BYTES_GOOD (512u << 10)

/* Sixty-four segments or more, of a power of two within the limits; of less than SEGMENT_BYTES_GOOD
 * only on a tiny device. */
static void choose_segments(struct journal_super *super)
{
    uint64_t room = room_of(super);

    super->segment_bytes = SEGMENT_BYTES_GOOD;
    while (super->segment_bytes > JOURNAL_SEGMENT_BYTES_MIN &&
           room / super->segment_bytes < JOURNAL_SEGMENTS_MIN)
        super->segment_bytes /= 2;
    while (super->segment_bytes < JOURNAL_SEGMENT_BYTES_MAX && room / super->segment_bytes >= 128)
        super->segment_bytes *= 2;
    while (room / super->segment_bytes > JOURNAL_SEGMENTS_MAX)
        super->segment_bytes *= 2;
    super->segment_count = journal_format_segment_count(super);
}

/* Clears where the first group will be, so that an old log is not surveyed, then writes the copies,
 * the first one last. */
static enum bough_err write_copies(struct bough_block *dev, const struct journal_super *super,
                                   uint8_t *unit)
{
    uint32_t blocks = super->unit_bytes / dev->block_size;
    uint64_t places[3];

    BOUGH_TRY(bough_block_write(dev, journal_format_segment_at(super, 0) / dev->block_size, blocks,
                                unit));
    journal_format_super_put(super, unit);
    journal_format_places(dev, places);
    for (unsigned i = 3; i-- > 0;) {
        BOUGH_TRY(bough_block_write(dev, places[i] / dev->block_size, blocks, unit));
        BOUGH_TRY(bough_block_flush(dev));
    }
    return BOUGH_OK;
}

enum bough_err bough_journal_format(struct bough_env *env, struct bough_block *dev,
                                    const struct bough_identity *identity)
{
    struct journal_super super = {
        .version = JOURNAL_VERSION,
        .unit_bytes = journal_format_unit(dev->block_size),
        .device_bytes = journal_format_device_bytes(dev),
    };
    uint8_t *unit;
    enum bough_err err;

    BOUGH_TRY(journal_format_check_size(env, dev));
    BOUGH_TRY(identity_choose(env, identity, &super.identity));
    choose_segments(&super);
    super.head = journal_format_segment_at(&super, 0);
    super.opening = 1;
    unit = bough_heap_take(env->heap, super.unit_bytes);
    if (unit == NULL)
        return BOUGH_NO_MEMORY;
    memset(unit, 0, super.unit_bytes);
    err = write_copies(dev, &super, unit);
    bough_heap_give(env->heap, unit, super.unit_bytes);
    bough_log(env->log, err == BOUGH_OK ? BOUGH_INFO : BOUGH_ERROR, "journal",
              "formatted %llu KiB, %u segments of %llu KiB: %s",
              (unsigned long long)(super.device_bytes >> 10), super.segment_count,
              (unsigned long long)(super.segment_bytes >> 10), bough_err_name(err));
    return err;
}
