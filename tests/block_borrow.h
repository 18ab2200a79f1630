/* SPDX-License-Identifier: ISC
 *
 * block_borrow.h - a device that somebody else owns: closing it leaves the one below open, as a
 * medium outlives the machine that used it.
 */
#ifndef BLOCK_BORROW_H
#define BLOCK_BORROW_H

#include "bough/port/block.h"

struct block_borrow {
    struct bough_block base;
    struct bough_block *below;
};

static inline enum bough_err block_borrow_read(struct bough_block *dev, uint64_t first,
                                               uint32_t count, void *into)
{
    return bough_block_read(((struct block_borrow *)dev)->below, first, count, into);
}

static inline enum bough_err block_borrow_write(struct bough_block *dev, uint64_t first,
                                                uint32_t count, const void *from)
{
    return bough_block_write(((struct block_borrow *)dev)->below, first, count, from);
}

static inline enum bough_err block_borrow_flush(struct bough_block *dev)
{
    return bough_block_flush(((struct block_borrow *)dev)->below);
}

static inline void block_borrow_close(struct bough_block *dev)
{
    (void)dev;
}

/* Makes `borrow` a device over `below`; both are the caller's. */
static inline struct bough_block *block_borrow(struct block_borrow *borrow,
                                               struct bough_block *below)
{
    static const struct bough_block_ops ops = {.read = block_borrow_read,
                                               .write = block_borrow_write,
                                               .flush = block_borrow_flush,
                                               .close = block_borrow_close};

    borrow->base = *below;
    borrow->base.ops = &ops;
    borrow->below = below;
    return &borrow->base;
}

#endif
