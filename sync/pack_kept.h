/* SPDX-License-Identifier: ISC
 *
 * pack_kept.h - compressed pack entries that are kept, so that they are not made for each fetch.
 *
 * Disposable and bounded, as git_memo.h is: whatever it forgets is made again.
 */
#ifndef PACK_KEPT_H
#define PACK_KEPT_H

#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/port/heap.h"

struct pack_kept;

/* One entry: a zlib stream, of a whole object or of a delta. */
struct pack_kept_entry {
    struct bough_hash name; /* the object's (pack_item_name) */
    struct bough_hash base; /* of the object that the delta is on; none = whole */
    uint64_t size_bytes;    /* inflated */
    bool settled;           /* whole, and no delta of it was any better */
    struct bough_bytes bytes;
};

/* An empty keep of at most `limit_bytes`.  `key` makes its table unpredictable.  BOUGH_NO_MEMORY.
 */
BOUGH_MUST_CHECK enum bough_err pack_kept_open(struct bough_heap *heap, const uint8_t key[16],
                                               size_t limit_bytes, struct pack_kept **kept);

/* Releases it; NULL is allowed. */
void pack_kept_close(struct pack_kept *kept);

/* Forgets everything. */
void pack_kept_erase(struct pack_kept *kept);

/* A fetch begins.  What was used by the last few is not forgotten for something new: so of a
 * history that does not fit, a part stays and is useful, instead of all going round. */
void pack_kept_turn(struct pack_kept *kept);

/* The entry of an object, valid until something is added or erased; NULL when there is none. */
const struct pack_kept_entry *pack_kept_find(struct pack_kept *kept, const struct bough_hash *name);

/* Keeps a copy of an entry, instead of one of the same name, if there is room for it. */
void pack_kept_add(struct pack_kept *kept, const struct pack_kept_entry *entry);

#endif
