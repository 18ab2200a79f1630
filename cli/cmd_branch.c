/* SPDX-License-Identifier: ISC
 *
 * cmd_branch.c - the verb branch.
 */
#include "cmd_branch.h"
#include "json_read.h"
#include "json_write.h"

/* "/v1/branches/{name}" in the arena. */
static const char *target_of(struct session *session, const char *name)
{
    return session_text(session, "/v1/branches/%s", session_encoded(session, name, false));
}

/* {"member": "value", "force": ...} as the request's body; value NULL = true. */
static enum exit_status body_of(struct session *session, const char *name, const char *value,
                                struct http_request *request)
{
    struct out out = out_begin(&session->arena);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    if (value != NULL)
        json_write_text(&json, name, value);
    else
        json_write_bool(&json, name, true);
    if (session->options->force)
        json_write_bool(&json, "force", true);
    json_write_end(&json);
    request->headers = "Content-Type: application/json\r\n";
    return out_end(&out, &request->body) == BOUGH_OK ? EXIT_OK : EXIT_LIMIT;
}

static enum exit_status show(const struct json *document, const struct json *item)
{
    const struct json *default_name = json_read_member(document, "default");
    const struct json *name = json_read_member(item, "name");
    const struct json *head = json_read_member(item, "commit");
    bool is_default =
        default_name != NULL && name != NULL && bough_bytes_equal(name->text, default_name->text);

    if (name == NULL)
        name = json_read_member(item, "name_encoded");
    if (name == NULL || head == NULL || head->text.len < 12)
        return EXIT_CORRUPT;
    printf("%c %.12s %.*s\n", is_default ? '*' : ' ', (const char *)head->text.at,
           (int)name->text.len, (const char *)name->text.at);
    return EXIT_OK;
}

enum exit_status cmd_branch_change(struct session *session, const char *method, const char *name,
                                   const char *member, const char *value,
                                   struct http_response *response)
{
    struct http_request request = {.method = method, .target = target_of(session, name)};
    enum exit_status status = EXIT_OK;

    if (member != NULL)
        status = body_of(session, member, value, &request);
    return status == EXIT_OK ? session_call(session, &request, NULL, response) : status;
}

/* create, move, default and delete are one call each. */
static enum exit_status change(struct session *session, const char *method, const char *name,
                               const char *member, const char *value)
{
    struct http_response response;
    enum exit_status status = cmd_branch_change(session, method, name, member, value, &response);

    if (status == EXIT_OK && session->options->json && response.body.len > 0)
        printf("%.*s\n", (int)response.body.len, (const char *)response.body.at);
    return status;
}

enum exit_status cmd_branch(struct options *options)
{
    const char *what = options->arg_count == 0 ? "list" : options->args[0];
    size_t count = options->arg_count;
    const char *const *args = options->args;
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status != EXIT_OK) {
        session_close(&session);
        return status;
    }
    if (strcmp(what, "list") == 0 && count <= 1) {
        status = session_refs(&session, "/v1/branches", "branches", show);
    } else if (strcmp(what, "create") == 0 && (count == 2 || count == 3)) {
        status = change(&session, "PUT", args[1], "from", count == 3 ? args[2] : "main");
    } else if (strcmp(what, "move") == 0 && count == 3) {
        status = change(&session, "PATCH", args[1], "to", args[2]);
    } else if (strcmp(what, "undelete") == 0 && count == 2) {
        status = change(&session, "PUT", args[1], "undelete", NULL);
    } else if (strcmp(what, "default") == 0 && count == 2) {
        status = change(&session, "PATCH", args[1], "default", NULL);
    } else if (strcmp(what, "delete") == 0 && count == 2) {
        status = change(&session, "DELETE", args[1], NULL, NULL);
    } else {
        fprintf(stderr, "usage: bough branch [list | create NAME [FROM] | move NAME TO | "
                        "default NAME | delete NAME | undelete NAME]\n");
        status = EXIT_USAGE;
    }
    session_close(&session);
    return status;
}
