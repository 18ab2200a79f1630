/* SPDX-License-Identifier: ISC
 *
 * name_set.h - a set of native names, each with a number.
 */
#ifndef NAME_SET_H
#define NAME_SET_H

#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/port/heap.h"

/* Members are private to name_set.c. */
struct name_set {
    struct bough_heap *heap;
    size_t limit_bytes;
    struct name_set_slot *slots;
    uint32_t slot_count;
    uint32_t used_count;
};

/* An empty set that takes at most `limit_bytes`; takes nothing yet. */
void name_set_init(struct name_set *set, struct bough_heap *heap, size_t limit_bytes);

/* Gives everything back; the set is then as after init. */
void name_set_release(struct name_set *set);

/* The place of the name's number, which is 0 when the name was not in the set (*is_new); valid
 * until the next call.  BOUGH_NO_MEMORY past the limit.  O(1). */
BOUGH_MUST_CHECK enum bough_err name_set_add(struct name_set *set, const struct bough_hash *name,
                                             uint32_t **number, bool *is_new);

/* The same without adding; NULL when the name is not in the set. */
uint32_t *name_set_find(struct name_set *set, const struct bough_hash *name);

#endif
