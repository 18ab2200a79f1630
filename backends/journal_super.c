/* SPDX-License-Identifier: ISC
 *
 * journal_super.c - probe, format, and the superblocks.
 *
 * Formatting writes the copies last: until then the device still holds what it held, blank or not,
 * and the log behind them cannot be mistaken for an older one because the new uuid begins every
 * CRC.
 */
#include "journal_super.h"
#include "bough/journal.h"
#include "identity.h"

/* What other owners of a disk leave their mark in: partition tables and the superblocks of the file
 * systems in use lie within the first MiB, GPT's second copy in the last blocks. */
#define PROBE_HEAD_BYTES  (1u << 20)
#define PROBE_TAIL_BYTES  (64u << 10)
#define PROBE_PIECE_BYTES (64u << 10)

static uint64_t device_bytes(const struct bough_block *dev)
{
    return dev->block_count * dev->block_size;
}

/* Where the three copies are. */
static void copy_places(const struct bough_block *dev, uint64_t places[3])
{
    uint32_t unit = journal_format_unit(dev->block_size);

    places[0] = 0;
    places[1] = unit;
    places[2] = (device_bytes(dev) / unit - 1) * unit;
}

static enum bough_err check_size(struct bough_env *env, const struct bough_block *dev)
{
    uint64_t bytes = device_bytes(dev);
    uint64_t least = (uint64_t)JOURNAL_UNITS_MIN * journal_format_unit(dev->block_size);

    if (bytes >= least && bytes <= JOURNAL_DEVICE_BYTES_MAX)
        return BOUGH_OK;
    bough_log(env->log, BOUGH_ERROR, "journal", "a device of %llu bytes; %llu to %llu are possible",
              (unsigned long long)bytes, (unsigned long long)least,
              (unsigned long long)JOURNAL_DEVICE_BYTES_MAX);
    return BOUGH_TOO_BIG;
}

/* Compares a copy with the device it was read from. */
static enum bough_err check_geometry(struct bough_env *env, const struct bough_block *dev,
                                     const struct journal_super *super)
{
    uint32_t unit = super->unit_bytes;
    bool sane = unit >= JOURNAL_UNIT_BYTES_MIN && (unit & (unit - 1)) == 0 &&
                unit % dev->block_size == 0 && unit <= (256u << 10) &&
                super->log_start % unit == 0 && super->log_end % unit == 0 &&
                super->log_start >= 2 * (uint64_t)unit && super->log_start < super->log_end &&
                super->log_end <= super->device_bytes && identity_is_valid(&super->identity);

    if (sane && super->device_bytes <= device_bytes(dev))
        return BOUGH_OK;
    bough_log(env->log, BOUGH_ERROR, "journal",
              sane ? "the device has %llu bytes, the store was made for %llu"
                   : "a superblock for %llu bytes makes no sense (%llu)",
              (unsigned long long)device_bytes(dev), (unsigned long long)super->device_bytes);
    return BOUGH_CORRUPT;
}

/* The most telling of the errors of several copies. */
static enum bough_err worse(enum bough_err a, enum bough_err b)
{
    if (a == BOUGH_INVALID)
        return b;
    return b == BOUGH_INVALID || a == BOUGH_WRONG_VERSION ? a : b;
}

static enum bough_err read_copies(struct bough_env *env, struct bough_block *dev, uint8_t *unit,
                                  uint32_t unit_bytes, struct journal_super *super)
{
    enum bough_err all = BOUGH_INVALID;
    uint64_t places[3];

    copy_places(dev, places);
    for (unsigned i = 0; i < 3; i++) {
        enum bough_err err =
            bough_block_read(dev, places[i] / dev->block_size, unit_bytes / dev->block_size, unit);

        if (err == BOUGH_OK)
            err = journal_format_super_get(unit, super);
        if (err == BOUGH_OK) {
            if (i > 0)
                bough_log(env->log, BOUGH_WARN, "journal", "superblock %u used: those before: %s",
                          i, bough_err_name(all));
            return check_geometry(env, dev, super);
        }
        all = worse(all, err);
    }
    return all;
}

enum bough_err journal_super_read(struct bough_env *env, struct bough_block *dev,
                                  struct journal_super *super)
{
    uint32_t unit_bytes = journal_format_unit(dev->block_size);
    uint8_t *unit;
    enum bough_err err;

    BOUGH_TRY(check_size(env, dev));
    unit = bough_heap_take(env->heap, unit_bytes);
    if (unit == NULL)
        return BOUGH_NO_MEMORY;
    err = read_copies(env, dev, unit, unit_bytes, super);
    bough_heap_give(env->heap, unit, unit_bytes);
    if (err != BOUGH_OK)
        bough_log(env->log, BOUGH_ERROR, "journal", "no superblock can be used: %s",
                  bough_err_name(err));
    return err;
}

/* Whether blocks first.. hold only zeros. */
static enum bough_err is_blank(struct bough_block *dev, uint64_t from, uint64_t len, uint8_t *piece,
                               bool *blank)
{
    for (uint64_t at = from; at < from + len && *blank; at += PROBE_PIECE_BYTES) {
        uint64_t some = from + len - at < PROBE_PIECE_BYTES ? from + len - at : PROBE_PIECE_BYTES;

        BOUGH_TRY(
            bough_block_read(dev, at / dev->block_size, (uint32_t)(some / dev->block_size), piece));
        *blank = piece[0] == 0 && memcmp(piece, piece + 1, (size_t)some - 1) == 0;
    }
    return BOUGH_OK;
}

/* Looks for a copy's magic, then for anything at all. */
static enum bough_err probe(struct bough_block *dev, uint8_t *piece,
                            enum bough_journal_state *state)
{
    uint32_t unit = journal_format_unit(dev->block_size);
    uint64_t head = device_bytes(dev) / unit * unit;
    uint64_t tail = PROBE_TAIL_BYTES;
    bool blank = true;
    uint64_t places[3];

    copy_places(dev, places);
    for (unsigned i = 0; i < 3; i++) {
        BOUGH_TRY(
            bough_block_read(dev, places[i] / dev->block_size, unit / dev->block_size, piece));
        if (memcmp(piece, journal_format_magic, sizeof(journal_format_magic)) == 0) {
            *state = BOUGH_JOURNAL_OURS;
            return BOUGH_OK;
        }
    }
    if (head > PROBE_HEAD_BYTES)
        head = PROBE_HEAD_BYTES;
    BOUGH_TRY(is_blank(dev, 0, head, piece, &blank));
    BOUGH_TRY(is_blank(dev, device_bytes(dev) - tail, tail, piece, &blank));
    *state = blank ? BOUGH_JOURNAL_BLANK : BOUGH_JOURNAL_FOREIGN;
    return BOUGH_OK;
}

enum bough_err bough_journal_probe(struct bough_env *env, struct bough_block *dev,
                                   enum bough_journal_state *state)
{
    uint8_t *piece;
    enum bough_err err;

    BOUGH_TRY(check_size(env, dev));
    piece = bough_heap_take(env->heap, PROBE_PIECE_BYTES);
    if (piece == NULL)
        return BOUGH_NO_MEMORY;
    err = probe(dev, piece, state);
    bough_heap_give(env->heap, piece, PROBE_PIECE_BYTES);
    return err;
}

/* Clears where the first group will be, so that an old log is not surveyed, then writes the copies,
 * the first one last. */
static enum bough_err write_copies(struct bough_block *dev, const struct journal_super *super,
                                   uint8_t *unit)
{
    uint32_t blocks = super->unit_bytes / dev->block_size;
    uint64_t places[3];

    BOUGH_TRY(bough_block_write(dev, super->log_start / dev->block_size, blocks, unit));
    journal_format_super_put(super, unit);
    copy_places(dev, places);
    for (unsigned i = 3; i-- > 0;) {
        BOUGH_TRY(bough_block_write(dev, places[i] / dev->block_size, blocks, unit));
        BOUGH_TRY(bough_block_flush(dev));
    }
    return BOUGH_OK;
}

enum bough_err bough_journal_format(struct bough_env *env, struct bough_block *dev,
                                    const struct bough_identity *identity)
{
    uint32_t unit_bytes = journal_format_unit(dev->block_size);
    struct journal_super super = {
        .version = JOURNAL_VERSION,
        .unit_bytes = unit_bytes,
        .device_bytes = device_bytes(dev),
        .log_start = 2 * (uint64_t)unit_bytes,
        .log_end = (device_bytes(dev) / unit_bytes - 1) * unit_bytes,
    };
    uint8_t *unit;
    enum bough_err err;

    BOUGH_TRY(check_size(env, dev));
    BOUGH_TRY(identity_choose(env, identity, &super.identity));
    unit = bough_heap_take(env->heap, unit_bytes);
    if (unit == NULL)
        return BOUGH_NO_MEMORY;
    memset(unit, 0, unit_bytes);
    err = write_copies(dev, &super, unit);
    bough_heap_give(env->heap, unit, unit_bytes);
    bough_log(env->log, err == BOUGH_OK ? BOUGH_INFO : BOUGH_ERROR, "journal",
              "formatted %llu KiB: %s", (unsigned long long)(super.device_bytes >> 10),
              bough_err_name(err));
    return err;
}
