/* SPDX-License-Identifier: ISC
 *
 * json_node.h - JSON values that can be compared, and taken apart by name and by place.
 */
#ifndef JSON_NODE_H
#define JSON_NODE_H

#include "json_read.h"

struct json_node {
    enum json_kind kind;
    struct bough_bytes name; /* of a member */
    struct bough_bytes text; /* a string unescaped; a number as it was written */
    size_t place;            /* among the items of the parent */
    struct json_node **items;
    struct json_node **sorted; /* an object's members by name */
    size_t count;

    /* A number is 0.DIGITS * 10^exponent: equal numbers have equal members. */
    bool negative;
    int64_t exponent;
    struct bough_bytes digits; /* without zeros at either end; empty for 0 */
};

/* Makes a node of a value, which must outlive it.  Recursive, BOUGH_JSON_DEPTH_MAX deep at most.
 * BOUGH_NO_MEMORY.  O(n log n). */
BOUGH_MUST_CHECK enum bough_err json_node_make(const struct json *value, struct bough_arena *arena,
                                               struct json_node **node);

/* < 0, 0, > 0: an order of all values in which equal is what means the same: numbers by value (of
 * any precision), objects whatever the order of their members.  O(size). */
int json_node_compare(const struct json_node *a, const struct json_node *b);

/* The member of that name, or NULL. */
struct json_node *json_node_member(const struct json_node *object, const char *name);

/* Whether the members of an object are in the order of their names. */
bool json_node_is_sorted(const struct json_node *object);

#endif
