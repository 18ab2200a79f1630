/* SPDX-License-Identifier: ISC
 *
 * mirror_set.c - the copies of a mirror: who is in, and what is done to all of them at once.
 *
 * The invariants stand in mirror.c.  The moment that matters is mirror_set_publish: a label that
 * names fewer copies than before is durable before anything is acknowledged that they lack.
 */
#include "mirror_set.h"
#include <string.h>

uint8_t mirror_set_in(const struct mirror *mirror)
{
    unsigned in = 0;

    for (unsigned i = 0; i < 2; i++)
        in |= mirror->copies[i].state == BOUGH_MIRROR_IN ? 1u << i : 0;
    return (uint8_t)in;
}

uint64_t mirror_set_place(const struct mirror *mirror, uint64_t first)
{
    return first + BOUGH_MIRROR_LABEL_BYTES / mirror->base.block_size;
}

static bool is_there(const struct mirror_copy *copy)
{
    return copy->state == BOUGH_MIRROR_IN || copy->state == BOUGH_MIRROR_BEHIND;
}

void mirror_set_drop(struct mirror *mirror, unsigned index, const char *doing, enum bough_err err)
{
    struct mirror_copy *copy = &mirror->copies[index];

    assert(is_there(copy));
    bough_log(mirror->env->log, BOUGH_ERROR, "mirror", "copy %u (%s) is dropped: %s: %s", index,
              copy->name, doing, bough_err_name(err));
    mirror->unlabelled = mirror->unlabelled || copy->state == BOUGH_MIRROR_IN;
    copy->state = BOUGH_MIRROR_DROPPED;
    copy->fault_count++;
}

enum bough_err mirror_set_publish(struct mirror *mirror)
{
    bool again;

    do {
        enum bough_err errs[2] = {BOUGH_OK, BOUGH_OK};

        if (mirror_set_in(mirror) == 0)
            return BOUGH_IO;
        mirror->label.in = mirror_set_in(mirror);
        mirror->label.event++;
        for (unsigned i = 0; i < 2; i++) {
            mirror->label.index = (uint8_t)i;
            if (is_there(&mirror->copies[i]))
                errs[i] = mirror_label_write(mirror->copies[i].dev, &mirror->label, mirror->piece);
        }
        again = false;
        for (unsigned i = 0; i < 2; i++) {
            if (errs[i] == BOUGH_OK)
                continue;
            again = again || mirror->copies[i].state == BOUGH_MIRROR_IN;
            mirror_set_drop(mirror, i, "writing its label", errs[i]);
        }
    } while (again);
    mirror->unlabelled = false;
    return BOUGH_OK;
}

enum bough_err mirror_set_admit(struct mirror *mirror, unsigned index)
{
    struct mirror_copy *other = &mirror->copies[1 - index];
    enum bough_err err;

    assert(mirror->copies[index].state == BOUGH_MIRROR_BEHIND && other->state == BOUGH_MIRROR_IN);
    mirror->label.in = 3;
    mirror->label.event++;
    mirror->label.dirty_count = 0;
    mirror->label.index = (uint8_t)(1 - index);
    err = mirror_label_write(other->dev, &mirror->label, mirror->piece);
    if (err != BOUGH_OK) {
        mirror_set_drop(mirror, 1 - index, "writing its label", err);
        return BOUGH_IO;
    }
    mirror->copies[index].state = BOUGH_MIRROR_IN;
    mirror->label.index = (uint8_t)index;
    err = mirror_label_write(mirror->copies[index].dev, &mirror->label, mirror->piece);
    if (err == BOUGH_OK)
        return BOUGH_OK;
    mirror_set_drop(mirror, index, "writing its label", err);
    return mirror_set_publish(mirror);
}

/* One operation on one copy. */
static enum bough_err apply_one(const struct mirror *mirror, const struct mirror_copy *copy,
                                uint64_t first, uint32_t count, const void *from)
{
    return from == NULL
               ? bough_block_flush(copy->dev)
               : bough_block_write(copy->dev, mirror_set_place(mirror, first), count, from);
}

/* No copy that is in did it.  What a copy that is behind did all the same must not stay there by
 * itself, so it is compared once more from `first` on; with a flush it may be any block.  After a
 * flush nobody knows what is lost, and it need not have been the caller's: no later one may say
 * that all is well. */
static void take_back(struct mirror *mirror, uint64_t first, bool is_flush,
                      const enum bough_err errs[2])
{
    mirror->broken = is_flush || mirror_set_in(mirror) == 3;
    for (unsigned i = 0; i < 2; i++) {
        if (mirror->copies[i].state == BOUGH_MIRROR_IN)
            mirror->copies[i].fault_count++;
        else if (errs[i] != BOUGH_OK)
            mirror_set_drop(mirror, i, is_flush ? "flush" : "write", errs[i]);
    }
    if (first < mirror->resync_at)
        mirror->resync_at = first;
}

enum bough_err mirror_set_apply(struct mirror *mirror, uint64_t first, uint32_t count,
                                const void *from)
{
    enum bough_err errs[2] = {BOUGH_OK, BOUGH_OK};
    enum bough_err worst = BOUGH_IO;
    bool done = false;

    if (mirror->broken)
        return BOUGH_IO;
    for (unsigned i = 0; i < 2; i++) {
        const struct mirror_copy *copy = &mirror->copies[i];

        if (!is_there(copy))
            continue;
        errs[i] = apply_one(mirror, copy, first, count, from);
        if (copy->state == BOUGH_MIRROR_IN && errs[i] == BOUGH_OK)
            done = true;
        else if (copy->state == BOUGH_MIRROR_IN)
            worst = errs[i];
    }
    if (!done) {
        take_back(mirror, from == NULL ? 0 : first, from == NULL, errs);
        return worst;
    }
    for (unsigned i = 0; i < 2; i++)
        if (errs[i] != BOUGH_OK)
            mirror_set_drop(mirror, i, from == NULL ? "flush" : "write", errs[i]);
    return mirror->unlabelled ? mirror_set_publish(mirror) : BOUGH_OK;
}

static bool is_dirty(const struct mirror_label *label, uint64_t region)
{
    for (uint32_t i = 0; i < label->dirty_count; i++)
        if (label->dirty[i] == region)
            return true;
    return false;
}

enum bough_err mirror_set_cover(struct mirror *mirror, uint64_t first, uint32_t count)
{
    struct mirror_label *label = &mirror->label;
    uint64_t size = mirror->base.block_size;
    uint64_t begin = first * size / MIRROR_LABEL_REGION_BYTES;
    uint64_t end = ((first + count) * size - 1) / MIRROR_LABEL_REGION_BYTES;
    uint32_t fresh = 0;

    assert(end - begin < MIRROR_LABEL_DIRTY_MAX);
    if (mirror_set_in(mirror) != 3) /* the label names one copy: the other is copied as a whole */
        return mirror->unlabelled ? mirror_set_publish(mirror) : BOUGH_OK;
    for (uint64_t region = begin; region <= end; region++)
        fresh += !is_dirty(label, region);
    if (fresh == 0)
        return BOUGH_OK;
    if (label->dirty_count + fresh > MIRROR_LABEL_DIRTY_MAX) {
        /* After a flush of both the copies differ nowhere. */
        BOUGH_TRY(mirror_set_apply(mirror, 0, 0, NULL));
        label->dirty_count = 0;
        if (mirror_set_in(mirror) != 3)
            return BOUGH_OK;
    }
    for (uint64_t region = begin; region <= end; region++)
        if (!is_dirty(label, region))
            label->dirty[label->dirty_count++] = region;
    return mirror_set_publish(mirror);
}

enum bough_err mirror_set_copy(struct mirror *mirror, unsigned from, unsigned to, uint64_t first,
                               uint32_t count)
{
    struct mirror_copy *target = &mirror->copies[to];
    uint64_t place = mirror_set_place(mirror, first);
    size_t len = (size_t)count * mirror->base.block_size;
    uint8_t *old = mirror->piece + MIRROR_SET_PIECE_BYTES;
    enum bough_err err;

    assert(len <= MIRROR_SET_PIECE_BYTES && is_there(target));
    err = bough_block_read(mirror->copies[from].dev, place, count, mirror->piece);
    if (err != BOUGH_OK) {
        mirror->copies[from].fault_count++;
        return err;
    }
    err = bough_block_read(target->dev, place, count, old);
    if (err == BOUGH_OK && memcmp(old, mirror->piece, len) == 0)
        return BOUGH_OK;
    err = bough_block_write(target->dev, place, count, mirror->piece);
    if (err != BOUGH_OK)
        mirror_set_drop(mirror, to, "write", err);
    return BOUGH_OK;
}
