/* SPDX-License-Identifier: ISC
 *
 * journal_super.c - probe, format, and the superblocks.
 *
 * Formatting writes the copies last: until then the device still holds what it held, blank or not,
 * and the log behind them cannot be mistaken for an older one because the new uuid begins every
 * CRC.
 */
#include "journal_super.h"
#include "identity.h"

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

    if (sane && super->device_bytes <= journal_format_device_bytes(dev))
        return BOUGH_OK;
    bough_log(env->log, BOUGH_ERROR, "journal",
              sane ? "the device has %llu bytes, the store was made for %llu"
                   : "a superblock for %llu bytes makes no sense (%llu)",
              (unsigned long long)journal_format_device_bytes(dev),
              (unsigned long long)super->device_bytes);
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

    journal_format_places(dev, places);
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

    BOUGH_TRY(journal_format_check_size(env, dev));
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
