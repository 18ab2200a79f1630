/* SPDX-License-Identifier: ISC
 *
 * journal_object.h - objects as records: whole, or as a patch of another one.
 */
#ifndef JOURNAL_OBJECT_H
#define JOURNAL_OBJECT_H

#include "encode.h"
#include "journal_state.h"

/* What the front of an object's payload says. */
struct journal_object_front {
    uint64_t base;   /* what it is a patch of; 0 = it is whole */
    uint64_t before; /* what it took the place of, which may be gone; 0 = not known */
    struct bough_bytes content;
};

/* What a record says of itself, as in journal_format.h; all zeros for what is put. */
struct journal_object_as {
    uint8_t settled;
    bool copy;
};

/* Appends an object's record: its patch, if it has one, else its bytes and addresses.  The caller
 * has asked for room.  BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_object_put(struct journal *journal,
                                                   const struct bough_object *object,
                                                   struct journal_object_as as, uint64_t *address);

/* The bytes that its record takes at most. */
uint64_t journal_object_bytes_max(const struct bough_object *object);

/* Writes the patches that make `object` of `base` behind what `out` holds, as object->patch would
 * have them; it has overflowed if they do not fit.  BOUGH_TOO_BIG, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_object_diff(const struct bough_object *base,
                                                    const struct bough_object *object,
                                                    struct bough_arena *arena, struct encode *out);

/* Takes the front off the payload of an object's record.  BOUGH_CORRUPT. */
BOUGH_MUST_CHECK enum bough_err journal_object_front(const struct journal_record *record,
                                                     struct bough_bytes payload,
                                                     struct journal_object_front *front);

/* Reads the record at an address, wherever it is now, and takes the front off.  BOUGH_CORRUPT (not
 * logged), BOUGH_NOT_FOUND (collected), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_object_read(struct journal *journal, uint64_t address,
                                                    struct bough_arena *arena,
                                                    struct journal_record *record,
                                                    struct journal_object_front *front);

/* The object at an address, wherever it is now; it lives in `arena`.  A patched one costs two
 * reads, and one that collection has settled up to JOURNAL_CHAIN_MAX + 1.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err journal_object_get(struct journal *journal, uint64_t address,
                                                   struct bough_arena *arena,
                                                   struct bough_object *object);

#endif
