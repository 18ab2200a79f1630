/* SPDX-License-Identifier: ISC
 *
 * cache.h - objects kept in memory by address, within one budget in bytes.
 */
#ifndef CACHE_H
#define CACHE_H

#include "bough/arena.h"
#include "bough/port/backend.h"

struct cache;

/* A cache that takes at most `budget_bytes` from `heap`; BOUGH_NO_MEMORY when the budget or the
 * heap has no room for its table. */
BOUGH_MUST_CHECK enum bough_err cache_open(struct bough_heap *heap, size_t budget_bytes,
                                           struct cache **cache);

/* Gives everything back; NULL is allowed. */
void cache_close(struct cache *cache);

/* Keeps a copy of an object that was checked against `link`'s name, dropping the least recently
 * used ones for it.  Objects too large to be worth it, or that find no memory, are not kept. */
void cache_keep(struct cache *cache, const struct bough_link *link,
                const struct bough_object *object);

/* A copy of the object at link->address in `arena`, *hit says whether it was there under that name.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err cache_find(struct cache *cache, const struct bough_link *link,
                                           struct bough_arena *arena, struct bough_object *object,
                                           bool *hit);

/* Bytes in use now. */
size_t cache_bytes(const struct cache *cache);

#endif
