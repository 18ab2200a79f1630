/* SPDX-License-Identifier: ISC
 *
 * journal.h - the backend that keeps a store on a block device (docs/format.md).
 */
#ifndef BOUGH_JOURNAL_H
#define BOUGH_JOURNAL_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* What a device holds, told from its first blocks without writing. */
enum bough_journal_state {
    BOUGH_JOURNAL_BLANK,  /* all zeros: may be formatted */
    BOUGH_JOURNAL_OURS,   /* a bough store, of this version or another */
    BOUGH_JOURNAL_FOREIGN /* something else: must not be touched */
};

/* Looks at the first and last blocks.  BOUGH_IO, BOUGH_NO_MEMORY, BOUGH_TOO_BIG (a device too small
 * for a store: below 460 KiB). */
BOUGH_MUST_CHECK enum bough_err bough_journal_probe(struct bough_env *env, struct bough_block *dev,
                                                    enum bough_journal_state *state);

/* How a store is laid out on its device, as its newest superblock says. */
struct bough_journal_geometry {
    uint32_t version;
    uint32_t unit_bytes;
    uint64_t device_bytes; /* that it was made for */
    uint64_t segment_bytes;
    uint32_t segment_count;
    uint64_t checkpoint_count; /* checkpoints taken */
    unsigned super_count;      /* superblocks that can be used, of three */
    struct bough_identity identity;
};

/* Reads superblocks only, so also where the store cannot be opened.  Errors as bough_journal_open;
 * after BOUGH_WRONG_VERSION geometry->version is that of the first superblock, and the rest zero.
 */
BOUGH_MUST_CHECK enum bough_err bough_journal_describe(struct bough_env *env,
                                                       struct bough_block *dev,
                                                       struct bough_journal_geometry *geometry);

/* Writes an empty store over whatever the device holds.  `identity` gives salt and windows; NULL =
 * a random salt and uuid (BOUGH_NOT_READY where there is no entropy) and the default windows. */
BOUGH_MUST_CHECK enum bough_err bough_journal_format(struct bough_env *env, struct bough_block *dev,
                                                     const struct bough_identity *identity);

/* Opens the store on `dev`, which the backend owns from now on, also after an error.  Finds the
 * newest root whose chain checks; whatever can be parsed after a tear is logged, never silently
 * dropped.  BOUGH_INVALID (no store), BOUGH_WRONG_VERSION, BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_journal_open(struct bough_env *env, struct bough_block *dev,
                                                   struct bough_backend **backend);

#endif
