/* SPDX-License-Identifier: ISC
 *
 * cmd_tag.c - the verb tag.
 */
#include "cmd_tag.h"
#include "json_read.h"
#include "json_write.h"
#include "session.h"

#define PAGE "/v1/tags?limit=1000"

/* "/v1/tags/{name}" in the arena. */
static const char *target_of(struct session *session, const char *name)
{
    return session_text(session, "/v1/tags/%s", session_encoded(session, name, false));
}

/* One page of the list; *last is its last name, empty at the end. */
static enum exit_status show_page(const struct json *document, struct bough_bytes *last)
{
    const struct json *tags = json_read_member(document, "tags");
    const struct json *more = json_read_member(document, "more");

    *last = (struct bough_bytes){0};
    for (const struct json *at = tags == NULL ? NULL : tags->first; at != NULL; at = at->next) {
        const struct json *name = json_read_member(at, "name");
        const struct json *commit = json_read_member(at, "commit");
        const struct json *annotated = json_read_member(at, "annotated");
        bool has_commit = commit != NULL && commit->text.len >= 12;

        if (name == NULL || annotated == NULL)
            return EXIT_CORRUPT;
        printf("%c %-12.*s %.*s\n", annotated->kind == JSON_TRUE ? 'a' : ' ', 12,
               has_commit ? (const char *)commit->text.at : "-", (int)name->text.len,
               (const char *)name->text.at);
        *last = name->text;
    }
    if (more == NULL || more->kind != JSON_TRUE)
        *last = (struct bough_bytes){0};
    return EXIT_OK;
}

static enum exit_status list(struct session *session)
{
    struct http_request request = {.method = "GET", .target = PAGE};
    struct http_response response;
    const struct json *document;
    struct bough_bytes last;
    size_t error_at;
    enum exit_status status;

    do {
        status = session_call(session, &request, session->options->json ? stdout : NULL, &response);
        if (status != EXIT_OK || session->options->json)
            return status;
        if (json_read(response.body, &session->arena, &document, &error_at) != BOUGH_OK)
            return EXIT_CORRUPT;
        status = show_page(document, &last);
        if (last.len > 0)
            request.target = session_text(
                session, PAGE "&after=%s",
                session_encoded(session,
                                session_text(session, "%.*s", (int)last.len, (const char *)last.at),
                                false));
    } while (status == EXIT_OK && last.len > 0);
    return status;
}

static enum exit_status create(struct session *session, const char *name, const char *target)
{
    struct http_request request = {.method = "PUT",
                                   .target = target_of(session, name),
                                   .headers = "Content-Type: application/json\r\n"};
    struct out out = out_begin(&session->arena);
    struct json_write json = json_write_into(&out);
    struct http_response response;
    enum exit_status status;

    json_write_object(&json, NULL);
    json_write_text(&json, "target", target);
    if (session->options->message != NULL)
        json_write_text(&json, "message", session->options->message);
    if (session->options->author != NULL)
        json_write_text(&json, "author", session->options->author);
    json_write_end(&json);
    if (out_end(&out, &request.body) != BOUGH_OK)
        return EXIT_LIMIT;
    status = session_call(session, &request, NULL, &response);
    if (status == EXIT_OK && session->options->json)
        printf("%.*s\n", (int)response.body.len, (const char *)response.body.at);
    return status;
}

static enum exit_status delete (struct session *session, const char *name) {
    struct http_request request = {.method = "DELETE", .target = target_of(session, name)};
    struct http_response response;

    return session_call(session, &request, NULL, &response);
}

enum exit_status cmd_tag(struct options *options)
{
    const char *what = options->arg_count == 0 ? "list" : options->args[0];
    size_t count = options->arg_count;
    const char *const *args = options->args;
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK) {
        if (strcmp(what, "list") == 0 && count <= 1) {
            status = list(&session);
        } else if (strcmp(what, "create") == 0 && (count == 2 || count == 3)) {
            status = create(&session, args[1], count == 3 ? args[2] : "main");
        } else if (strcmp(what, "delete") == 0 && count == 2) {
            status = delete (&session, args[1]);
        } else {
            fprintf(stderr, "usage: bough tag [list | create NAME [REV] | delete NAME]\n");
            status = EXIT_USAGE;
        }
    }
    session_close(&session);
    return status;
}
