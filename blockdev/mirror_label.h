/* SPDX-License-Identifier: ISC
 *
 * mirror_label.h - what a copy of a mirror says about itself (docs/mirror.md).
 */
#ifndef MIRROR_LABEL_H
#define MIRROR_LABEL_H

#include "bough/blockdev.h"

#define MIRROR_LABEL_REGION_BYTES (1u << 20) /* what one entry of `dirty` stands for */
#define MIRROR_LABEL_DIRTY_MAX    16u
#define MIRROR_LABEL_SLOT_BYTES   (BOUGH_MIRROR_LABEL_BYTES / 2)

struct mirror_label {
    uint8_t uuid[16];
    uint64_t ids[2];      /* random: a disk that took another's place is not taken for it */
    uint8_t index;        /* which copy this is: 0 or 1 */
    uint8_t in;           /* a bit for each copy that holds everything */
    uint64_t event;       /* counts labels: of two slots the one with the greater is newer */
    uint64_t block_count; /* of the mirror */
    uint32_t block_size;
    uint32_t dirty_count;
    uint64_t dirty[MIRROR_LABEL_DIRTY_MAX]; /* regions in which the copies may differ */
};

enum mirror_label_found {
    MIRROR_LABEL_BLANK, /* zeros where a label and a store would begin */
    MIRROR_LABEL_OURS   /* *label holds it */
};

/* Reads a device's label.  BOUGH_INVALID (something else is there), BOUGH_WRONG_VERSION,
 * BOUGH_CORRUPT (no slot checks), BOUGH_TOO_BIG (a device too small for one), BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err mirror_label_read(struct bough_env *env, struct bough_block *dev,
                                                  enum mirror_label_found *found,
                                                  struct mirror_label *label);

/* Writes the label to both slots in turn, with a flush each; `scratch` has one block.  BOUGH_IO. */
BOUGH_MUST_CHECK enum bough_err mirror_label_write(struct bough_block *dev,
                                                   const struct mirror_label *label,
                                                   uint8_t *scratch);

/* The 228 bytes of a label. */
void mirror_label_encode(const struct mirror_label *label, uint8_t into[512]);

/* Whether a device's first bytes are those of a label, whatever else is the matter with it. */
bool mirror_label_has_magic(const uint8_t *at);

#endif
