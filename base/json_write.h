/* SPDX-License-Identifier: ISC
 *
 * json_write.h - JSON (RFC 8259), written piece by piece.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "out.h"

/* Members are private to json_write.c. */
struct json_write {
    struct out *out;
    uint64_t has_items; /* bit d: the object or array at depth d has an item */
    uint64_t is_object; /* bit d: it is an object */
    unsigned depth;
};

/* A writer of one value into `out` (borrowed). */
struct json_write json_write_into(struct out *out);

/* `name` is the member's name inside an object and NULL elsewhere, in all of these.  Names are our
 * own: ASCII without quotes or backslashes. */
/* Begins an object. */
void json_write_object(struct json_write *json, const char *name);
/* Begins an array. */
void json_write_array(struct json_write *json, const char *name);
/* Ends the innermost object or array. */
void json_write_end(struct json_write *json);

/* A string.  Bytes that are no UTF-8 become U+FFFD: who needs them back writes another form. */
void json_write_bytes(struct json_write *json, const char *name, struct bough_bytes bytes);
/* A string. */
void json_write_text(struct json_write *json, const char *name, const char *text);
/* A hash as 64 hexadecimal digits. */
void json_write_hash(struct json_write *json, const char *name, const struct bough_hash *hash);
/* A whole number; those above 2^53 may be rounded by readers that compute in doubles. */
void json_write_number(struct json_write *json, const char *name, uint64_t number);
/* The same with a sign. */
void json_write_signed(struct json_write *json, const char *name, int64_t number);
/* true or false. */
void json_write_bool(struct json_write *json, const char *name, bool yes);
/* null. */
void json_write_null(struct json_write *json, const char *name);

#endif
