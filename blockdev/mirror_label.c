/* SPDX-License-Identifier: ISC
 *
 * mirror_label.c - what a copy of a mirror says about itself.
 *
 * Two slots, written one after the other, each flushed.  A label counts once it is in both: so
 * whichever slot is torn or rots, the other holds the newest label that counts, or one that was
 * about to.
 */
#include "mirror_label.h"
#include "decode.h"
#include "encode.h"
#include "hash.h"

#define VERSION     1u
#define HASH_DOMAIN 0x6d6cu
#define BODY_BYTES  196u
#define PIECE_BYTES 65536u
#define BLANK_BYTES (BOUGH_MIRROR_LABEL_BYTES + (1u << 20))

static const uint8_t magic[8] = {'b', 'o', 'u', 'g', 'h', 'm', '\n', 0x1a};

_Static_assert(BODY_BYTES + BOUGH_HASH_BYTES <= 512, "a label is written as a whole");

bool mirror_label_has_magic(const uint8_t *at)
{
    return memcmp(at, magic, sizeof(magic)) == 0;
}

void mirror_label_encode(const struct mirror_label *label, uint8_t into[512])
{
    struct encode out = encode_into(into, 512);
    struct bough_hash hash;

    memset(into, 0, 512);
    encode_raw(&out, bough_bytes_of(magic, sizeof(magic)));
    encode_u32(&out, VERSION);
    encode_u32(&out, label->block_size);
    encode_raw(&out, bough_bytes_of(label->uuid, sizeof(label->uuid)));
    encode_u64(&out, label->ids[0]);
    encode_u64(&out, label->ids[1]);
    encode_u8(&out, label->index);
    encode_u8(&out, label->in);
    encode_u16(&out, (uint16_t)label->dirty_count);
    encode_u64(&out, label->event);
    encode_u64(&out, label->block_count);
    for (uint32_t i = 0; i < MIRROR_LABEL_DIRTY_MAX; i++)
        encode_u64(&out, i < label->dirty_count ? label->dirty[i] : 0);
    assert(!out.overflow && out.len == BODY_BYTES);
    hash_of(HASH_DOMAIN, bough_bytes_of(into, BODY_BYTES), &hash);
    encode_hash(&out, &hash);
}

/* BOUGH_NOT_FOUND: the slot was never written. */
static enum bough_err parse(const uint8_t *at, struct mirror_label *label)
{
    struct decode in = decode_from(bough_bytes_of(at, BODY_BYTES));
    struct bough_hash hash;
    uint32_t version;

    if (at[0] == 0 && memcmp(at, at + 1, 511) == 0)
        return BOUGH_NOT_FOUND;
    if (!mirror_label_has_magic(at))
        return BOUGH_INVALID;
    (void)decode_u64(&in);
    version = decode_u32(&in);
    hash_of(HASH_DOMAIN, bough_bytes_of(at, BODY_BYTES), &hash);
    if (memcmp(hash.at, at + BODY_BYTES, BOUGH_HASH_BYTES) != 0)
        return BOUGH_CORRUPT;
    if (version != VERSION)
        return BOUGH_WRONG_VERSION;
    *label = (struct mirror_label){.block_size = decode_u32(&in)};
    memcpy(label->uuid, decode_raw(&in, 16).at, 16);
    label->ids[0] = decode_u64(&in);
    label->ids[1] = decode_u64(&in);
    label->index = decode_u8(&in);
    label->in = decode_u8(&in);
    label->dirty_count = decode_u16(&in);
    label->event = decode_u64(&in);
    label->block_count = decode_u64(&in);
    for (uint32_t i = 0; i < MIRROR_LABEL_DIRTY_MAX; i++)
        label->dirty[i] = decode_u64(&in);
    if (in.bad || label->index > 1 || label->in == 0 || label->in > 3 ||
        label->dirty_count > MIRROR_LABEL_DIRTY_MAX)
        return BOUGH_CORRUPT;
    return BOUGH_OK;
}

/* Whether everything where a label and the beginning of a store would be is zero. */
static enum bough_err is_blank(struct bough_block *dev, uint8_t *piece, bool *blank)
{
    uint32_t blocks = PIECE_BYTES / dev->block_size;

    *blank = true;
    for (uint64_t at = 0; at < BLANK_BYTES / dev->block_size && *blank; at += blocks) {
        uint64_t left = dev->block_count - at;
        uint32_t count = left < blocks ? (uint32_t)left : blocks;

        if (count == 0)
            return BOUGH_OK;
        BOUGH_TRY(bough_block_read(dev, at, count, piece));
        *blank =
            piece[0] == 0 && memcmp(piece, piece + 1, (size_t)count * dev->block_size - 1) == 0;
    }
    return BOUGH_OK;
}

/* The most telling of the errors of two slots. */
static enum bough_err worse(enum bough_err a, enum bough_err b)
{
    if (a == BOUGH_WRONG_VERSION || b == BOUGH_WRONG_VERSION)
        return BOUGH_WRONG_VERSION;
    if (a == BOUGH_CORRUPT || b == BOUGH_CORRUPT)
        return BOUGH_CORRUPT;
    return BOUGH_INVALID;
}

/* A label that was written through blocks of another size, as a machine and its host may have them:
 * regions and slots stand where they stood, and the size is as many bytes. */
static enum bough_err fit(struct mirror_label *label, uint32_t block_size)
{
    uint64_t bytes;

    if (label->block_size == 0 || label->block_count > UINT64_MAX / label->block_size)
        return BOUGH_CORRUPT;
    bytes = label->block_count * label->block_size;
    if (bytes % block_size != 0)
        return BOUGH_INVALID;
    label->block_count = bytes / block_size;
    label->block_size = block_size;
    return BOUGH_OK;
}

static enum bough_err read_slots(struct bough_block *dev, uint8_t *piece,
                                 enum mirror_label_found *found, struct mirror_label *label)
{
    struct mirror_label labels[2];
    enum bough_err errs[2];
    unsigned newest;
    bool blank;

    for (unsigned i = 0; i < 2; i++) {
        BOUGH_TRY(bough_block_read(dev, i * MIRROR_LABEL_SLOT_BYTES / dev->block_size, 1, piece));
        errs[i] = parse(piece, &labels[i]);
    }
    if (errs[0] == BOUGH_NOT_FOUND && errs[1] == BOUGH_NOT_FOUND) {
        *found = MIRROR_LABEL_BLANK;
        BOUGH_TRY(is_blank(dev, piece, &blank));
        return blank ? BOUGH_OK : BOUGH_INVALID;
    }
    if (errs[0] != BOUGH_OK && errs[1] != BOUGH_OK)
        return worse(errs[0], errs[1]);
    newest = errs[0] != BOUGH_OK || (errs[1] == BOUGH_OK && labels[1].event > labels[0].event);
    *label = labels[newest];
    *found = MIRROR_LABEL_OURS;
    return fit(label, dev->block_size);
}

enum bough_err mirror_label_read(struct bough_env *env, struct bough_block *dev,
                                 enum mirror_label_found *found, struct mirror_label *label)
{
    uint8_t *piece;
    enum bough_err err;

    if (dev->block_count <= BOUGH_MIRROR_LABEL_BYTES / dev->block_size)
        return BOUGH_TOO_BIG;
    piece = bough_heap_take(env->heap, PIECE_BYTES);
    if (piece == NULL)
        return BOUGH_NO_MEMORY;
    err = read_slots(dev, piece, found, label);
    bough_heap_give(env->heap, piece, PIECE_BYTES);
    return err;
}

enum bough_err mirror_label_write(struct bough_block *dev, const struct mirror_label *label,
                                  uint8_t *scratch)
{
    assert(dev->block_size >= 512);
    memset(scratch, 0, dev->block_size);
    mirror_label_encode(label, scratch);
    for (unsigned i = 0; i < 2; i++) {
        BOUGH_TRY(
            bough_block_write(dev, i * MIRROR_LABEL_SLOT_BYTES / dev->block_size, 1, scratch));
        BOUGH_TRY(bough_block_flush(dev));
    }
    return BOUGH_OK;
}
