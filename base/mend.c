/* SPDX-License-Identifier: ISC
 *
 * mend.c - blocks that fail a checksum, read from another copy and written anew.
 *
 * A copy is written to only with bytes that passed the check, and only where it is asked to hold
 * them; a whole block only if the copy could not be read there at all.
 */
#include "mend.h"

static struct bough_bytes range_of(const struct mend_range *range, const uint8_t *blocks)
{
    return bough_bytes_of(blocks + range->from, range->len);
}

/* Finds a copy that passes; its blocks are then in `into`. */
static bool find_good(struct bough_block *dev, const struct mend_range *range,
                      bool (*check)(void *context, struct bough_bytes bytes), void *context,
                      uint8_t *into, unsigned *copy)
{
    for (*copy = 0; *copy < bough_block_copies(dev); (*copy)++) {
        enum bough_err err = bough_block_read_copy(dev, *copy, range->first, range->count, into);

        if (err == BOUGH_OK && check(context, range_of(range, into)))
            return true;
    }
    return false;
}

/* Writes the range to a copy if it holds something else there; whether it did. */
static bool heal(struct bough_block *dev, const struct mend_range *range, unsigned copy,
                 const uint8_t *good, uint8_t *scratch)
{
    enum bough_err err = bough_block_read_copy(dev, copy, range->first, range->count, scratch);

    if (err == BOUGH_OK) {
        if (bough_bytes_equal(range_of(range, scratch), range_of(range, good)))
            return false;
        memcpy(scratch + range->from, good + range->from, range->len);
        return bough_block_heal(dev, copy, range->first, range->count, scratch) == BOUGH_OK;
    }
    return err == BOUGH_IO &&
           bough_block_heal(dev, copy, range->first, range->count, good) == BOUGH_OK;
}

enum bough_err mend_copies(struct bough_block *dev, const struct mend_range *range,
                           bool (*check)(void *context, struct bough_bytes bytes), void *context,
                           uint8_t *into, uint8_t *scratch, struct mend_result *result)
{
    enum bough_err err;
    unsigned good;

    assert(range->len > 0 && range->from + range->len <= (size_t)range->count * dev->block_size);
    *result = (struct mend_result){0};
    if (!find_good(dev, range, check, context, into, &good)) {
        err = bough_block_read(dev, range->first, range->count, into);
        return err == BOUGH_OK ? BOUGH_CORRUPT : err;
    }
    result->mended = good != 0;
    for (unsigned copy = 0; copy < bough_block_copies(dev); copy++)
        if (copy != good && heal(dev, range, copy, into, scratch))
            result->healed_count++;
    return BOUGH_OK;
}

enum bough_err mend_read(struct bough_block *dev, const struct mend_range *range,
                         bool (*check)(void *context, struct bough_bytes bytes), void *context,
                         uint8_t *into, uint8_t *scratch, struct mend_result *result)
{
    enum bough_err err = bough_block_read(dev, range->first, range->count, into);

    assert(range->len > 0 && range->from + range->len <= (size_t)range->count * dev->block_size);
    *result = (struct mend_result){0};
    if (err == BOUGH_OK && check(context, range_of(range, into)))
        return BOUGH_OK;
    if (err != BOUGH_OK && err != BOUGH_IO)
        return err;
    if (bough_block_copies(dev) == 1)
        return err == BOUGH_OK ? BOUGH_CORRUPT : err;
    err = mend_copies(dev, range, check, context, into, scratch, result);
    result->mended = err == BOUGH_OK;
    return err;
}
