/* SPDX-License-Identifier: ISC
 *
 * reply.c - how handlers make up replies.
 *
 * Owns no data: a reply and all its bytes stand in the request's arena.
 *   (1) A reply has one body: setting another drops the first.
 *   (2) A problem document needs little memory; where even that is missing the reply has a status
 *       and no body.
 */
#include "reply.h"
#include "hash.h"
#include "percent.h"
#include "utf8.h"
#include <stdarg.h>
#include <stdio.h>

#define DETAIL_BYTES_MAX    512u
#define RETRY_AFTER_SECONDS 1u

/* Releases the body. */
static void drop_body(struct reply *reply)
{
    if (reply->source != NULL && reply->source->ops->close != NULL)
        reply->source->ops->close(reply->source);
    reply->source = NULL;
    reply->content_type = NULL;
    reply->body = (struct bough_bytes){0};
    reply->length_known = true;
    reply->length_bytes = 0;
}

void reply_reset(struct request *request)
{
    drop_body(&request->reply);
    request->reply.status = 0;
    request->reply.fields = out_begin(&request->arena);
}

void reply_status(struct request *request, unsigned status)
{
    assert(status >= 200 && status <= 599);
    request->reply.status = status;
}

void reply_field(struct request *request, const char *name, const char *format, ...)
{
    char value[DETAIL_BYTES_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < sizeof(value));
    assert(request->reply.fields.arena == &request->arena);
    out_text(&request->reply.fields, name);
    out_text(&request->reply.fields, ": ");
    if (len > 0)
        out_bytes(&request->reply.fields, bough_bytes_of(value, (size_t)len));
    out_text(&request->reply.fields, "\r\n");
}

void reply_hash(struct request *request, const char *name, const struct bough_hash *hash,
                bool quotes)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(hash, hex);
    reply_field(request, name, quotes ? "\"%s\"" : "%s", hex);
}

void reply_body(struct request *request, const char *content_type, struct bough_bytes body)
{
    drop_body(&request->reply);
    request->reply.content_type = content_type;
    request->reply.body = body;
}

void reply_source(struct request *request, const char *content_type, struct reply_source *source,
                  bool length_known, uint64_t length_bytes)
{
    drop_body(&request->reply);
    request->reply.content_type = content_type;
    request->reply.source = source;
    request->reply.length_known = length_known;
    request->reply.length_bytes = length_bytes;
}

struct out reply_json_begin(struct request *request)
{
    return out_begin(&request->arena);
}

enum bough_err reply_json_end(struct request *request, struct out *out, unsigned status)
{
    struct bough_bytes body;

    out_text(out, "\n");
    BOUGH_TRY(out_end(out, &body));
    reply_status(request, status);
    reply_body(request, "application/json", body);
    return BOUGH_OK;
}

struct json_write reply_problem_begin(struct request *request, enum problem_kind kind,
                                      const char *detail, struct out *out)
{
    const struct problem *problem = problem_of(kind);
    struct json_write json;
    char type[64];

    *out = out_begin(&request->arena);
    json = json_write_into(out);
    json_write_object(&json, NULL);
    (void)snprintf(type, sizeof(type), "/errors/%s", problem->code);
    json_write_text(&json, "type", type);
    json_write_text(&json, "title", problem->title);
    json_write_number(&json, "status", problem->status);
    if (detail[0] != '\0')
        json_write_text(&json, "detail", detail);
    json_write_text(&json, "code", problem->code);
    json_write_bool(&json, "retryable", problem->retryable);
    json_write_text(&json, "request", request->id);
    return json;
}

enum bough_err reply_problem_end(struct request *request, enum problem_kind kind,
                                 struct json_write *json, struct out *out)
{
    struct bough_bytes body;

    json_write_end(json);
    out_text(out, "\n");
    reply_reset(request);
    reply_status(request, problem_of(kind)->status);
    if (problem_of(kind)->status == 503)
        reply_field(request, "Retry-After", "%u", RETRY_AFTER_SECONDS);
    if (out_end(out, &body) == BOUGH_OK)
        reply_body(request, "application/problem+json", body);
    return BOUGH_OK;
}

enum bough_err reply_problem(struct request *request, enum problem_kind kind, const char *format,
                             ...)
{
    char detail[DETAIL_BYTES_MAX];
    struct out out;
    struct json_write json;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    json = reply_problem_begin(request, kind, detail, &out);
    return reply_problem_end(request, kind, &json, &out);
}

void reply_error(struct request *request, enum bough_err err)
{
    const char *detail = err == BOUGH_DENIED ? "a rule protects the branch: see /v1/protection"
                                             : bough_err_name(err);
    enum bough_err done = reply_problem(request, problem_of_err(err), "%s", detail);

    assert(done == BOUGH_OK);
    (void)done;
}

void reply_json_bytes(struct request *request, struct json_write *json, const char *name,
                      const char *name_encoded, struct bough_bytes bytes)
{
    struct out out;
    struct bough_bytes text;

    if (utf8_is(bytes)) {
        json_write_bytes(json, name, bytes);
        return;
    }
    out = out_begin(&request->arena);
    percent_encode(&out, bytes, true);
    if (out_end(&out, &text) != BOUGH_OK)
        json->out->failed = true;
    json_write_bytes(json, name_encoded, text);
}
