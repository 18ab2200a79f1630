/* SPDX-License-Identifier: ISC
 *
 * mend.h - blocks that fail a checksum, read from another copy and written anew.
 */
#ifndef MEND_H
#define MEND_H

#include "bough/bytes.h"
#include "bough/port/block.h"

/* What is wanted: `len` bytes from byte `from` on of blocks first..first+count-1. */
struct mend_range {
    uint64_t first;
    uint32_t count;
    size_t from;
    size_t len;
};

/* What was found, for the log. */
struct mend_result {
    bool mended;           /* the first answer was not good, that of another copy was */
    unsigned healed_count; /* copies that were written anew */
};

/* Reads the blocks into `into` such that `check` is content with the range: as the device gives
 * them, or as one of its copies does.  In the latter case the range is written to the copies that
 * hold something else, and only the range: what else stands in their blocks may be the only good
 * copy of it.  `scratch` is as large as `into` (count blocks).  BOUGH_CORRUPT when no copy will do
 * (`into` is then what the device gave), BOUGH_IO when none can be read, and other errors of
 * reading; failing to write anew is no error.  *result is set in any case. */
BOUGH_MUST_CHECK enum bough_err mend_read(struct bough_block *dev, const struct mend_range *range,
                                          bool (*check)(void *context, struct bough_bytes bytes),
                                          void *context, uint8_t *into, uint8_t *scratch,
                                          struct mend_result *result);

/* The same, but every copy is read, until one passes; the others are compared with that one, and
 * written anew where they hold something else.  So it also finds what is wrong on a copy that the
 * device would not ask.  On an ordinary device it is a read and a check. */
BOUGH_MUST_CHECK enum bough_err mend_copies(struct bough_block *dev, const struct mend_range *range,
                                            bool (*check)(void *context, struct bough_bytes bytes),
                                            void *context, uint8_t *into, uint8_t *scratch,
                                            struct mend_result *result);

#endif
