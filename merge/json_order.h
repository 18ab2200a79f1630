/* SPDX-License-Identifier: ISC
 *
 * json_order.h - three lists of distinct things: which ones remain, and in what order.
 */
#ifndef JSON_ORDER_H
#define JSON_ORDER_H

#include "bough/arena.h"
#include "bough/err.h"

#define JSON_ORDER_NONE SIZE_MAX

enum json_order_side { JSON_ORDER_BASE, JSON_ORDER_OURS, JSON_ORDER_THEIRS };

/* Things are numbers below `thing_count`; their order as numbers settles what nothing else does. */
struct json_order {
    size_t thing_count;
    const size_t *places[3]; /* of each thing in each list, or JSON_ORDER_NONE */
    const size_t *lists[3];  /* the things of each list */
    size_t counts[3];
    bool are_values; /* things have no identity but their value */
};

/* Merges: what is in both sides remains, what either added joins it behind the thing it stands
 * behind, what either removed is gone.  *result (in the arena) are *count things.  Swapping ours
 * and theirs changes nothing.  BOUGH_CONFLICT when both sides reordered, or when both put different
 * values where one was removed: *why says which.  BOUGH_NO_MEMORY.  Linear. */
BOUGH_MUST_CHECK enum bough_err json_order_merge(const struct json_order *order,
                                                 struct bough_arena *arena, size_t **result,
                                                 size_t *count, const char **why);

#endif
