/* SPDX-License-Identifier: ISC
 *
 * json_read.h - JSON (RFC 8259) from strangers, as a tree in an arena.
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include "bough/arena.h"
#include "bough/err.h"

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_kind kind;
    struct bough_bytes name; /* of a member, unescaped; empty elsewhere */
    struct bough_bytes
        text; /* a string unescaped, UTF-8 (may hold NUL); a number as it was written */
    const struct json *first; /* the first item or member */
    const struct json *next;  /* the next item or member of the same parent */
    size_t item_count;
};

/* Reads exactly one value.  It lives in `arena`; strings without escapes point into `text`, which
 * must live as long.  Strict: BOUGH_INVALID for anything RFC 8259 does not allow, for text that is
 * not UTF-8, lone surrogates and members of the same name; BOUGH_TOO_BIG past BOUGH_JSON_DEPTH_MAX;
 * BOUGH_NO_MEMORY.  *error_at (optional) is the offset of the fault.  O(n log n). */
BOUGH_MUST_CHECK enum bough_err json_read(struct bough_bytes text, struct bough_arena *arena,
                                          const struct json **value, size_t *error_at);

/* The member of that name, or NULL (also when `object` is no object). */
const struct json *json_read_member(const struct json *object, const char *name);

/* Whether `value` is a whole number that fits, which is then put into *number; NULL is allowed. */
bool json_read_integer(const struct json *value, int64_t *number);

#endif
