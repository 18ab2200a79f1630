/* SPDX-License-Identifier: ISC
 *
 * mirror_join.h - which copies make up a mirror, told from their labels.
 */
#ifndef MIRROR_JOIN_H
#define MIRROR_JOIN_H

#include "mirror_set.h"

/* Fills copies (those given, put in the order of their labels), label and the size of `mirror`,
 * whose env and base.block_size are set; makes equal what a crash may have left different, and
 * publishes a label.  Errors as bough_mirror_open. */
BOUGH_MUST_CHECK enum bough_err mirror_join(struct mirror *mirror,
                                            struct bough_block *const copies[2],
                                            const char *const names[2]);

#endif
