/* SPDX-License-Identifier: ISC
 *
 * object_links.h - which objects an object leads to, told from its bytes alone.
 */
#ifndef OBJECT_LINKS_H
#define OBJECT_LINKS_H

#include "bough/arena.h"
#include "bough/err.h"
#include "bough/port/backend.h"

/* One place of an object that names another. */
struct object_links_item {
    struct bough_hash name; /* none where there is nothing to lead to */
    enum bough_kind kind;   /* 0 = a value that may be whole, or a list of chunks */
};

/* The names in an object, in the order in which its addresses stand; *count of them, in `arena`.
 * BOUGH_CORRUPT when the bytes are not of that kind, BOUGH_NO_MEMORY.  O(bytes). */
BOUGH_MUST_CHECK enum bough_err object_links(enum bough_kind kind, struct bough_bytes bytes,
                                             struct bough_arena *arena,
                                             struct object_links_item **items, uint32_t *count);

#endif
