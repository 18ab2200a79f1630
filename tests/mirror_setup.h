/* SPDX-License-Identifier: ISC
 *
 * mirror_setup.h - media for tests of the mirror: memory that outlives what is opened on it, with
 * blocks that cannot be read until they are written, writes and flushes that fail with or without
 * a trace, and a plug that cuts all of them at once.
 */
#ifndef MIRROR_SETUP_H
#define MIRROR_SETUP_H

#include "bough/blockdev.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MIRROR_BAD_MAX 8u

/* Shared by the media of one machine: after `left` writes and flushes the power is gone. */
struct mirror_plug {
    uint64_t left;
    uint64_t used;
};

struct mirror_medium {
    struct bough_block base;
    struct bough_block *below;
    struct mirror_plug *plug; /* NULL = always on */
    uint64_t bad[MIRROR_BAD_MAX];
    unsigned bad_count;
    bool fails_writes;
    bool fails_flushes;
    bool harms;    /* below is lossy: what fails leaves a part of the write, or loses what waited */
    uint64_t seed; /* of what is left */
    uint64_t write_count;
};

static inline struct mirror_medium *mirror_medium_of(struct bough_block *dev)
{
    return (struct mirror_medium *)dev;
}

static inline bool mirror_medium_has_power(struct mirror_medium *medium)
{
    if (medium->plug == NULL)
        return true;
    if (medium->plug->left == 0)
        return false;
    medium->plug->left--;
    medium->plug->used++;
    return true;
}

/* A write fails, and some sectors are there all the same. */
static inline void mirror_medium_tear(struct mirror_medium *medium, uint64_t first, uint32_t count,
                                      const uint8_t *from)
{
    size_t size = medium->base.block_size;
    uint8_t block[32768];

    assert_true(size <= sizeof(block));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(bough_block_read(medium->below, first + i, 1, block), BOUGH_OK);
        for (size_t at = 0; at < size; at += 512)
            if (test_below(&medium->seed, 2) == 0)
                memcpy(block + at, from + i * size + at, 512);
        assert_int_equal(bough_block_write(medium->below, first + i, 1, block), BOUGH_OK);
    }
}

/* A flush fails, and of what waited for it some is gone. */
static inline void mirror_medium_lose(struct mirror_medium *medium)
{
    const struct bough_faulty_options options = {.seed = test_random(&medium->seed), .lossy = true};
    struct bough_block *ram;

    assert_int_equal(bough_faulty_cut(medium->below), BOUGH_OK);
    ram = bough_faulty_detach(medium->below);
    assert_int_equal(bough_faulty_open(host_env(), ram, &options, &medium->below), BOUGH_OK);
}

static inline enum bough_err mirror_medium_read(struct bough_block *dev, uint64_t first,
                                                uint32_t count, void *into)
{
    struct mirror_medium *medium = mirror_medium_of(dev);

    if (medium->plug != NULL && medium->plug->left == 0)
        return BOUGH_IO;
    for (unsigned i = 0; i < medium->bad_count; i++)
        if (medium->bad[i] >= first && medium->bad[i] < first + count)
            return BOUGH_IO;
    return bough_block_read(medium->below, first, count, into);
}

static inline enum bough_err mirror_medium_write(struct bough_block *dev, uint64_t first,
                                                 uint32_t count, const void *from)
{
    struct mirror_medium *medium = mirror_medium_of(dev);

    if (!mirror_medium_has_power(medium))
        return BOUGH_IO;
    if (medium->fails_writes) {
        if (medium->harms)
            mirror_medium_tear(medium, first, count, from);
        return BOUGH_IO;
    }
    medium->write_count++;
    for (unsigned i = medium->bad_count; i-- > 0;)
        if (medium->bad[i] >= first && medium->bad[i] < first + count)
            medium->bad[i] = medium->bad[--medium->bad_count];
    return bough_block_write(medium->below, first, count, from);
}

static inline enum bough_err mirror_medium_flush(struct bough_block *dev)
{
    struct mirror_medium *medium = mirror_medium_of(dev);

    if (!mirror_medium_has_power(medium))
        return BOUGH_IO;
    if (medium->fails_flushes) {
        if (medium->harms)
            mirror_medium_lose(medium);
        return BOUGH_IO;
    }
    return bough_block_flush(medium->below);
}

static inline void mirror_medium_close(struct bough_block *dev)
{
    (void)dev; /* a medium stays when the machine goes */
}

/* A medium over `below`, which stays the caller's. */
static inline struct bough_block *mirror_medium(struct mirror_medium *medium,
                                                struct bough_block *below)
{
    static const struct bough_block_ops ops = {.read = mirror_medium_read,
                                               .write = mirror_medium_write,
                                               .flush = mirror_medium_flush,
                                               .close = mirror_medium_close};

    memset(medium, 0, sizeof(*medium));
    medium->base = *below;
    medium->base.ops = &ops;
    medium->below = below;
    return &medium->base;
}

/* Opens a mirror; b may be NULL. */
static inline enum bough_err mirror_open(struct bough_block *a, struct bough_block *b,
                                         struct bough_block **dev)
{
    struct bough_block *const copies[2] = {a, b};
    static const char *const names[2] = {"left", "right"};

    return bough_mirror_open(host_env(), copies, names, dev);
}

/* Brings everything up to date. */
static inline void mirror_settle(struct bough_block *dev)
{
    bool done = false;

    while (!done)
        assert_int_equal(bough_mirror_resync(dev, 1 << 20, &done), BOUGH_OK);
}

#endif
