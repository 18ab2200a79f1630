/* SPDX-License-Identifier: ISC
 *
 * pack_resolve.h - names all objects of a pack and makes them findable.
 */
#ifndef PACK_RESOLVE_H
#define PACK_RESOLVE_H

#include "pack_object.h"

/* Resolves every delta of a complete pack; `bases` (borrowed as long as the pack) supplies the
 * objects that a thin pack leaves out.  Afterwards each entry has its kind and id.  BOUGH_INVALID
 * and pack->why when a delta is bad, or its base is nowhere or depends on itself; BOUGH_TOO_BIG,
 * BOUGH_NO_MEMORY, and what the bases' functions answer. */
BOUGH_MUST_CHECK enum bough_err pack_resolve(struct pack_in *pack, struct pack_bases *bases);

/* The entry of an object, or PACK_NONE.  After pack_resolve only.  O(1). */
uint32_t pack_resolve_find(struct pack_in *pack, const struct sha1 *id);

#endif
