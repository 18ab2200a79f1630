/* SPDX-License-Identifier: ISC
 *
 * port/block.h - a device of numbered blocks.
 *
 * Any number of writes between two flushes may reach the medium in any order, in part, or torn at
 * `atomic_bytes`.  What a finished flush survives is a declared fact, never assumed.
 */
#ifndef BOUGH_PORT_BLOCK_H
#define BOUGH_PORT_BLOCK_H

#include "bough/err.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What acknowledged data outlives. */
enum bough_durability {
    BOUGH_SURVIVES_NOTHING, /* "process": gone with the process or guest */
    BOUGH_SURVIVES_GUEST,   /* "host": survives the guest, not the host's power cut */
    BOUGH_SURVIVES_POWER    /* "power": survives a power cut */
};

struct bough_block;

struct bough_block_ops {
    /* All of `count` blocks or an error; after an error `into` is undefined. */
    enum bough_err (*read)(struct bough_block *dev, uint64_t first, uint32_t count, void *into);

    /* All of `count` blocks or an error; after an error each block holds its old or its new bytes.
     * Durable only after flush.  `from` may be reused at once. */
    enum bough_err (*write)(struct bough_block *dev, uint64_t first, uint32_t count,
                            const void *from);

    /* Everything written before survives what `flush_survives` says.  After an error nothing is
     * known of the writes since the last good flush, and a retry proves nothing. */
    enum bough_err (*flush)(struct bough_block *dev);

    /* Tells the device that the contents are no longer needed (they may read as anything).
     * Optional: NULL where the device has no such thing. */
    enum bough_err (*discard)(struct bough_block *dev, uint64_t first, uint64_t count);

    /* Releases the device; no flush is implied. */
    void (*close)(struct bough_block *dev);

    /* For a device that keeps its blocks more than once; NULL for others.  A device cannot see that
     * a block has rotted, only who knows a checksum can: read_copy gives what copy number `copy`
     * (below copy_count) holds, and heal writes blocks of one copy anew.  read_copy:
     * BOUGH_NOT_FOUND for a copy that is not in use or not up to date; else as read.  heal: `from`
     * holds what the blocks should have held all along; errors as write. */
    enum bough_err (*read_copy)(struct bough_block *dev, unsigned copy, uint64_t first,
                                uint32_t count, void *into);
    enum bough_err (*heal)(struct bough_block *dev, unsigned copy, uint64_t first, uint32_t count,
                           const void *from);
};

struct bough_block {
    const struct bough_block_ops *ops;
    uint32_t block_size;   /* bytes, a power of two, 512..32768 */
    uint32_t atomic_bytes; /* a write is torn only at multiples of this */
    uint64_t block_count;
    enum bough_durability flush_survives;
    bool read_only;
    unsigned copy_count; /* of each block; 0 counts as 1 */
};

/* Whether the blocks first..first+count-1 exist. */
static inline bool bough_block_has(const struct bough_block *dev, uint64_t first, uint64_t count)
{
    return first <= dev->block_count && count <= dev->block_count - first;
}

/* Reads `count` > 0 blocks; BOUGH_INVALID past the end, BOUGH_IO. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_read(struct bough_block *dev,
                                                               uint64_t first, uint32_t count,
                                                               void *into)
{
    assert(into != NULL && count > 0);
    return bough_block_has(dev, first, count) ? dev->ops->read(dev, first, count, into)
                                              : BOUGH_INVALID;
}

/* Writes `count` > 0 blocks; BOUGH_INVALID past the end, BOUGH_READ_ONLY, BOUGH_FULL, BOUGH_IO. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_write(struct bough_block *dev,
                                                                uint64_t first, uint32_t count,
                                                                const void *from)
{
    assert(from != NULL && count > 0);
    if (dev->read_only)
        return BOUGH_READ_ONLY;
    return bough_block_has(dev, first, count) ? dev->ops->write(dev, first, count, from)
                                              : BOUGH_INVALID;
}

/* Makes earlier writes survive what `flush_survives` says; BOUGH_IO. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_flush(struct bough_block *dev)
{
    return dev->ops->flush(dev);
}

/* Advises the device that blocks are unused; BOUGH_OK also where it has no such operation. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_discard(struct bough_block *dev,
                                                                  uint64_t first, uint64_t count)
{
    if (dev->read_only)
        return BOUGH_READ_ONLY;
    if (!bough_block_has(dev, first, count))
        return BOUGH_INVALID;
    return dev->ops->discard == NULL ? BOUGH_OK : dev->ops->discard(dev, first, count);
}

/* How many copies of a block can be asked for by number: 1 for ordinary devices. */
static inline unsigned bough_block_copies(const struct bough_block *dev)
{
    return dev->ops->read_copy == NULL || dev->copy_count == 0 ? 1 : dev->copy_count;
}

/* Reads `count` > 0 blocks as copy `copy` holds them, without asking another; an ordinary device
 * has copy 0.  BOUGH_NOT_FOUND (not in use), BOUGH_INVALID past the end, BOUGH_IO. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_read_copy(struct bough_block *dev,
                                                                    unsigned copy, uint64_t first,
                                                                    uint32_t count, void *into)
{
    assert(into != NULL && count > 0 && copy < bough_block_copies(dev));
    if (!bough_block_has(dev, first, count))
        return BOUGH_INVALID;
    return dev->ops->read_copy == NULL ? dev->ops->read(dev, first, count, into)
                                       : dev->ops->read_copy(dev, copy, first, count, into);
}

/* Writes blocks of one copy anew, with what they should have held all along (base/mend.h knows
 * how).  BOUGH_UNSUPPORTED for an ordinary device, else as bough_block_write. */
BOUGH_MUST_CHECK static inline enum bough_err bough_block_heal(struct bough_block *dev,
                                                               unsigned copy, uint64_t first,
                                                               uint32_t count, const void *from)
{
    assert(from != NULL && count > 0 && copy < bough_block_copies(dev));
    if (dev->ops->heal == NULL)
        return BOUGH_UNSUPPORTED;
    if (dev->read_only)
        return BOUGH_READ_ONLY;
    return bough_block_has(dev, first, count) ? dev->ops->heal(dev, copy, first, count, from)
                                              : BOUGH_INVALID;
}

/* Releases the device; NULL is allowed. */
static inline void bough_block_close(struct bough_block *dev)
{
    if (dev != NULL)
        dev->ops->close(dev);
}

/* The level in the words that clients see: "process", "host", "power".  Static. */
const char *bough_durability_name(enum bough_durability level);

#endif
