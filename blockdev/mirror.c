/* SPDX-License-Identifier: ISC
 *
 * mirror.c - a block device of two others that are kept equal.
 *
 * Owns both copies.  Each begins with a label (docs/mirror.md) that says which copies hold
 * everything, and in which few regions they may differ at the moment.
 *   (1) What a good flush covers is on every copy that the labels name, and on one at least.
 *   (2) A copy that failed a write or flush is named by no label before the operation is
 *       acknowledged; it comes back only as one that is behind.
 *   (3) While both are in they differ at most in regions that a durable label lists, and there only
 *       in what no flush has covered: reading either is right.
 *   (4) What was shown stays: regions in which a crash may have left the copies different are made
 *       equal before the first read (mirror_join.c).
 *   (5) A copy that is behind is not read above resync_at, and no label names it until all of it is
 *       copied and flushed.  Below resync_at it holds what the copy that is in holds, and nothing
 *       that this one refused: a write or flush that failed there takes resync_at back.
 *   (6) After a flush that no copy that is in did, none is good any more before the next opening,
 *       whoever asked for that one: what it was to cover may be lost.
 * The moment that matters is mirror_set_publish, called before data is written to a region that no
 * label lists, and before anything is acknowledged that only one copy holds.
 */
#include "bough/blockdev.h"
#include "mirror_join.h"

static struct mirror *mirror_of(struct bough_block *dev)
{
    return (struct mirror *)dev;
}

/* Whether a copy's blocks up to `end` are those of the mirror. */
static bool can_read(const struct mirror *mirror, unsigned index, uint64_t end)
{
    const struct mirror_copy *copy = &mirror->copies[index];

    return copy->state == BOUGH_MIRROR_IN ||
           (copy->state == BOUGH_MIRROR_BEHIND && end <= mirror->resync_at);
}

static enum bough_err read_one(struct mirror *mirror, unsigned index, uint64_t first,
                               uint32_t count, void *into)
{
    struct mirror_copy *copy = &mirror->copies[index];
    enum bough_err err = bough_block_read(copy->dev, mirror_set_place(mirror, first), count, into);

    if (err != BOUGH_OK) {
        copy->fault_count++;
        bough_log(mirror->env->log, BOUGH_WARN, "mirror", "copy %u (%s): block %llu: read: %s",
                  index, copy->name, (unsigned long long)first, bough_err_name(err));
    }
    return err;
}

/* Writes blocks of one copy anew; it is dropped if it does not take them, unless no other holds
 * everything. */
static enum bough_err heal_one(struct mirror *mirror, unsigned index, uint64_t first,
                               uint32_t count, const void *from)
{
    struct mirror_copy *copy = &mirror->copies[index];
    uint64_t region = 1 + first * mirror->base.block_size / MIRROR_LABEL_REGION_BYTES;
    enum bough_err err = bough_block_write(copy->dev, mirror_set_place(mirror, first), count, from);

    if (err != BOUGH_OK && mirror_set_in(mirror) == 1u << index)
        copy->fault_count++;
    else if (err != BOUGH_OK)
        mirror_set_drop(mirror, index, "heal", err);
    if (err != BOUGH_OK)
        return err;
    copy->healed_count += count;
    if (region != copy->healed_region) /* a bad stretch is told of once */
        bough_log(mirror->env->log, BOUGH_WARN, "mirror",
                  "copy %u (%s): block %llu: healed (%llu so far)", index, copy->name,
                  (unsigned long long)first, (unsigned long long)copy->healed_count);
    copy->healed_region = region;
    return BOUGH_OK;
}

/* Reads from one copy, else from the other, and heals the first. */
static enum bough_err read_either(struct mirror *mirror, uint64_t first, uint32_t count, void *into)
{
    unsigned from = mirror->copies[0].state == BOUGH_MIRROR_IN ? 0 : 1;
    enum bough_err err;

    if (!can_read(mirror, from, first + count))
        return BOUGH_IO;
    err = read_one(mirror, from, first, count, into);
    if (err != BOUGH_IO || !can_read(mirror, 1 - from, first + count))
        return err;
    err = read_one(mirror, 1 - from, first, count, into);
    if (err != BOUGH_OK || mirror->base.read_only)
        return err;
    (void)heal_one(mirror, from, first, count, into); /* the bytes are good all the same */
    return BOUGH_OK;
}

static enum bough_err mirror_read(struct bough_block *dev, uint64_t first, uint32_t count,
                                  void *into)
{
    struct mirror *mirror = mirror_of(dev);
    unsigned from = mirror->copies[0].state == BOUGH_MIRROR_IN ? 0 : 1;

    if (count > 1 && can_read(mirror, from, first + count)) {
        enum bough_err err = read_one(mirror, from, first, count, into);

        if (err != BOUGH_IO)
            return err;
    }
    /* One by one: each copy may lack a different block, and a block that can be read must not be
     * written anew from the other copy, where it may have rotted. */
    for (uint32_t i = 0; i < count; i++)
        BOUGH_TRY(read_either(mirror, first + i, 1, (uint8_t *)into + (size_t)i * dev->block_size));
    return BOUGH_OK;
}

static enum bough_err mirror_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                   const void *from)
{
    struct mirror *mirror = mirror_of(dev);
    uint32_t most = (MIRROR_LABEL_DIRTY_MAX - 1) * (MIRROR_LABEL_REGION_BYTES / dev->block_size);
    const uint8_t *at = from;

    mirror->unflushed = true;
    while (count > 0) {
        uint32_t some = count < most ? count : most;

        BOUGH_TRY(mirror_set_cover(mirror, first, some));
        BOUGH_TRY(mirror_set_apply(mirror, first, some, at));
        first += some;
        count -= some;
        at += (size_t)some * dev->block_size;
    }
    return BOUGH_OK;
}

static enum bough_err mirror_flush(struct bough_block *dev)
{
    struct mirror *mirror = mirror_of(dev);

    BOUGH_TRY(mirror_set_apply(mirror, 0, 0, NULL));
    mirror->unflushed = false;
    return BOUGH_OK;
}

static enum bough_err mirror_discard(struct bough_block *dev, uint64_t first, uint64_t count)
{
    struct mirror *mirror = mirror_of(dev);

    for (unsigned i = 0; i < 2; i++) {
        struct mirror_copy *copy = &mirror->copies[i];

        /* Advice: a copy that does not take it has lost nothing. */
        if ((copy->state == BOUGH_MIRROR_IN || copy->state == BOUGH_MIRROR_BEHIND) &&
            bough_block_discard(copy->dev, mirror_set_place(mirror, first), count) != BOUGH_OK)
            copy->fault_count++;
    }
    return BOUGH_OK;
}

static enum bough_err mirror_read_copy(struct bough_block *dev, unsigned index, uint64_t first,
                                       uint32_t count, void *into)
{
    struct mirror *mirror = mirror_of(dev);

    if (!can_read(mirror, index, first + count))
        return BOUGH_NOT_FOUND;
    return read_one(mirror, index, first, count, into);
}

static enum bough_err mirror_heal(struct bough_block *dev, unsigned index, uint64_t first,
                                  uint32_t count, const void *from)
{
    struct mirror *mirror = mirror_of(dev);

    return can_read(mirror, index, first + count) ? heal_one(mirror, index, first, count, from)
                                                  : BOUGH_NOT_FOUND;
}

/* Releases the mirror, not its copies. */
static void release(struct mirror *mirror)
{
    bough_heap_give(mirror->env->heap, mirror->piece, 2 * MIRROR_SET_PIECE_BYTES);
    bough_heap_give(mirror->env->heap, mirror, sizeof(*mirror));
}

/* Where everything was flushed the copies differ nowhere.  Once the label says so the next opening
 * makes nothing equal, and what rots meanwhile on one copy stays good on the other. */
static void settle(struct mirror *mirror)
{
    if (mirror->base.read_only || mirror->broken || mirror->unflushed ||
        mirror->label.dirty_count == 0 || mirror_set_in(mirror) != 3)
        return;
    mirror->label.dirty_count = 0;
    if (mirror_set_publish(mirror) != BOUGH_OK)
        bough_log(mirror->env->log, BOUGH_WARN, "mirror", "no label could be written at the end");
}

static void mirror_close(struct bough_block *dev)
{
    struct mirror *mirror = mirror_of(dev);

    settle(mirror);
    bough_block_close(mirror->copies[0].dev);
    bough_block_close(mirror->copies[1].dev);
    release(mirror);
}

static const struct bough_block_ops ops = {.read = mirror_read,
                                           .write = mirror_write,
                                           .flush = mirror_flush,
                                           .discard = mirror_discard,
                                           .close = mirror_close,
                                           .read_copy = mirror_read_copy,
                                           .heal = mirror_heal};

/* What both promise: the less of each. */
static void take_facts(struct bough_block *base, const struct bough_block *other)
{
    if (other->atomic_bytes < base->atomic_bytes)
        base->atomic_bytes = other->atomic_bytes;
    if (other->flush_survives < base->flush_survives)
        base->flush_survives = other->flush_survives;
    base->read_only = base->read_only || other->read_only;
}

enum bough_err bough_mirror_open(struct bough_env *env, struct bough_block *const copies[2],
                                 const char *const names[2], struct bough_block **dev)
{
    struct mirror *mirror;
    enum bough_err err;

    if (copies[1] != NULL && copies[0]->block_size != copies[1]->block_size) {
        bough_log(env->log, BOUGH_ERROR, "mirror", "blocks of %u and of %u bytes make no mirror",
                  copies[0]->block_size, copies[1]->block_size);
        return BOUGH_INVALID;
    }
    mirror = bough_heap_take(env->heap, sizeof(*mirror));
    if (mirror == NULL)
        return BOUGH_NO_MEMORY;
    *mirror = (struct mirror){.base = *copies[0], .env = env};
    mirror->base.ops = &ops;
    mirror->base.copy_count = 2;
    if (copies[1] != NULL)
        take_facts(&mirror->base, copies[1]);
    mirror->piece = bough_heap_take(env->heap, 2 * MIRROR_SET_PIECE_BYTES);
    err = mirror->piece == NULL ? BOUGH_NO_MEMORY : mirror_join(mirror, copies, names);
    if (err != BOUGH_OK) {
        release(mirror);
        return err;
    }
    *dev = &mirror->base;
    return BOUGH_OK;
}

enum bough_err bough_mirror_probe(struct bough_env *env, struct bough_block *dev, bool *is_copy)
{
    uint8_t *block = bough_heap_take(env->heap, dev->block_size);
    enum bough_err err = block == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;

    *is_copy = false;
    for (unsigned i = 0; i < 2 && err == BOUGH_OK && !*is_copy; i++) {
        uint64_t first = i * MIRROR_LABEL_SLOT_BYTES / dev->block_size;

        if (!bough_block_has(dev, first, 1))
            break;
        err = bough_block_read(dev, first, 1, block);
        *is_copy = err == BOUGH_OK && mirror_label_has_magic(block);
    }
    bough_heap_give(env->heap, block, dev->block_size);
    return err;
}

/* Copies a piece to the copy that is behind; block by block where it cannot be read whole. */
static enum bough_err resync_piece(struct mirror *mirror, unsigned from, uint32_t count)
{
    enum bough_err err = mirror_set_copy(mirror, from, 1 - from, mirror->resync_at, count);

    if (err == BOUGH_OK) {
        mirror->resync_at += count;
        return BOUGH_OK;
    }
    while (count-- > 0 && mirror->copies[1 - from].state == BOUGH_MIRROR_BEHIND) {
        err = mirror_set_copy(mirror, from, 1 - from, mirror->resync_at, 1);
        if (err != BOUGH_OK) {
            bough_log(mirror->env->log, BOUGH_ERROR, "mirror",
                      "block %llu of copy %u (%s) cannot be read: the other stays behind",
                      (unsigned long long)mirror->resync_at, from, mirror->copies[from].name);
            return err;
        }
        mirror->resync_at++;
    }
    return BOUGH_OK;
}

/* All is copied: the copy is in once everything is flushed, and every label says so. */
static enum bough_err admit(struct mirror *mirror, unsigned index)
{
    BOUGH_TRY(mirror_set_apply(mirror, 0, 0, NULL));
    if (mirror->copies[index].state != BOUGH_MIRROR_BEHIND)
        return BOUGH_OK;
    BOUGH_TRY(mirror_set_admit(mirror, index));
    if (mirror->copies[index].state == BOUGH_MIRROR_IN)
        bough_log(mirror->env->log, BOUGH_INFO, "mirror", "copy %u (%s) is up to date", index,
                  mirror->copies[index].name);
    return BOUGH_OK;
}

enum bough_err bough_mirror_resync(struct bough_block *dev, uint64_t max_bytes, bool *done)
{
    struct mirror *mirror = mirror_of(dev);
    unsigned from = mirror->copies[0].state == BOUGH_MIRROR_IN ? 0 : 1;
    const struct mirror_copy *target = &mirror->copies[1 - from];
    uint32_t blocks = MIRROR_SET_PIECE_BYTES / dev->block_size;
    uint64_t copied = 0;

    assert(dev->ops == &ops);
    *done = target->state != BOUGH_MIRROR_BEHIND;
    if (*done)
        return BOUGH_OK;
    if (mirror->broken || mirror->copies[from].state != BOUGH_MIRROR_IN)
        return BOUGH_IO;
    do {
        uint64_t left = dev->block_count - mirror->resync_at;

        if (left == 0)
            break;
        BOUGH_TRY(resync_piece(mirror, from, left < blocks ? (uint32_t)left : blocks));
        copied += MIRROR_SET_PIECE_BYTES;
    } while (copied < max_bytes && target->state == BOUGH_MIRROR_BEHIND);
    if (mirror->resync_at == dev->block_count && target->state == BOUGH_MIRROR_BEHIND)
        BOUGH_TRY(admit(mirror, 1 - from));
    *done = target->state != BOUGH_MIRROR_BEHIND;
    return BOUGH_OK;
}

struct bough_mirror_report bough_mirror_report(const struct bough_block *dev)
{
    const struct mirror *mirror = (const struct mirror *)dev;
    struct bough_mirror_report report = {.degraded = mirror_set_in(mirror) != 3};

    assert(dev->ops == &ops);
    for (unsigned i = 0; i < 2; i++) {
        report.copies[i].state = mirror->copies[i].state;
        report.copies[i].fault_count = mirror->copies[i].fault_count;
        report.copies[i].healed_count = mirror->copies[i].healed_count;
        if (mirror->copies[i].state == BOUGH_MIRROR_BEHIND) {
            report.resync_count = dev->block_count;
            report.resync_done_count = mirror->resync_at;
        }
    }
    return report;
}
