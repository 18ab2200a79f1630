/* SPDX-License-Identifier: ISC
 *
 * object.h - objects by link: named when written, checked when read.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "cache.h"
#include "store_internal.h"

/* Names and stages an object; `links` are those in its bytes, in the order they stand there
 * (borrowed; only their addresses are looked at).  *link gets name and address.  Errors as
 * bough_backend_put. */
BOUGH_MUST_CHECK enum bough_err object_put(struct bough_store *store, enum bough_kind kind,
                                           struct bough_bytes bytes, const uint64_t *addresses,
                                           uint32_t address_count, struct bough_link *link);

/* The object that `link` names, in `arena`.  Its bytes have been checked against the name.  A link
 * without an address is looked up first (commits and tags only).  BOUGH_NOT_FOUND, BOUGH_CORRUPT
 * (logged with the name), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err object_get(struct bough_store *store, const struct bough_link *link,
                                           struct bough_arena *arena, struct bough_object *object);

/* The same, and BOUGH_CORRUPT when it is not of `kind`. */
BOUGH_MUST_CHECK enum bough_err object_get_kind(struct bough_store *store,
                                                const struct bough_link *link, enum bough_kind kind,
                                                struct bough_arena *arena,
                                                struct bough_object *object);

/* Reads the object from the backend, past the cache, in `arena`, and checks it against its name. */
BOUGH_MUST_CHECK enum bough_err object_read(struct bough_store *store,
                                            const struct bough_link *link,
                                            struct bough_arena *arena, struct bough_object *object);

/* Logs that the object is not what its name promises, and answers BOUGH_CORRUPT. */
enum bough_err object_corrupt(struct bough_store *store, const struct bough_link *link,
                              const char *what);

/* A key for a set of names that tells the same object in two places apart: where one of them is
 * damaged, the other says nothing of it.  The address goes where name_set.h keeps it. */
static inline struct bough_hash object_place_key(const struct bough_link *link)
{
    struct bough_hash key = link->name;

    for (unsigned i = 0; i < sizeof(link->address); i++)
        key.at[8 + i] ^= (uint8_t)(link->address >> 8 * i);
    return key;
}

#endif
