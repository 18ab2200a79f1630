/* SPDX-License-Identifier: ISC
 *
 * sim_device.c - a disk in the process that writes down what is done to it, and misbehaves.
 *
 *   (1) ops holds writes and flushes in the order they were asked, but for those that a fault made
 *       vanish; `now` is the medium with all writes of ops applied.
 *   (2) No clock, no randomness: what it does follows from what it is asked and from `faults`.
 */
#include "sim_device.h"

static struct sim_device *sim_of(struct bough_block *dev)
{
    return (struct sim_device *)dev;
}

/* Counts an operation; says whether it fails. */
static bool begin(struct sim_device *sim, enum sim_kind kind, uint64_t first, uint32_t count)
{
    const struct sim_faults *faults = &sim->faults;

    sim->trace = sim_mix(sim->trace, sim_mix(first, (uint64_t)count << 3 | (unsigned)kind));
    sim->read_count += kind == SIM_READ;
    sim->write_count += kind == SIM_WRITE;
    sim->flush_count += kind == SIM_FLUSH;
    if ((faults->fail_kinds & (unsigned)kind) == 0 || faults->fail_at == 0)
        return false;
    sim->counted++;
    if (sim->counted != faults->fail_at &&
        !(faults->fail_forever && sim->counted > faults->fail_at))
        return false;
    if (sim->fault_count == 0)
        sim->fault_op = sim->op_count;
    sim->fault_count++;
    return true;
}

/* Adds an operation to the list. */
static struct sim_op *append(struct sim_device *sim, enum sim_kind kind)
{
    if (sim->op_count == sim->op_max) {
        size_t max = sim->op_max == 0 ? 64 : 2 * sim->op_max;
        struct sim_op *ops = sim_medium_take(sim->arena, max * sizeof(*ops));

        if (sim->op_count > 0)
            memcpy(ops, sim->ops, sim->op_count * sizeof(*ops));
        sim->ops = ops;
        sim->op_max = max;
    }
    sim->ops[sim->op_count] = (struct sim_op){.kind = kind};
    return &sim->ops[sim->op_count++];
}

static void flush_if_due(struct sim_device *sim)
{
    if (sim->flush_due)
        append(sim, SIM_FLUSH);
    sim->flush_due = false;
}

/* The fault's answer: the caller may never hear of it. */
static enum bough_err refuse(struct sim_device *sim, enum sim_kind kind)
{
    if ((sim->faults.hide_kinds & (unsigned)kind) != 0)
        return BOUGH_OK;
    sim->write_failed = sim->write_failed || kind != SIM_READ;
    return BOUGH_IO;
}

static enum bough_err sim_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    struct sim_device *sim = sim_of(dev);
    const struct sim_medium *from = &sim->now;
    uint32_t per_block = dev->block_size / SIM_SECTOR_BYTES;
    uint8_t *at = into;

    if (begin(sim, SIM_READ, first, count))
        return refuse(sim, SIM_READ);
    if (sim->faults.stray_read != 0 && sim->read_count == sim->faults.stray_read) {
        sim->fault_count++;
        first = (first + sim->faults.stray_by) % dev->block_count;
    }
    if (sim->faults.stale_every != 0 && sim->read_count % sim->faults.stale_every == 0 &&
        sim->before_last.sectors != NULL)
        from = &sim->before_last;
    for (uint32_t i = 0; i < count * per_block; i++) {
        uint64_t sector = (first * per_block + i) % from->sector_count;

        memcpy(at + (size_t)i * SIM_SECTOR_BYTES, from->sectors[sector]->bytes, SIM_SECTOR_BYTES);
    }
    return BOUGH_OK;
}

/* Where a write really goes, and how much of it. */
static void misdirect(struct sim_device *sim, uint64_t *first, uint32_t *count)
{
    const struct sim_faults *faults = &sim->faults;
    uint64_t was = *first * (uint64_t)4096 + *count;

    if (faults->stray_write != 0 && sim->write_count == faults->stray_write)
        *first = (*first + faults->stray_by) % sim->base.block_count;
    if (faults->off_every != 0 && sim->write_count % faults->off_every == 0)
        *first = (*first + 1) % sim->base.block_count;
    if (faults->short_every != 0 && sim->write_count % faults->short_every == 0)
        *count -= 1;
    if (faults->lose_write != 0 && sim->write_count == faults->lose_write)
        *count = 0;
    if (*count > sim->base.block_count - *first)
        *count = (uint32_t)(sim->base.block_count - *first);
    sim->fault_count += was != *first * (uint64_t)4096 + *count;
}

static enum bough_err sim_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                const void *from)
{
    struct sim_device *sim = sim_of(dev);
    uint32_t per_block = dev->block_size / SIM_SECTOR_BYTES;
    bool fails = begin(sim, SIM_WRITE, first, count);
    struct sim_op *op;

    flush_if_due(sim);
    if (fails && (sim->faults.hide_kinds & SIM_WRITE) != 0)
        return refuse(sim, SIM_WRITE);
    misdirect(sim, &first, &count);
    if (count == 0)
        return BOUGH_OK;
    if (sim->faults.stale_every != 0)
        sim->before_last = sim_medium_copy(sim->arena, &sim->now);
    op = append(sim, SIM_WRITE);
    op->failed = fails;
    op->first = (uint32_t)first * per_block;
    op->count = count * per_block;
    op->sectors = sim_medium_take(sim->arena, op->count * sizeof(*op->sectors));
    for (uint32_t i = 0; i < op->count; i++) {
        op->sectors[i] =
            sim_medium_sector(sim->arena, (const uint8_t *)from + (size_t)i * SIM_SECTOR_BYTES);
        sim->trace = sim_mix(sim->trace, op->sectors[i]->hash);
        /* A write that failed has left every other sector: old or new, as the port says. */
        if (!fails || i % 2 == 0)
            sim_medium_set(&sim->now, op->first + i, op->sectors[i]);
    }
    return fails ? refuse(sim, SIM_WRITE) : BOUGH_OK;
}

static enum bough_err sim_flush(struct bough_block *dev)
{
    struct sim_device *sim = sim_of(dev);

    flush_if_due(sim);
    if (begin(sim, SIM_FLUSH, 0, 0)) {
        append(sim, SIM_FLUSH)->failed = true;
        return refuse(sim, SIM_FLUSH);
    }
    if (sim->faults.lying_flush)
        return BOUGH_OK;
    sim->flush_due = sim->faults.late_flush;
    if (!sim->flush_due)
        append(sim, SIM_FLUSH);
    return BOUGH_OK;
}

static void sim_close(struct bough_block *dev)
{
    (void)dev;
}

static const struct bough_block_ops sim_ops = {
    .read = sim_read, .write = sim_write, .flush = sim_flush, .close = sim_close};

void sim_device_init(struct sim_device *dev, struct bough_arena *arena,
                     const struct sim_medium *medium, uint32_t block_size,
                     const struct sim_faults *faults)
{
    *dev = (struct sim_device){
        .base = {.ops = &sim_ops,
                 .block_size = block_size,
                 .atomic_bytes = SIM_SECTOR_BYTES,
                 .block_count = medium->sector_count / (block_size / SIM_SECTOR_BYTES),
                 .flush_survives = BOUGH_SURVIVES_POWER},
        .arena = arena,
        .now = sim_medium_copy(arena, medium),
    };
    if (faults != NULL) {
        dev->faults = *faults;
        dev->base.block_count -= faults->short_blocks;
    }
}

void sim_device_replay(struct sim_device *dev, const struct sim_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *append(dev, ops[i].kind) = ops[i];
        for (uint32_t k = 0; ops[i].kind == SIM_WRITE && k < ops[i].count; k++)
            sim_medium_set(&dev->now, ops[i].first + k, ops[i].sectors[k]);
    }
}
