/* SPDX-License-Identifier: ISC
 *
 * cmd_tag.c - the verb tag.
 */
#include "cmd_tag.h"
#include "json_read.h"
#include "json_write.h"
#include "session.h"

/* "/v1/tags/{name}" in the arena. */
static const char *target_of(struct session *session, const char *name)
{
    return session_text(session, "/v1/tags/%s", session_encoded(session, name, false));
}

static enum exit_status show(const struct json *document, const struct json *item)
{
    const struct json *name = json_read_member(item, "name");
    const struct json *commit = json_read_member(item, "commit");
    const struct json *annotated = json_read_member(item, "annotated");
    bool has_commit = commit != NULL && commit->text.len >= 12;

    (void)document;
    if (name == NULL)
        name = json_read_member(item, "name_encoded");
    if (name == NULL || annotated == NULL)
        return EXIT_CORRUPT;
    printf("%c %-12.*s %.*s\n", annotated->kind == JSON_TRUE ? 'a' : ' ', 12,
           has_commit ? (const char *)commit->text.at : "-", (int)name->text.len,
           (const char *)name->text.at);
    return EXIT_OK;
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
            status = session_refs(&session, "/v1/tags", "tags", show);
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
