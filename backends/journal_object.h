/* SPDX-License-Identifier: ISC
 *
 * journal_object.h - objects as records: whole, or as a patch of another one.
 */
#ifndef JOURNAL_OBJECT_H
#define JOURNAL_OBJECT_H

#include "journal_state.h"

/* Appends an object's record: its patch, if it has one, else its bytes and addresses.  The caller
 * has asked for room.  BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_object_put(struct journal *journal,
                                                   const struct bough_object *object,
                                                   uint64_t *address);

/* The bytes that its record takes at most. */
uint64_t journal_object_bytes_max(const struct bough_object *object);

/* The object at an address, wherever it is now; it lives in `arena`.  A patched one costs two
 * reads.  BOUGH_CORRUPT (not logged), BOUGH_NOT_FOUND (collected), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_object_get(struct journal *journal, uint64_t address,
                                                   struct bough_arena *arena,
                                                   struct bough_object *object);

#endif
