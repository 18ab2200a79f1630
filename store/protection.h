/* SPDX-License-Identifier: ISC
 *
 * protection.h - whether a rule forbids a move, for ref.c.
 */
#ifndef PROTECTION_H
#define PROTECTION_H

#include "bough/protection.h"

/* BOUGH_DENIED if a rule forbids to remove the ref `name`, or, where not `remove`, to move it to
 * what does not contain what it is at; BOUGH_OK else, and what reading may answer.  `arena` is for
 * scratch. */
BOUGH_MUST_CHECK enum bough_err protection_check(struct bough_store *store, struct bough_bytes name,
                                                 bool remove, struct bough_arena *arena);

#endif
