/* SPDX-License-Identifier: ISC
 *
 * journal_super.h - the superblocks of a device: who the store is, and its newest checkpoint.
 */
#ifndef JOURNAL_SUPER_H
#define JOURNAL_SUPER_H

#include "bough/env.h"
#include "journal_format.h"

/* Reads the copies that check, compares them with the device, and puts them into `supers`, the
 * newest first; *count of them.  BOUGH_INVALID (no store), BOUGH_WRONG_VERSION, BOUGH_CORRUPT (no
 * copy checks, or the device is shorter than the store was made for), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_super_read(struct bough_env *env, struct bough_block *dev,
                                                   struct journal_super supers[3], unsigned *count);

/* Compares all copies of the device where superblocks are, and writes anew what one holds wrongly;
 * *healed_count of them.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_super_compare(struct bough_env *env,
                                                      struct bough_block *dev,
                                                      unsigned *healed_count);

/* Writes a newer super: one of the first two copies in turns, then the last one, each flushed.  So
 * at any moment one copy that was durable before is untouched.  BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_super_write(struct bough_env *env, struct bough_block *dev,
                                                    const struct journal_super *super);

#endif
