/* SPDX-License-Identifier: ISC
 *
 * http_cond.h - conditional requests and ranges (RFC 9110 sections 13 and 14).
 */
#ifndef HTTP_COND_H
#define HTTP_COND_H

#include "http_in.h"

enum http_cond {
    HTTP_COND_GO,           /* do what is asked */
    HTTP_COND_NOT_MODIFIED, /* 304; for GET and HEAD only */
    HTTP_COND_FAILED,       /* 412 */
    HTTP_COND_MALFORMED     /* 400: ignoring it could overwrite what should be kept */
};

/* Judges If-Match and If-None-Match, in this order, for something whose entity tag is `name`; NULL
 * = it does not exist.  O(length of the fields). */
enum http_cond http_cond_check(const struct http_in *in, const struct bough_hash *name);

enum http_range {
    HTTP_RANGE_ALL,  /* no range, several, one we cannot read, or If-Range does not match */
    HTTP_RANGE_PART, /* 206 */
    HTTP_RANGE_BAD   /* 416 */
};

/* Judges Range and If-Range for something of `size_bytes` named `name`; with HTTP_RANGE_PART
 * *first..*last (inclusive) lie inside it. */
enum http_range http_cond_range(const struct http_in *in, const struct bough_hash *name,
                                uint64_t size_bytes, uint64_t *first, uint64_t *last);

#endif
