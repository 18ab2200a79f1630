/* SPDX-License-Identifier: ISC
 *
 * session.c - a verb's conversation with a store.
 *
 * Everything it needs lives in one arena until the verb ends; running out of memory ends the verb.
 */
#include "session.h"
#include "local_service.h"
#include "percent.h"
#include <stdarg.h>
#include <stdlib.h>

#define SESSION_HEAP_BYTES_MAX ((size_t)2 << 30)

/* Author and message travel in header fields, where no control character may stand. */
static bool is_one_line(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

enum exit_status session_open(struct session *session, const struct options *options)
{
    const char *url = options->url != NULL ? options->url : getenv("BOUGH_URL");
    enum bough_err err;

    memset(session, 0, sizeof(*session));
    session->options = options;
    env_unix_open(&session->env, SESSION_HEAP_BYTES_MAX);
    session->env.log.base.at_least = BOUGH_WARN;
    bough_arena_init(&session->arena, &session->env.heap.base, SESSION_HEAP_BYTES_MAX);
    session->client.fd = -1;
    if (!is_one_line(options->message) || !is_one_line(options->author) ||
        !is_one_line(options->if_etag)) {
        fprintf(stderr, "bough: author, message and etag are single lines\n");
        return EXIT_USAGE;
    }
    if (options->mirror != NULL && options->store == NULL) {
        fprintf(stderr, "bough: --mirror names the other image of --store\n");
        return EXIT_USAGE;
    }
    if (options->store != NULL) {
        enum exit_status status = local_service_open(options, &session->local);

        if (status != EXIT_OK)
            return status;
        url = local_service_url(session->local);
    }
    if (url == NULL)
        url = "http://127.0.0.1:8080";
    snprintf(session->url, sizeof(session->url), "%s", url);
    err = http_client_init(&session->client, session->url);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: %s is not of the form http://HOST:PORT\n", session->url);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

void session_close(struct session *session)
{
    http_client_release(&session->client);
    local_service_close(session->local);
    bough_arena_release(&session->arena);
}

/* Prints what a problem document says. */
static void complain(struct session *session, const struct http_request *request,
                     const struct http_response *response)
{
    const struct json *document;
    const struct json *title;
    const struct json *detail;
    size_t error_at;

    if (json_read(response->body, &session->arena, &document, &error_at) != BOUGH_OK) {
        fprintf(stderr, "bough: %s %s: HTTP status %u\n", request->method, request->target,
                response->status);
        return;
    }
    title = json_read_member(document, "title");
    detail = json_read_member(document, "detail");
    fprintf(stderr, "bough: %.*s", title == NULL ? 7 : (int)title->text.len,
            title == NULL ? "refused" : (const char *)title->text.at);
    if (detail != NULL)
        fprintf(stderr, ": %.*s", (int)detail->text.len, (const char *)detail->text.at);
    fprintf(stderr, " (%u)\n", response->status);
}

enum exit_status session_call(struct session *session, const struct http_request *request,
                              FILE *into, struct http_response *response)
{
    enum bough_err err =
        http_client_call(&session->client, request, &session->arena, into, response);

    if (err == BOUGH_CLOSED || err == BOUGH_TIMEOUT) {
        fprintf(stderr, "bough: %s: %s\n", session->url,
                err == BOUGH_TIMEOUT ? "no answer in time" : "nobody answers there");
        return EXIT_UNREACHABLE;
    }
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: %s %s: %s\n", request->method, request->target,
                bough_err_name(err));
        return exit_of_err(err);
    }
    if (response->status >= 400)
        complain(session, request, response);
    return exit_of_http(response->status);
}

enum exit_status session_pages(struct session *session, const char *target, session_page *page,
                               void *context)
{
    struct http_request request = {.method = "GET", .target = target};
    struct http_response response;

    for (;;) {
        struct bough_arena_mark mark = bough_arena_now(&session->arena);
        const struct json *document;
        size_t error_at;
        enum exit_status status = session_call(session, &request, NULL, &response);

        if (status != EXIT_OK)
            return status;
        if (json_read(response.body, &session->arena, &document, &error_at) != BOUGH_OK) {
            fprintf(stderr, "bough: the server's list is no JSON\n");
            return EXIT_CORRUPT;
        }
        status = page(session, &response, document, context);
        if (status != EXIT_OK || response.next[0] == '\0')
            return status;
        bough_arena_back(&session->arena, mark);
        request.target = session_text(session, "%s", response.next);
    }
}

/* Gets the document at `target`, and prints it with --json. */
static enum exit_status get(struct session *session, const char *target,
                            const struct json **document)
{
    struct http_request request = {.method = "GET", .target = target};
    struct http_response response;
    size_t error_at;
    enum exit_status status = session_call(session, &request, NULL, &response);

    *document = NULL;
    if (status != EXIT_OK)
        return status;
    if (session->options->json)
        printf("%.*s\n", (int)response.body.len, (const char *)response.body.at);
    if (json_read(response.body, &session->arena, document, &error_at) == BOUGH_OK)
        return EXIT_OK;
    fprintf(stderr, "bough: the server's answer is no JSON\n");
    return EXIT_CORRUPT;
}

enum exit_status session_document(struct session *session, const char *target,
                                  const struct json **document)
{
    enum exit_status status = get(session, target, document);

    if (session->options->json)
        *document = NULL;
    return status;
}

enum exit_status session_put(struct session *session, const char *target, struct out *out)
{
    struct http_request request = {
        .method = "PUT", .target = target, .headers = "Content-Type: application/json\r\n"};
    struct http_response response;

    if (out_end(out, &request.body) != BOUGH_OK)
        return EXIT_LIMIT;
    return session_call(session, &request, NULL, &response);
}

/* Where the page behind the one that ends with `last` is. */
static const char *page_behind(struct session *session, const char *target, const struct json *last)
{
    const struct json *encoded = json_read_member(last, "name_encoded");
    const struct json *name = json_read_member(last, "name");
    struct bough_bytes plain = name == NULL ? (struct bough_bytes){0} : name->text;

    if (encoded != NULL)
        return session_text(session, "%s?limit=1000&after=%.*s", target, (int)encoded->text.len,
                            (const char *)encoded->text.at);
    return session_text(
        session, "%s?limit=1000&after=%s", target,
        session_encoded(
            session, session_text(session, "%.*s", (int)plain.len, (const char *)plain.at), false));
}

enum exit_status session_refs(struct session *session, const char *target, const char *list,
                              session_item *show)
{
    const char *page = session_text(session, "%s?limit=1000", target);

    for (;;) {
        const struct json *document;
        const struct json *items;
        const struct json *more;
        const struct json *last = NULL;
        enum exit_status status = get(session, page, &document);

        if (status != EXIT_OK)
            return status;
        items = json_read_member(document, list);
        more = json_read_member(document, "more");
        for (const struct json *at = items == NULL ? NULL : items->first; at != NULL;
             at = at->next) {
            if (!session->options->json)
                status = show(document, at);
            if (status != EXIT_OK)
                return status;
            last = at;
        }
        if (last == NULL || more == NULL || more->kind != JSON_TRUE)
            return EXIT_OK;
        page = page_behind(session, target, last);
    }
}

const char *session_text(struct session *session, const char *format, ...)
{
    va_list args;
    va_list again;
    char *text;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = bough_arena_take(&session->arena, (size_t)len + 1);
    if (text == NULL) {
        fprintf(stderr, "bough: out of memory\n");
        exit(EXIT_LIMIT);
    }
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

const char *session_encoded(struct session *session, const char *text, bool keep_slash)
{
    struct out out = out_begin(&session->arena);
    struct bough_bytes bytes;

    percent_encode(&out, bough_bytes_text(text), keep_slash);
    if (out_end(&out, &bytes) != BOUGH_OK)
        return text;
    return session_text(session, "%.*s", (int)bytes.len, (const char *)bytes.at);
}

const char *session_target(struct session *session, const char *rest, const char *key)
{
    const struct options *options = session->options;
    const char *branch = options->branch != NULL ? options->branch : "main";
    const char *path = key == NULL ? "" : session_encoded(session, key, true);

    if (options->rev != NULL)
        return session_text(session, "/v1/at/%s%s%s", session_encoded(session, options->rev, false),
                            rest, path);
    return session_text(session, "/v1/b/%s%s%s", session_encoded(session, branch, false), rest,
                        path);
}

const char *session_headers(struct session *session, const char *more)
{
    const struct options *options = session->options;
    const char *author = options->author != NULL ? options->author : getenv("BOUGH_AUTHOR");
    const char *headers = more == NULL ? "" : more;

    if (author != NULL)
        headers = session_text(session, "%sBough-Author: %s\r\n", headers, author);
    if (options->message != NULL)
        headers = session_text(session, "%sBough-Message: %s\r\n", headers, options->message);
    return headers;
}
