/* SPDX-License-Identifier: ISC
 *
 * laws_block.h - what every block device promises, whichever it is.
 *
 * Each law takes a writable device and the seed of its random choices, and compares the device with
 * a copy of its contents in memory.
 */
#ifndef LAWS_BLOCK_H
#define LAWS_BLOCK_H

#include "bough/port/block.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline uint64_t laws_random(uint64_t *seed)
{
    uint64_t word = *seed += 0x9e3779b97f4a7c15u;

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

static inline void laws_fill(uint8_t *at, size_t len, uint64_t *seed)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)laws_random(seed);
}

static inline void laws_block_facts_are_sane(struct bough_block *dev)
{
    assert_true(dev->block_size >= 512 && dev->block_size <= 32768);
    assert_int_equal(dev->block_size & (dev->block_size - 1), 0);
    assert_true(dev->atomic_bytes >= 512 && dev->block_count > 0);
    assert_string_not_equal(bough_durability_name(dev->flush_survives), "unknown");
}

static inline void laws_block_past_the_end_is_invalid(struct bough_block *dev)
{
    uint8_t *block = calloc(2, dev->block_size);
    uint64_t end = dev->block_count;

    assert_int_equal(bough_block_read(dev, end - 1, 1, block), BOUGH_OK);
    assert_int_equal(bough_block_read(dev, end - 1, 2, block), BOUGH_INVALID);
    assert_int_equal(bough_block_read(dev, end, 1, block), BOUGH_INVALID);
    assert_int_equal(bough_block_read(dev, UINT64_MAX, 2, block), BOUGH_INVALID);
    assert_int_equal(bough_block_write(dev, end, 1, block), BOUGH_INVALID);
    assert_int_equal(bough_block_write(dev, UINT64_MAX - 1, 2, block), BOUGH_INVALID);
    assert_int_equal(bough_block_discard(dev, end, 1), BOUGH_INVALID);
    free(block);
}

static inline void laws_block_from_may_be_reused_at_once(struct bough_block *dev)
{
    uint8_t *block = malloc(dev->block_size);
    uint8_t *back = malloc(dev->block_size);

    memset(block, 0x5a, dev->block_size);
    assert_int_equal(bough_block_write(dev, 0, 1, block), BOUGH_OK);
    memset(block, 0xff, dev->block_size);
    assert_int_equal(bough_block_read(dev, 0, 1, back), BOUGH_OK);
    for (uint32_t i = 0; i < dev->block_size; i++)
        assert_int_equal(back[i], 0x5a);
    free(block);
    free(back);
}

/* Random writes, reads, flushes of up to half the device at once, against a copy in memory. */
static inline void laws_block_reads_give_what_was_written(struct bough_block *dev, uint64_t seed)
{
    uint64_t count = dev->block_count < 256 ? dev->block_count : 256;
    size_t size = dev->block_size;
    uint8_t *model = malloc(count * size);
    uint8_t *run = malloc(count * size);

    assert_int_equal(bough_block_read(dev, 0, (uint32_t)count, model), BOUGH_OK);
    for (int i = 0; i < 300; i++) {
        uint64_t first = laws_random(&seed) % count;
        uint32_t len = (uint32_t)(1 + laws_random(&seed) % (count / 2));

        if (len > count - first)
            len = (uint32_t)(count - first);
        switch (laws_random(&seed) % 4) {
        case 0:
        case 1:
            laws_fill(run, 64, &seed);
            for (size_t at = 64; at < len * size; at++)
                run[at] = (uint8_t)(run[at % 64] + at / 64);
            assert_int_equal(bough_block_write(dev, first, len, run), BOUGH_OK);
            memcpy(model + first * size, run, len * size);
            break;
        case 2:
            assert_int_equal(bough_block_read(dev, first, len, run), BOUGH_OK);
            assert_memory_equal(run, model + first * size, len * size);
            break;
        default:
            assert_int_equal(bough_block_flush(dev), BOUGH_OK);
        }
    }
    assert_int_equal(bough_block_read(dev, 0, (uint32_t)count, run), BOUGH_OK);
    assert_memory_equal(run, model, count * size);
    free(model);
    free(run);
}

static inline void laws_block_all(struct bough_block *dev, uint64_t seed)
{
    print_message("seed %llu\n", (unsigned long long)seed);
    laws_block_facts_are_sane(dev);
    laws_block_past_the_end_is_invalid(dev);
    laws_block_from_may_be_reused_at_once(dev);
    laws_block_reads_give_what_was_written(dev, seed);
}

#endif
