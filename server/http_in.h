/* SPDX-License-Identifier: ISC
 *
 * http_in.h - the head of an HTTP/1.1 request (RFC 9112), read strictly.
 *
 * Statuses: 0 = fine; else what to answer (400, 414, 415, 417, 431, 501, 505), after which the
 * connection must be closed, because nobody knows where the next request begins.
 */
#ifndef HTTP_IN_H
#define HTTP_IN_H

#include "bough/bytes.h"
#include "bough/limits.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_PUT,
    HTTP_POST,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT
};

struct http_in_field {
    struct bough_bytes name;
    struct bough_bytes value; /* without white space around it */
};

/* All bytes are borrowed from the head that was parsed. */
struct http_in {
    enum http_method method;
    struct bough_bytes path;  /* still percent-encoded; begins with '/', or is "*" */
    struct bough_bytes query; /* without its '?'; empty when there is none */
    unsigned minor;           /* of HTTP/1.x: 0, or 1 for anything newer */
    struct http_in_field fields[BOUGH_HTTP_FIELDS_MAX];
    size_t field_count;
    bool has_length;
    uint64_t length_bytes; /* of the body as it travels */
    bool chunked;
    bool gzip; /* Content-Encoding: gzip */
    bool keep_alive;
    bool expects_continue;
};

/* How far a head that is still arriving has been looked at; all zeros at the start. */
struct http_in_scan {
    size_t seen_bytes;
    size_t line_at;   /* where the present line begins */
    size_t fields_at; /* where the line after the request line begins */
    size_t line_count;
};

/* Looks at the bytes of `input` not yet looked at, `input` being all that has arrived of one
 * request. *head_len is the length of the whole head with its empty line, or 0 while it is not
 * complete. O(new bytes). */
unsigned http_in_scan(struct http_in_scan *scan, struct bough_bytes input, size_t *head_len);

/* Takes apart a head that http_in_scan found complete.  O(length). */
unsigned http_in_parse(struct bough_bytes head, struct http_in *in);

/* The value of the `index`th field of that name (in any case), or .at NULL. */
struct bough_bytes http_in_field(const struct http_in *in, const char *name, size_t index);

/* Whether `bytes` are `text` in any case. */
bool http_in_is(struct bough_bytes bytes, const char *text);

/* Takes the next element of a comma-separated list (RFC 9110 section 5.6.1) off the front of *list;
 * commas inside double quotes do not count.  False at the end. */
bool http_in_element(struct bough_bytes *list, struct bough_bytes *element);

/* Whether the field Accept names that type; weights do not count. */
bool http_in_accepts(const struct http_in *in, const char *type);

/* The method's name.  Static. */
const char *http_in_method_name(enum http_method method);

#endif
