/* SPDX-License-Identifier: ISC
 *
 * ref_pattern.h - names of refs that settings are about.
 */
#ifndef REF_PATTERN_H
#define REF_PATTERN_H

#include "bough/bytes.h"
#include "bough/err.h"

/* Whether a name fits a pattern, in which '*' stands for any bytes.  O(product of their lengths).
 */
bool ref_pattern_fits(struct bough_bytes pattern, struct bough_bytes name);

/* BOUGH_OK, BOUGH_TOO_BIG past BOUGH_REF_BYTES_MAX, BOUGH_INVALID if it is not one of branches. */
BOUGH_MUST_CHECK enum bough_err ref_pattern_check(struct bough_bytes pattern);

#endif
