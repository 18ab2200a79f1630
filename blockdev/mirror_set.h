/* SPDX-License-Identifier: ISC
 *
 * mirror_set.h - the copies of a mirror: who is in, and what is done to all of them at once.
 */
#ifndef MIRROR_SET_H
#define MIRROR_SET_H

#include "mirror_label.h"

#define MIRROR_SET_PIECE_BYTES 65536u /* at least two blocks of any size */

struct mirror_copy {
    struct bough_block *dev; /* NULL = absent */
    enum bough_mirror_state state;
    uint64_t fault_count;
    uint64_t healed_count;
    uint64_t healed_region; /* the last one that was logged, + 1 */
    char name[48];
};

struct mirror {
    struct bough_block base;
    struct bough_env *env;
    struct mirror_copy copies[2];
    struct mirror_label label; /* the newest; `index` is set for each copy when it is written */
    bool unlabelled;           /* a copy has gone since: nothing is acknowledged before a label */
    bool broken;               /* both failed, or all a flush: nothing is written any more */
    bool unflushed;            /* written to since the last good flush */
    uint64_t resync_at;        /* blocks below are equal on the copy that is behind */
    uint8_t *piece;            /* scratch of two pieces */
};

/* A bit for each copy that holds everything. */
uint8_t mirror_set_in(const struct mirror *mirror);

/* The block of a copy's device at which block `first` of the mirror stands. */
uint64_t mirror_set_place(const struct mirror *mirror, uint64_t first);

/* Counts a fault and takes the copy out, for as long as the mirror is open. */
void mirror_set_drop(struct mirror *mirror, unsigned index, const char *doing, enum bough_err err);

/* Writes the next label to all copies that are there, saying who is in now, and flushes them;
 * copies that do not take it are dropped.  BOUGH_IO when no copy that is in has taken one. */
BOUGH_MUST_CHECK enum bough_err mirror_set_publish(struct mirror *mirror);

/* Lets the copy that was behind in, once everything is on it: the label says so on the other copy
 * first, so that the two never name each other out.  BOUGH_IO when that one does not take it: then
 * none is in. */
BOUGH_MUST_CHECK enum bough_err mirror_set_admit(struct mirror *mirror, unsigned index);

/* Writes blocks to every copy that is there, or flushes them if `from` is NULL.  BOUGH_OK once one
 * that is in did it, and the label says that those that did not are out.  When none did, its error:
 * none that is in is dropped, and nothing is written any more if there were two, whose difference
 * no label could tell, or if it was a flush; one that is behind is compared again from there on. */
BOUGH_MUST_CHECK enum bough_err mirror_set_apply(struct mirror *mirror, uint64_t first,
                                                 uint32_t count, const void *from);

/* Makes the label say that the copies may differ in these blocks, which touch at most
 * MIRROR_LABEL_DIRTY_MAX regions.  Costs a flush or two where that is news. */
BOUGH_MUST_CHECK enum bough_err mirror_set_cover(struct mirror *mirror, uint64_t first,
                                                 uint32_t count);

/* Makes blocks (at most a piece) of copy `to` equal to those of copy `from`, writing only where
 * they differ.  BOUGH_IO when `from` cannot be read; `to` is dropped if it cannot be written. */
BOUGH_MUST_CHECK enum bough_err mirror_set_copy(struct mirror *mirror, unsigned from, unsigned to,
                                                uint64_t first, uint32_t count);

#endif
