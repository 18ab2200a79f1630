/* SPDX-License-Identifier: ISC
 *
 * query.h - the parameters behind a '?', and those in JSON documents.
 */
#ifndef QUERY_H
#define QUERY_H

#include "json_read.h"
#include "request.h"

#define QUERY_PARAMETERS_MAX 12u

struct query {
    const char *const *names;                        /* that are known, ending with NULL */
    struct bough_bytes values[QUERY_PARAMETERS_MAX]; /* decoded; .at NULL = not given */
};

/* Takes the request's query apart.  False: a parameter is unknown, given twice or malformed, which
 * the reply says already.  '+' stands for itself. */
bool query_parse(struct request *request, const char *const *names, struct query *query);

/* The value of parameter `name`; .at NULL when it was not given. */
struct bough_bytes query_value(const struct query *query, const char *name);

/* A whole number of 0..max from a parameter; `initial` when it was not given.  False: it is no such
 * number, which the reply says already. */
bool query_number(struct request *request, const struct query *query, const char *name,
                  uint64_t initial, uint64_t max, uint64_t *number);

/* Whether a parameter was given as "", "1" or "true". */
bool query_flag(const struct query *query, const char *name);

/* Reads the request's body as a JSON object whose members are all among `names` (ending with NULL);
 * an empty body counts as "{}".  NULL: it is not, which the reply says already. */
const struct json *query_body(struct request *request, const char *const *names);

/* A whole number of 0..max from member `name` of `object`, if it is there; else *number stays.
 * False: it is no such number, which the reply says already. */
bool query_member(struct request *request, const struct json *object, const char *name,
                  uint32_t max, uint32_t *number);

/* The text of member `name`; .at NULL when it is not there or no string. */
struct bough_bytes query_text(const struct json *object, const char *name);

/* Whether all members of `object` are among `names`; *stranger is one that is not. */
bool query_knows(const struct json *object, const char *const *names, struct bough_bytes *stranger);

/* A key or name from member `name`, or percent-decoded from member `name_encoded`; .at NULL when
 * neither is there.  False: both, or not a string, or malformed. */
bool query_bytes(struct request *request, const struct json *object, const char *name,
                 const char *name_encoded, struct bough_bytes *bytes);

#endif
