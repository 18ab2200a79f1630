/* SPDX-License-Identifier: ISC
 *
 * cache.h - objects in memory by address, within one budget in bytes, handed out without a copy.
 */
#ifndef CACHE_H
#define CACHE_H

#include "bough/port/backend.h"

struct cache;

/* Where an item of a node begins: in the bytes, and among the addresses; and what its key begins
 * with (node.h), so that a search needs no look at most keys. */
struct cache_item {
    uint32_t at;
    uint32_t address_at;
    uint64_t head;
};

/* An object that is pinned: it stays as it is until it is unpinned, in the cache or not. */
struct cache_object {
    struct bough_link link;
    enum bough_kind kind;
    uint8_t level; /* of a node */
    struct bough_bytes bytes;
    const uint64_t *addresses;
    uint32_t address_count;
    uint64_t base; /* see bough_object */
    bool settled;
    uint64_t settled_count;
    uint32_t item_count;            /* of a node; else 0 */
    const struct cache_item *items; /* item_count + 1 of them: the last is the end */
};

/* A cache that keeps at most `budget_bytes` of `heap` beyond what is pinned; 0 = keeps nothing.
 * BOUGH_NO_MEMORY when the heap has no room for its table. */
BOUGH_MUST_CHECK enum bough_err cache_open(struct bough_heap *heap, size_t budget_bytes,
                                           struct cache **cache);

/* Gives everything back; nothing may be pinned any more.  NULL is allowed. */
void cache_close(struct cache *cache);

/* Pins the object at link->address, if it is there under that name; else NULL. */
const struct cache_object *cache_pin(struct cache *cache, const struct bough_link *link);

/* The same for whatever is at an address that is never used twice. */
const struct cache_object *cache_pin_at(struct cache *cache, uint64_t address);

#define CACHE_WARM_MAX 8u

/* Brings what is at `count` <= CACHE_WARM_MAX addresses, as far as it is there, into the
 * processor's own caches: to wait for many at once takes less than for one after the other. */
void cache_warm(const struct cache *cache, const uint64_t *addresses, size_t count);

/* Says that what is at these addresses, `count` of them, will be asked for soon, one after the
 * other: some of it is called from memory, and not waited for.  Call it again for each next one,
 * with those that are left then; `all` for the first of a row. */
void cache_soon(const struct cache *cache, const uint64_t *addresses, size_t count, bool all);

/* The same as cache_warm for objects that are pinned. */
void cache_warm_pinned(const struct cache_object *const *pinned, size_t count);

/* Takes a copy of an object that was checked against `link`'s name and pins it.  `items` are
 * item_count + 1 places, or NULL.  The least recently used ones make room for it.  BOUGH_NO_MEMORY
 * when the heap has no room even so. */
BOUGH_MUST_CHECK enum bough_err cache_add(struct cache *cache, const struct bough_link *link,
                                          const struct bough_object *object,
                                          const struct cache_item *items, uint32_t item_count,
                                          const struct cache_object **pinned);

/* Says that a newer object has taken the place of this one, which is pinned: unless it is asked for
 * again, it goes before others. */
void cache_retire(const struct cache_object *pinned);

/* Lets go of a pin. */
void cache_unpin(struct cache *cache, const struct cache_object *pinned);

/* Bytes in use now, pinned ones included. */
size_t cache_bytes(const struct cache *cache);

#endif
