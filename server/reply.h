/* SPDX-License-Identifier: ISC
 *
 * reply.h - how handlers make up replies.
 *
 * Handlers answer BOUGH_OK when request->reply is made up, a refusal included; any other error
 * becomes a problem document by problem_of_err.
 */
#ifndef REPLY_H
#define REPLY_H

#include "json_write.h"
#include "problem.h"
#include "request.h"

/* Forgets the reply made up so far, if any, and releases its source. */
void reply_reset(struct request *request);

/* Begins a reply without a body.  Fields may be added at any time before it is sent. */
void reply_status(struct request *request, unsigned status);

/* Adds a header field; the value is ours: no control characters. */
BOUGH_PRINTF(3, 4)
void reply_field(struct request *request, const char *name, const char *format, ...);

/* Adds a field whose value is the hexadecimal name; with `quotes` as an entity tag. */
void reply_hash(struct request *request, const char *name, const struct bough_hash *hash,
                bool quotes);

/* The body: bytes in the request's arena (or static), with their type. */
void reply_body(struct request *request, const char *content_type, struct bough_bytes body);

/* The body: pulled from `source`, which the reply owns from now on. */
void reply_source(struct request *request, const char *content_type, struct reply_source *source,
                  bool length_known, uint64_t length_bytes);

/* A body of application/json, written through `json`: begin, write, end. */
struct out reply_json_begin(struct request *request);
/* Makes what was written into `out` the body.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err reply_json_end(struct request *request, struct out *out,
                                               unsigned status);

/* A problem document instead of whatever was made up; always BOUGH_OK, so that a handler can return
 * it. `format` is the detail, at most 511 bytes. */
BOUGH_PRINTF(3, 4)
enum bough_err reply_problem(struct request *request, enum problem_kind kind, const char *format,
                             ...);

/* The problem document for an error that nobody put into better words. */
void reply_error(struct request *request, enum bough_err err);

/* The document that reply_problem writes, left open: more members may be added before
 * reply_problem_end. */
struct json_write reply_problem_begin(struct request *request, enum problem_kind kind,
                                      const char *detail, struct out *out);
/* Ends it. */
BOUGH_MUST_CHECK enum bough_err reply_problem_end(struct request *request, enum problem_kind kind,
                                                  struct json_write *json, struct out *out);

/* Writes `bytes` as member `name`; where they are not UTF-8, as `name_encoded`, percent-encoded. */
void reply_json_bytes(struct request *request, struct json_write *json, const char *name,
                      const char *name_encoded, struct bough_bytes bytes);

#endif
