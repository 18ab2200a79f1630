/* SPDX-License-Identifier: ISC
 *
 * mirror_pair.h - two media in memory that outlive the mirror made of them.
 */
#ifndef MIRROR_PAIR_H
#define MIRROR_PAIR_H

#include "laws_block.h"
#include "mirror_setup.h"

#define BLOCK  4096u
#define BLOCKS 600u /* 2.3 MiB: three regions */
#define LABEL  (BOUGH_MIRROR_LABEL_BYTES / BLOCK)
#define COUNT  (BLOCKS - 2 * LABEL) /* as much at the end is not used */

static struct bough_block *rams[2];
static struct mirror_medium media[2];
static uint8_t block[BLOCK];
static uint8_t back[BLOCK];

/* Two blank media. */
static inline int make_media(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &rams[i]), BOUGH_OK);
        (void)mirror_medium(&media[i], rams[i]);
    }
    return 0;
}

/* Gives them back. */
static inline int drop_media(void **state)
{
    (void)state;
    bough_block_close(rams[0]);
    bough_block_close(rams[1]);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

/* The mirror of both. */
static inline struct bough_block *open_both(void)
{
    struct bough_block *dev = NULL;

    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_OK);
    return dev;
}

/* A mirror whose copies are both in. */
static inline struct bough_block *open_settled(void)
{
    struct bough_block *dev = open_both();

    mirror_settle(dev);
    assert_false(bough_mirror_report(dev).degraded);
    return dev;
}

/* Writes a block of one byte over and over. */
static inline void put(struct bough_block *dev, uint64_t first, int fill)
{
    memset(block, fill, sizeof(block));
    assert_int_equal(bough_block_write(dev, first, 1, block), BOUGH_OK);
}

/* Such a block must be there. */
static inline void expect(struct bough_block *dev, uint64_t first, int fill)
{
    memset(block, fill, sizeof(block));
    assert_int_equal(bough_block_read(dev, first, 1, back), BOUGH_OK);
    assert_memory_equal(back, block, BLOCK);
}

/* What a medium holds at a block of the mirror. */
static inline void expect_on(unsigned copy, uint64_t first, int fill)
{
    expect(rams[copy], LABEL + first, fill);
}

#endif
