/* SPDX-License-Identifier: ISC
 *
 * cmd_merge.c - the verbs merge, conflicts and resolve.
 *
 * The merge in progress is the server's: nothing is kept here between two verbs.
 */
#include "cmd_merge.h"
#include "base64.h"
#include "merge_reply.h"

#define VALUE_BYTES_MAX (2u << 20) /* one in a document; longer ones can be put after the merge */

/* DELETE of the merge in progress. */
static enum exit_status give_up(struct session *session)
{
    struct http_request request = {.method = "DELETE",
                                   .target = session_target(session, "/merge", NULL)};
    struct http_response response;

    return session_call(session, &request, NULL, &response);
}

/* PUT of the merge that was given up. */
static enum exit_status bring_back(struct session *session)
{
    struct http_request request = {.method = "PUT",
                                   .target = session_target(session, "/merge", NULL),
                                   .body = bough_bytes_text("{\"undelete\":true}")};
    struct http_response response;

    request.headers = session_headers(session, "Content-Type: application/json\r\n");
    return session_call(session, &request, NULL, &response);
}

/* What is merged: one revision, or several into one commit. */
static void write_from(struct merge_reply *reply, const struct options *options)
{
    if (options->arg_count == 1)
        json_write_text(&reply->json, "from", options->args[0]);
    if (options->arg_count < 2)
        return;
    json_write_array(&reply->json, "from");
    for (size_t i = 0; i < options->arg_count; i++)
        json_write_text(&reply->json, NULL, options->args[i]);
    json_write_end(&reply->json);
}

enum exit_status cmd_merge(struct options *options)
{
    struct merge_reply reply;
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK && options->abort) {
        status = give_up(&session);
    } else if (status == EXIT_OK && options->undelete) {
        status = bring_back(&session);
    } else if (status == EXIT_OK) {
        merge_reply_begin(&reply, &session);
        write_from(&reply, options);
        merge_reply_choices(&reply);
        status = merge_reply_call(&reply, "merge");
    }
    session_close(&session);
    return status;
}

/* The last key of a page, as it stands in a URL; NULL when there is none. */
static const char *last_key(struct session *session, const struct json *document)
{
    const struct json *list = json_read_member(document, "conflicts");
    const struct json *last = list == NULL ? NULL : list->first;
    const struct json *key;

    while (last != NULL && last->next != NULL)
        last = last->next;
    key = json_read_member(last, "key");
    if (key != NULL)
        return session_encoded(
            session, session_text(session, "%.*s", (int)key->text.len, (const char *)key->text.at),
            true);
    key = json_read_member(last, "key_encoded");
    return key == NULL
               ? NULL
               : session_text(session, "%.*s", (int)key->text.len, (const char *)key->text.at);
}

enum exit_status cmd_merge_conflicts(struct options *options)
{
    struct http_request request = {.method = "GET"};
    struct http_response response;
    const struct json *document;
    const struct json *truncated;
    const char *after = "";
    struct session session;
    size_t error_at;
    enum exit_status status = session_open(&session, options);

    while (status == EXIT_OK && after != NULL) {
        request.target = session_target(&session, "/merge", NULL);
        request.target = session_text(&session, "%s?limit=1000&after=%s", request.target, after);
        status = session_call(&session, &request, options->json ? stdout : NULL, &response);
        if (status != EXIT_OK || options->json)
            break;
        if (json_read(response.body, &session.arena, &document, &error_at) != BOUGH_OK) {
            status = EXIT_CORRUPT;
            break;
        }
        merge_reply_list(document);
        truncated = json_read_member(document, "truncated");
        after =
            truncated != NULL && truncated->kind == JSON_TRUE ? last_key(&session, document) : NULL;
    }
    session_close(&session);
    return status;
}

/* Standard input as a member; false, with a message, when it is too long. */
static bool write_value(struct merge_reply *reply)
{
    struct bough_arena *arena = &reply->session->arena;
    uint8_t *at = bough_arena_take(arena, VALUE_BYTES_MAX + 1);
    size_t len = at == NULL ? VALUE_BYTES_MAX + 1 : fread(at, 1, VALUE_BYTES_MAX + 1, stdin);
    struct bough_bytes text;

    if (len > VALUE_BYTES_MAX || base64_encode(bough_bytes_of(at, len), arena, &text) != BOUGH_OK) {
        fprintf(stderr, "bough: the value is longer than %u bytes\n", VALUE_BYTES_MAX);
        return false;
    }
    json_write_bytes(&reply->json, "value_base64", text);
    return true;
}

enum exit_status cmd_merge_resolve(struct options *options)
{
    const char *how = options->args[0];
    bool value = strcmp(how, "value") == 0;
    struct merge_reply reply;
    struct session session;
    enum exit_status status;

    if (value && options->arg_count != 2) {
        fprintf(stderr, "bough: a value from standard input is for one key\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK) {
        merge_reply_begin(&reply, &session);
        json_write_array(&reply.json, "resolutions");
        for (size_t i = 1; i < options->arg_count; i++) {
            json_write_object(&reply.json, NULL);
            json_write_text(&reply.json, "key_encoded",
                            session_encoded(&session, options->args[i], true));
            if (value && !write_value(&reply))
                status = EXIT_LIMIT;
            else if (strcmp(how, "delete") == 0)
                json_write_bool(&reply.json, "delete", true);
            else if (!value)
                json_write_text(&reply.json, "take", how);
            json_write_end(&reply.json);
        }
        json_write_end(&reply.json);
        if (status == EXIT_OK)
            status = merge_reply_call(&reply, "merge");
    }
    session_close(&session);
    return status;
}
