/* SPDX-License-Identifier: ISC
 *
 * journal_super.h - the superblocks of a device: three copies of what never changes.
 */
#ifndef JOURNAL_SUPER_H
#define JOURNAL_SUPER_H

#include "bough/env.h"
#include "journal_format.h"

/* Reads the first copy that checks, and compares it with the device.  BOUGH_INVALID (no store),
 * BOUGH_WRONG_VERSION, BOUGH_CORRUPT (no copy checks, or the device is shorter than the store was
 * made for), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_super_read(struct bough_env *env, struct bough_block *dev,
                                                   struct journal_super *super);

#endif
