/* SPDX-License-Identifier: ISC
 *
 * journal_super.c - find the superblocks that can be trusted, and write newer ones.
 *
 * Of three copies, the first two are written in turns and the last one each time, one after the
 * other: a torn copy never leaves the device without the one before.
 */
#include "journal_super.h"
#include "identity.h"
#include "mend.h"

/* Compares a copy with the device it was read from. */
static enum bough_err check_geometry(struct bough_env *env, const struct bough_block *dev,
                                     const struct journal_super *super)
{
    uint32_t unit = super->unit_bytes;
    uint64_t needed = (uint64_t)super->segment_count * super->segment_bytes + 3 * (uint64_t)unit;
    bool sane = unit >= JOURNAL_UNIT_BYTES_MIN && (unit & (unit - 1)) == 0 &&
                unit % dev->block_size == 0 && unit <= (256u << 10) &&
                super->segment_bytes >= JOURNAL_SEGMENT_BYTES_MIN &&
                super->segment_bytes % unit == 0 && super->segment_count > 0 &&
                super->segment_count <= JOURNAL_SEGMENTS_MAX && needed <= super->device_bytes &&
                super->head % unit == 0 && identity_is_valid(&super->identity);

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

/* Puts a super in its place among those found, the newest first. */
static void insert(struct journal_super supers[3], unsigned *count,
                   const struct journal_super *super)
{
    unsigned at = (*count)++;

    for (; at > 0 && supers[at - 1].count < super->count; at--)
        supers[at] = supers[at - 1];
    supers[at] = *super;
}

/* For base/mend.h. */
static bool passes(void *context, struct bough_bytes bytes)
{
    struct journal_super super;

    (void)context;
    return journal_format_super_get(bytes.at, &super) == BOUGH_OK;
}

/* Reads the unit at a place into unit[0], from whichever copy of the device has it right. */
static enum bough_err read_unit(struct bough_env *env, struct bough_block *dev, uint8_t *units,
                                uint32_t unit_bytes, uint64_t place)
{
    const struct mend_range range = {
        .first = place / dev->block_size,
        .count = unit_bytes / dev->block_size,
        .len = unit_bytes,
    };
    struct mend_result result;
    enum bough_err err = mend_read(dev, &range, passes, NULL, units, units + unit_bytes, &result);

    if (result.mended)
        bough_log(env->log, BOUGH_WARN, "journal",
                  "the superblock at %llu is wrong on one copy of the device: taken from the other",
                  (unsigned long long)place);
    return err == BOUGH_CORRUPT ? BOUGH_OK : err; /* what is wrong with it is the reader's to say */
}

enum bough_err journal_super_compare(struct bough_env *env, struct bough_block *dev,
                                     unsigned *healed_count)
{
    uint32_t unit_bytes = journal_format_unit(dev->block_size);
    uint8_t *units = bough_heap_take(env->heap, 2 * (size_t)unit_bytes);
    uint64_t places[3];

    *healed_count = 0;
    if (units == NULL)
        return BOUGH_NO_MEMORY;
    journal_format_places(dev, places);
    for (unsigned i = 0; i < 3; i++) {
        const struct mend_range range = {
            .first = places[i] / dev->block_size,
            .count = unit_bytes / dev->block_size,
            .len = unit_bytes,
        };
        struct mend_result result;

        /* One that is wrong everywhere is written anew by a checkpoint to come. */
        if (mend_copies(dev, &range, passes, NULL, units, units + unit_bytes, &result) != BOUGH_OK)
            bough_log(env->log, BOUGH_WARN, "journal", "the superblock at %llu cannot be used",
                      (unsigned long long)places[i]);
        *healed_count += result.healed_count;
    }
    bough_heap_give(env->heap, units, 2 * (size_t)unit_bytes);
    return BOUGH_OK;
}

static enum bough_err read_copies(struct bough_env *env, struct bough_block *dev, uint8_t *unit,
                                  uint32_t unit_bytes, struct journal_super supers[3],
                                  unsigned *count)
{
    enum bough_err all = BOUGH_INVALID;
    uint64_t places[3];

    journal_format_places(dev, places);
    *count = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct journal_super super;
        enum bough_err err = read_unit(env, dev, unit, unit_bytes, places[i]);

        if (err == BOUGH_OK)
            err = journal_format_super_get(unit, &super);
        if (err == BOUGH_OK)
            err = check_geometry(env, dev, &super);
        if (err == BOUGH_OK)
            insert(supers, count, &super);
        else
            all = worse(all, err);
    }
    if (*count > 0 && *count < 3)
        bough_log(env->log, BOUGH_WARN, "journal", "%u of 3 superblocks can be used: %s", *count,
                  bough_err_name(all));
    return *count > 0 ? BOUGH_OK : all;
}

enum bough_err journal_super_read(struct bough_env *env, struct bough_block *dev,
                                  struct journal_super supers[3], unsigned *count)
{
    uint32_t unit_bytes = journal_format_unit(dev->block_size);
    uint8_t *unit;
    enum bough_err err;

    BOUGH_TRY(journal_format_check_size(env, dev));
    unit = bough_heap_take(env->heap, 2 * (size_t)unit_bytes);
    if (unit == NULL)
        return BOUGH_NO_MEMORY;
    err = read_copies(env, dev, unit, unit_bytes, supers, count);
    bough_heap_give(env->heap, unit, 2 * (size_t)unit_bytes);
    if (err != BOUGH_OK)
        bough_log(env->log, BOUGH_ERROR, "journal", "no superblock can be used: %s",
                  bough_err_name(err));
    return err;
}

enum bough_err journal_super_write(struct bough_env *env, struct bough_block *dev,
                                   const struct journal_super *super)
{
    uint32_t blocks = super->unit_bytes / dev->block_size;
    uint8_t *unit = bough_heap_take(env->heap, super->unit_bytes);
    enum bough_err err = BOUGH_OK;
    uint64_t places[3];

    if (unit == NULL)
        return BOUGH_NO_MEMORY;
    memset(unit, 0, super->unit_bytes);
    journal_format_super_put(super, unit);
    journal_format_places(dev, places);
    for (unsigned i = 0; i < 2 && err == BOUGH_OK; i++) {
        uint64_t place = i == 0 ? places[super->count % 2] : places[2];

        err = bough_block_write(dev, place / dev->block_size, blocks, unit);
        if (err == BOUGH_OK)
            err = bough_block_flush(dev);
    }
    bough_heap_give(env->heap, unit, super->unit_bytes);
    return err;
}
