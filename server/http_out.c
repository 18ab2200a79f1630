/* SPDX-License-Identifier: ISC
 *
 * http_out.c - a reply as the bytes of an HTTP/1.1 response (RFC 9112).
 *
 * Owns nothing but the caller's state.
 *   (1) Every response says where it ends: by Content-Length, or in chunks.  Its end is never the
 *       end of the connection, which a broken one would look like.
 *   (2) A body that cannot be completed is never ended: the caller cuts the connection.
 */
#include "http_out.h"
#include "date.h"
#include <stdio.h>

/* A chunk's size line has a fixed width, so that it can stand before data of unknown length. */
#define CHUNK_HEAD_BYTES 6u /* "3fff\r\n" */
#define CHUNK_BYTES_MAX  0xffffu

const char *http_out_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

/* The body's framing and type. */
static void write_framing(struct http_out *out, const struct request *request, struct out *text)
{
    const struct reply *reply = &request->reply;
    uint64_t length = reply->body.len + (reply->source != NULL ? reply->length_bytes : 0);

    if (reply->status == 204 || reply->status == 304)
        return;
    if (reply->content_type != NULL)
        out_format(text, "Content-Type: %s\r\n", reply->content_type);
    if (reply->source == NULL || reply->length_known)
        out_format(text, "Content-Length: %llu\r\n", (unsigned long long)length);
    else
        out_text(text, "Transfer-Encoding: chunked\r\n");
    out->chunked = reply->source != NULL && !reply->length_known;
}

enum bough_err http_out_begin(struct http_out *out, struct request *request, bool close)
{
    const struct reply *reply = &request->reply;
    struct out text = out_begin(&request->arena);
    struct bough_bytes fields;
    uint64_t wall_ns = bough_clock_wall_ns(request->service->env->clock);
    char date[DATE_HTTP_BYTES];

    assert(reply->status != 0);
    *out = (struct http_out){.close = close, .left = reply->length_bytes};
    out->body_wanted =
        request->in.method != HTTP_HEAD && reply->status != 204 && reply->status != 304;
    out_format(&text, "HTTP/1.1 %u %s\r\n", reply->status, http_out_reason(reply->status));
    if (wall_ns != 0) {
        date_http((int64_t)(wall_ns / 1000000000u), date);
        out_format(&text, "Date: %s\r\n", date);
    }
    write_framing(out, request, &text);
    if (out_end(&request->reply.fields, &fields) == BOUGH_OK)
        out_bytes(&text, fields);
    out_format(&text, "X-Content-Type-Options: nosniff\r\nBough-Request-Id: %s\r\n", request->id);
    if (close)
        out_text(&text, "Connection: close\r\n");
    else if (request->in.minor == 0)
        out_text(&text, "Connection: keep-alive\r\n");
    out_text(&text, "\r\n");
    return out_end(&text, &out->head);
}

/* Copies what fits of `from`; the stage is `next` when all of it is out. */
static size_t copy(struct http_out *out, struct bough_bytes from, enum http_out_stage next,
                   uint8_t *into, size_t max)
{
    size_t left = from.len - out->at_bytes;
    size_t len = left < max ? left : max;

    if (len > 0)
        memcpy(into, from.at + out->at_bytes, len);
    out->at_bytes += len;
    if (out->at_bytes == from.len) {
        out->at_bytes = 0;
        out->stage = next;
    }
    return len;
}

/* Pulls from a source whose length was promised in the head. */
static enum bough_err pull_counted(struct http_out *out, struct request *request, uint8_t *into,
                                   size_t max, size_t *got)
{
    struct reply_source *source = request->reply.source;
    size_t len = out->left < max ? (size_t)out->left : max;

    if (len > 0) {
        BOUGH_TRY(source->ops->read(source, into, len, got));
        if (*got == 0) {
            bough_log(request->service->env->log, BOUGH_ERROR, "http",
                      "%s: the body ends %llu bytes early", request->id,
                      (unsigned long long)out->left);
            return BOUGH_CORRUPT;
        }
    }
    assert(*got <= len);
    out->left -= *got;
    if (out->left == 0)
        out->stage = HTTP_OUT_DONE;
    return BOUGH_OK;
}

/* Pulls one chunk from a source of unknown length. */
static enum bough_err pull_chunk(struct http_out *out, struct request *request, uint8_t *into,
                                 size_t max, size_t *got)
{
    struct reply_source *source = request->reply.source;
    size_t room = max - CHUNK_HEAD_BYTES - 2;
    char head[CHUNK_HEAD_BYTES + 1];
    size_t len = 0;

    if (room > CHUNK_BYTES_MAX)
        room = CHUNK_BYTES_MAX;
    BOUGH_TRY(source->ops->read(source, into + CHUNK_HEAD_BYTES, room, &len));
    assert(len <= room);
    if (len == 0) {
        out->stage = HTTP_OUT_LAST_CHUNK;
        return BOUGH_OK;
    }
    (void)snprintf(head, sizeof(head), "%04x\r\n", (unsigned)len);
    memcpy(into, head, CHUNK_HEAD_BYTES);
    memcpy(into + CHUNK_HEAD_BYTES + len, "\r\n", 2);
    *got = CHUNK_HEAD_BYTES + len + 2;
    return BOUGH_OK;
}

/* One step; *got may be 0 when only the stage changed. */
static enum bough_err pull_step(struct http_out *out, struct request *request, uint8_t *into,
                                size_t max, size_t *got)
{
    switch (out->stage) {
    case HTTP_OUT_HEAD:
        *got = copy(out, out->head, out->body_wanted ? HTTP_OUT_BODY : HTTP_OUT_DONE, into, max);
        return BOUGH_OK;
    case HTTP_OUT_BODY:
        *got = copy(out, request->reply.body,
                    request->reply.source != NULL ? HTTP_OUT_SOURCE : HTTP_OUT_DONE, into, max);
        return BOUGH_OK;
    case HTTP_OUT_SOURCE:
        return out->chunked ? pull_chunk(out, request, into, max, got)
                            : pull_counted(out, request, into, max, got);
    case HTTP_OUT_LAST_CHUNK:
        memcpy(into, "0\r\n\r\n", 5);
        *got = 5;
        out->stage = HTTP_OUT_DONE;
        return BOUGH_OK;
    case HTTP_OUT_DONE:
        break;
    }
    return BOUGH_OK;
}

enum bough_err http_out_pull(struct http_out *out, struct request *request, uint8_t *into,
                             size_t max, size_t *got)
{
    assert(max >= 64);
    *got = 0;
    while (*got == 0 && out->stage != HTTP_OUT_DONE)
        BOUGH_TRY(pull_step(out, request, into, max, got));
    return BOUGH_OK;
}
