/* SPDX-License-Identifier: ISC
 *
 * faulty.c - a block device that misbehaves on purpose, around one that does not.
 *
 * Owns the device below and, when lossy, the writes since the last flush, oldest first.
 *   (1) A refused operation changes nothing below and is counted in fault_count.
 *   (2) Lossy: below holds what the last flush covered; a read sees that with the kept-back writes
 *       laid over it in order, so that the caller cannot tell before the power fails.
 *   (3) It never lies about success, but for lying_flush, which exists to prove that the check of
 *       the store notices.
 * The moment that matters is bough_faulty_cut: it decides by the seed what reached the medium.
 */
#include "bough/blockdev.h"
#include <string.h>

struct pending {
    struct pending *next;
    uint64_t first;
    uint32_t count;
    size_t size_bytes; /* of this struct with its bytes */
    uint8_t bytes[];
};

struct faulty {
    struct bough_block base;
    struct bough_env *env;
    struct bough_block *below;
    struct bough_faulty_options options;
    struct bough_faulty_report report;
    uint64_t random;
    uint64_t counted;        /* operations that fail_ops selects */
    uint64_t written_blocks; /* since the options were set */
    struct pending *oldest;
    struct pending **end;
    bool dead; /* the power has failed */
};

static struct faulty *faulty_of(struct bough_block *dev)
{
    return (struct faulty *)dev;
}

/* splitmix64 (Steele, Lea, Flood 2014): small, and good enough to choose faults. */
static uint64_t random_next(struct faulty *faulty)
{
    uint64_t word = faulty->random += 0x9e3779b97f4a7c15u;

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

static void take_time(struct faulty *faulty)
{
    uint64_t until;

    if (faulty->options.slow_ns == 0)
        return;
    until = bough_clock_now_ns(faulty->env->clock) + faulty->options.slow_ns;
    while (bough_clock_now_ns(faulty->env->clock) < until)
        ;
}

/* Counts an operation and says whether it is refused. */
static enum bough_err begin(struct faulty *faulty, enum bough_faulty_op op, uint64_t end_block)
{
    const struct bough_faulty_options *options = &faulty->options;
    bool fails = faulty->dead;

    take_time(faulty);
    faulty->report.op_count++;
    if ((options->fail_ops & (unsigned)op) != 0) {
        faulty->counted++;
        if (options->fail_at != 0 &&
            (faulty->counted == options->fail_at ||
             (options->fail_forever && faulty->counted > options->fail_at)))
            fails = true;
    }
    if (options->short_blocks != 0 && end_block > options->short_blocks)
        fails = true;
    if (fails)
        faulty->report.fault_count++;
    return fails ? BOUGH_IO : BOUGH_OK;
}

/* Lays what two runs of blocks have in common over `into`, which holds first..first+count-1. */
static void lay_over(const struct faulty *faulty, const struct pending *write, uint64_t first,
                     uint32_t count, uint8_t *into)
{
    uint64_t from = write->first > first ? write->first : first;
    uint64_t end_a = write->first + write->count;
    uint64_t end_b = first + count;
    uint64_t until = end_a < end_b ? end_a : end_b;
    size_t size = faulty->base.block_size;

    if (from < until)
        memcpy(into + (size_t)(from - first) * size,
               write->bytes + (size_t)(from - write->first) * size, (size_t)(until - from) * size);
}

static enum bough_err faulty_read(struct bough_block *dev, uint64_t first, uint32_t count,
                                  void *into)
{
    struct faulty *faulty = faulty_of(dev);

    BOUGH_TRY(begin(faulty, BOUGH_FAULTY_READ, first + count));
    BOUGH_TRY(bough_block_read(faulty->below, first, count, into));
    for (const struct pending *write = faulty->oldest; write != NULL; write = write->next)
        lay_over(faulty, write, first, count, into);
    return BOUGH_OK;
}

/* Appends a write to those that wait for a flush. */
static enum bough_err keep_back(struct faulty *faulty, uint64_t first, uint32_t count,
                                const void *from)
{
    size_t len = (size_t)count * faulty->base.block_size;
    struct pending *write = bough_heap_take(faulty->env->heap, sizeof(*write) + len);

    if (write == NULL)
        return BOUGH_NO_MEMORY;
    write->next = NULL;
    write->first = first;
    write->count = count;
    write->size_bytes = sizeof(*write) + len;
    memcpy(write->bytes, from, len);
    *faulty->end = write;
    faulty->end = &write->next;
    faulty->report.pending_count++;
    return BOUGH_OK;
}

static enum bough_err faulty_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                   const void *from)
{
    struct faulty *faulty = faulty_of(dev);
    uint64_t full_after = faulty->options.full_after;

    BOUGH_TRY(begin(faulty, BOUGH_FAULTY_WRITE, first + count));
    if (full_after != 0 && count > full_after - faulty->written_blocks) {
        faulty->report.fault_count++;
        return BOUGH_FULL;
    }
    faulty->written_blocks += full_after != 0 ? count : 0;
    faulty->report.write_count++;
    return faulty->options.lossy ? keep_back(faulty, first, count, from)
                                 : bough_block_write(faulty->below, first, count, from);
}

static void drop_oldest(struct faulty *faulty)
{
    struct pending *write = faulty->oldest;

    faulty->oldest = write->next;
    if (faulty->oldest == NULL)
        faulty->end = &faulty->oldest;
    faulty->report.pending_count--;
    bough_heap_give(faulty->env->heap, write, write->size_bytes);
}

static enum bough_err faulty_flush(struct bough_block *dev)
{
    struct faulty *faulty = faulty_of(dev);

    BOUGH_TRY(begin(faulty, BOUGH_FAULTY_FLUSH, 0));
    faulty->report.flush_count++;
    if (faulty->options.lying_flush)
        return BOUGH_OK;
    while (faulty->oldest != NULL) {
        struct pending *write = faulty->oldest;

        BOUGH_TRY(bough_block_write(faulty->below, write->first, write->count, write->bytes));
        drop_oldest(faulty);
    }
    return bough_block_flush(faulty->below);
}

static enum bough_err faulty_discard(struct bough_block *dev, uint64_t first, uint64_t count)
{
    struct faulty *faulty = faulty_of(dev);

    if (faulty->dead)
        return BOUGH_IO;
    /* Advice may be ignored; with writes kept back, the order of the two would be lost below. */
    return faulty->options.lossy ? BOUGH_OK : bough_block_discard(faulty->below, first, count);
}

static void faulty_close(struct bough_block *dev)
{
    bough_block_close(bough_faulty_detach(dev));
}

static const struct bough_block_ops ops = {.read = faulty_read,
                                           .write = faulty_write,
                                           .flush = faulty_flush,
                                           .discard = faulty_discard,
                                           .close = faulty_close};

enum bough_err bough_faulty_open(struct bough_env *env, struct bough_block *below,
                                 const struct bough_faulty_options *options,
                                 struct bough_block **dev)
{
    struct faulty *faulty = bough_heap_take(env->heap, sizeof(*faulty));

    if (faulty == NULL)
        return BOUGH_NO_MEMORY;
    *faulty = (struct faulty){
        .base = *below, .env = env, .below = below, .options = *options, .random = options->seed};
    faulty->base.ops = &ops;
    faulty->end = &faulty->oldest;
    *dev = &faulty->base;
    return BOUGH_OK;
}

void bough_faulty_set(struct bough_block *dev, const struct bough_faulty_options *options)
{
    struct faulty *faulty = faulty_of(dev);
    bool lossy = faulty->options.lossy;

    assert(dev->ops == &ops);
    faulty->options = *options;
    faulty->options.lossy = lossy;
    faulty->random = options->seed;
    faulty->counted = 0;
    faulty->written_blocks = 0;
}

struct bough_faulty_report bough_faulty_report(const struct bough_block *dev)
{
    assert(dev->ops == &ops);
    return ((const struct faulty *)dev)->report;
}

/* Takes a random one of the writes that wait out of the list. */
static struct pending *pick(struct faulty *faulty)
{
    uint64_t skip = random_next(faulty) % faulty->report.pending_count;
    struct pending **at = &faulty->oldest;
    struct pending *write;

    while (skip-- > 0)
        at = &(*at)->next;
    write = *at;
    *at = write->next;
    if (write->next == NULL)
        faulty->end = at;
    faulty->report.pending_count--;
    return write;
}

/* Lets the units of `write` reach the medium, each with a chance of `percent`. */
static enum bough_err tear(struct faulty *faulty, const struct pending *write, uint64_t percent)
{
    size_t size = faulty->base.block_size;
    size_t unit = faulty->base.atomic_bytes < size ? faulty->base.atomic_bytes : size;
    uint8_t *block = bough_heap_take(faulty->env->heap, size);
    enum bough_err err = block == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;

    for (uint32_t i = 0; i < write->count && err == BOUGH_OK; i++) {
        err = bough_block_read(faulty->below, write->first + i, 1, block);
        for (size_t at = 0; at < size; at += unit)
            if (random_next(faulty) % 100 < percent)
                memcpy(block + at, write->bytes + i * size + at, unit);
        if (err == BOUGH_OK)
            err = bough_block_write(faulty->below, write->first + i, 1, block);
    }
    bough_heap_give(faulty->env->heap, block, size);
    return err;
}

enum bough_err bough_faulty_cut(struct bough_block *dev)
{
    static const uint64_t percents[] = {0, 10, 50, 90, 100};
    struct faulty *faulty = faulty_of(dev);
    enum bough_err err = BOUGH_OK;

    assert(dev->ops == &ops && faulty->options.lossy);
    faulty->dead = true;
    while (faulty->report.pending_count > 0) {
        struct pending *write = pick(faulty);
        uint64_t percent = percents[random_next(faulty) % 5];

        if (err == BOUGH_OK)
            err = tear(faulty, write, percent);
        bough_heap_give(faulty->env->heap, write, write->size_bytes);
    }
    return err;
}

struct bough_block *bough_faulty_detach(struct bough_block *dev)
{
    struct faulty *faulty = faulty_of(dev);
    struct bough_block *below = faulty->below;

    assert(dev->ops == &ops);
    while (faulty->oldest != NULL)
        drop_oldest(faulty);
    bough_heap_give(faulty->env->heap, faulty, sizeof(*faulty));
    return below;
}
