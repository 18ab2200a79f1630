/* SPDX-License-Identifier: ISC
 *
 * mirror_join.c - which copies make up a mirror, told from their labels.
 *
 *   (1) A copy is in only if the labels of all copies that are here say so, and mean this disk.  A
 * copy that failed is named out by the other before anything is acknowledged that it lacks; so what
 * it says of itself, then or later, does not bring it back. (2) If both are in, they differ at most
 * in the regions that their labels list: everything else was flushed on both.  There they hold the
 * same acknowledged blocks and any part of those under way, as one disk might after a power cut:
 * either is right, until one was shown. So they are made equal first. (3) A label is on every copy
 * before the copy is written to.
 */
#include "mirror_join.h"
#include <stdio.h>
#include <string.h>

/* A device as it was given. */
struct given {
    struct bough_block *dev;
    const char *name;
    enum mirror_label_found found;
    struct mirror_label label;
};

/* Logs why there is no mirror; gives `err` back. */
static enum bough_err refuse(struct mirror *mirror, enum bough_err err, const char *why)
{
    bough_log(mirror->env->log, BOUGH_ERROR, "mirror", "%s", why);
    return err;
}

static enum bough_err read_label(struct mirror *mirror, struct given *given)
{
    enum bough_err err = mirror_label_read(mirror->env, given->dev, &given->found, &given->label);

    if (err != BOUGH_OK)
        bough_log(mirror->env->log, BOUGH_ERROR, "mirror", "%s is no copy, and not blank: %s",
                  given->name, bough_err_name(err));
    return err;
}

/* Puts the devices where their labels say: copies[0] is the one with index 0. */
static enum bough_err place(struct mirror *mirror, struct given givens[2])
{
    bool blank[2];

    for (unsigned i = 0; i < 2; i++)
        blank[i] = givens[i].dev == NULL || givens[i].found == MIRROR_LABEL_BLANK;
    if (!blank[0] && !blank[1] &&
        (givens[0].label.index == givens[1].label.index ||
         memcmp(givens[0].label.uuid, givens[1].label.uuid, 16) != 0))
        return refuse(mirror, BOUGH_INVALID, "the two are not the copies of one mirror");
    if ((!blank[0] && givens[0].label.index == 1) ||
        (blank[0] && !blank[1] && givens[1].label.index == 0)) {
        struct given first = givens[0];

        givens[0] = givens[1];
        givens[1] = first;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct mirror_copy *copy = &mirror->copies[i];

        copy->dev = givens[i].dev;
        copy->state = copy->dev == NULL ? BOUGH_MIRROR_ABSENT : BOUGH_MIRROR_BEHIND;
        (void)snprintf(copy->name, sizeof(copy->name), "%s", givens[i].name);
    }
    return BOUGH_OK;
}

static bool is_labelled(const struct given *given)
{
    return given->dev != NULL && given->found == MIRROR_LABEL_OURS;
}

/* The copies that are in by this label, and are the disks that it means: a bit for each. */
static unsigned meant(const struct mirror_label *label, const struct given givens[2])
{
    unsigned in = 0;

    for (unsigned i = 0; i < 2; i++)
        if (is_labelled(&givens[i]) && givens[i].label.ids[i] == label->ids[i])
            in |= label->in & 1u << i;
    return in;
}

/* Invariant (1): marks those that are in, and adopts the newest label. */
static enum bough_err judge(struct mirror *mirror, const struct given givens[2])
{
    unsigned in = 3;
    unsigned labelled = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (!is_labelled(&givens[i]))
            continue;
        in &= meant(&givens[i].label, givens);
        if (labelled++ == 0 || givens[i].label.event > mirror->label.event)
            mirror->label = givens[i].label;
    }
    if (labelled == 0) {
        if (givens[0].dev == NULL || givens[1].dev == NULL)
            return refuse(mirror, BOUGH_INVALID, "a new mirror is made of two devices");
        in = 1;
    }
    for (unsigned i = 0; i < 2; i++)
        if ((in & 1u << i) != 0)
            mirror->copies[i].state = BOUGH_MIRROR_IN;
    if (in != 0)
        return BOUGH_OK;
    return labelled == 1
               ? refuse(mirror, BOUGH_STALE, "this copy was left behind by one that is not here")
               : refuse(mirror, BOUGH_CONFLICT, "each copy was written without the other");
}

/* A disk that joins is told from the one whose place it takes. */
static enum bough_err identify(struct mirror *mirror, const struct given givens[2])
{
    struct bough_entropy *entropy = mirror->env->entropy;
    struct mirror_label *label = &mirror->label;

    if (label->event == 0)
        BOUGH_TRY(bough_entropy_fill(entropy, label->uuid, sizeof(label->uuid)));
    for (unsigned i = 0; i < 2; i++) {
        bool is_known = is_labelled(&givens[i]) && givens[i].label.ids[i] == label->ids[i];

        if (mirror->copies[i].dev != NULL && !is_known)
            BOUGH_TRY(bough_entropy_fill(entropy, &label->ids[i], sizeof(label->ids[i])));
        assert(is_known || mirror->copies[i].state != BOUGH_MIRROR_IN || label->event == 0);
    }
    return BOUGH_OK;
}

/* The size that all copies have room for; an old mirror keeps its size where one is away. */
static enum bough_err measure(struct mirror *mirror)
{
    uint64_t unused = 2 * mirror_set_place(mirror, 0); /* the label, and as much at the end */
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < 2; i++) {
        const struct bough_block *dev = mirror->copies[i].dev;
        uint64_t count = dev == NULL ? mirror->label.block_count : dev->block_count;

        if (dev != NULL && count <= unused)
            return refuse(mirror, BOUGH_TOO_BIG, "a copy is too small");
        count -= dev == NULL ? 0 : unused;
        least = count < least ? count : least;
    }
    if (least < mirror->label.block_count)
        return refuse(mirror, BOUGH_TOO_BIG, "a copy is smaller than the mirror");
    mirror->label.block_count = least;
    mirror->label.block_size = mirror->base.block_size;
    mirror->base.block_count = least;
    return BOUGH_OK;
}

/* Makes one block of both copies equal, from whichever can be read. */
static enum bough_err equal_block(struct mirror *mirror, uint64_t first, uint32_t count)
{
    unsigned from = mirror->copies[0].state == BOUGH_MIRROR_IN ? 0 : 1;
    enum bough_err err;

    if (mirror_set_in(mirror) != 3)
        return BOUGH_OK;
    err = mirror_set_copy(mirror, from, 1 - from, first, count);
    if (err == BOUGH_IO)
        err = mirror_set_copy(mirror, 1 - from, from, first, count);
    if (err == BOUGH_IO && count == 1) { /* neither can be read: only one may ever answer */
        mirror_set_drop(mirror, 1 - from, "read", err);
        err = BOUGH_OK;
    }
    return err;
}

/* The same for a region, in pieces; block by block where a piece cannot be read. */
static enum bough_err equal_region(struct mirror *mirror, uint64_t region)
{
    uint32_t size = mirror->base.block_size;
    uint64_t at = region * (MIRROR_LABEL_REGION_BYTES / size);
    uint64_t end = at + MIRROR_LABEL_REGION_BYTES / size;
    uint32_t blocks = MIRROR_SET_PIECE_BYTES / size;

    end = end < mirror->base.block_count ? end : mirror->base.block_count;
    for (; at < end; at += blocks) {
        uint32_t count = end - at < blocks ? (uint32_t)(end - at) : blocks;
        enum bough_err err = equal_block(mirror, at, count);

        for (uint32_t i = 0; i < count && err == BOUGH_IO; i++)
            BOUGH_TRY(equal_block(mirror, at + i, 1));
        if (err != BOUGH_IO)
            BOUGH_TRY(err);
    }
    return BOUGH_OK;
}

/* Invariant (2). */
static enum bough_err make_equal(struct mirror *mirror, const struct given givens[2])
{
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t k = 0; k < givens[i].label.dirty_count; k++)
            BOUGH_TRY(equal_region(mirror, givens[i].label.dirty[k]));
    return mirror_set_apply(mirror, 0, 0, NULL);
}

static void say(const struct mirror *mirror)
{
    static const char *const states[] = {"absent", "in", "behind", "dropped"};

    bough_log(mirror->env->log, mirror_set_in(mirror) == 3 ? BOUGH_INFO : BOUGH_WARN, "mirror",
              "copy 0 (%s): %s; copy 1 (%s): %s; event %llu", mirror->copies[0].name,
              states[mirror->copies[0].state], mirror->copies[1].name,
              states[mirror->copies[1].state], (unsigned long long)mirror->label.event);
}

enum bough_err mirror_join(struct mirror *mirror, struct bough_block *const copies[2],
                           const char *const names[2])
{
    struct given givens[2] = {{.dev = copies[0], .name = names[0]},
                              {.dev = copies[1], .name = names[1] == NULL ? "none" : names[1]}};
    bool is_new;

    for (unsigned i = 0; i < 2; i++)
        if (givens[i].dev != NULL)
            BOUGH_TRY(read_label(mirror, &givens[i]));
    BOUGH_TRY(place(mirror, givens));
    BOUGH_TRY(judge(mirror, givens));
    is_new = mirror->label.event == 0;
    BOUGH_TRY(measure(mirror));
    if (mirror->base.read_only) { /* one copy is shown, and nothing is decided */
        unsigned other = mirror->copies[0].state == BOUGH_MIRROR_IN ? 1 : 0;

        mirror->copies[other].state = BOUGH_MIRROR_ABSENT;
        return is_new ? refuse(mirror, BOUGH_READ_ONLY, "no new mirror of read-only devices")
                      : BOUGH_OK;
    }
    BOUGH_TRY(identify(mirror, givens));
    if (mirror_set_in(mirror) == 3)
        BOUGH_TRY(make_equal(mirror, givens));
    mirror->label.dirty_count = 0;
    BOUGH_TRY(mirror_set_publish(mirror));
    say(mirror);
    return BOUGH_OK;
}
