/* SPDX-License-Identifier: ISC
 *
 * merge_reply.c - asking a server to merge, and telling what came of it.
 *
 * Owns no data.  Conflicts are what somebody works through next, so they are data, although they
 * come with a refusal.
 */
#include "merge_reply.h"

static struct bough_bytes text_of(const struct json *object, const char *name)
{
    const struct json *value = json_read_member(object, name);

    return value == NULL ? (struct bough_bytes){0} : value->text;
}

void merge_reply_begin(struct merge_reply *reply, struct session *session)
{
    reply->session = session;
    reply->out = out_begin(&session->arena);
    reply->json = json_write_into(&reply->out);
    json_write_object(&reply->json, NULL);
}

void merge_reply_choices(struct merge_reply *reply)
{
    const struct options *options = reply->session->options;

    if (options->strategy != NULL)
        json_write_text(&reply->json, "strategy", options->strategy);
    if (options->favor != NULL)
        json_write_text(&reply->json, "favor", options->favor);
    if (options->dry_run)
        json_write_bool(&reply->json, "dry_run", true);
    if (options->no_ff)
        json_write_bool(&reply->json, "no_ff", true);
    if (options->allow_unrelated)
        json_write_bool(&reply->json, "allow_unrelated", true);
}

void merge_reply_list(const struct json *document)
{
    const struct json *list = json_read_member(document, "conflicts");

    for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next) {
        struct bough_bytes kind = text_of(at, "kind");
        struct bough_bytes why = text_of(at, "why");
        struct bough_bytes key = text_of(at, "key");

        if (json_read_member(at, "key") == NULL)
            key = text_of(at, "key_encoded");
        printf("%-11.*s  %.*s", (int)kind.len, (const char *)kind.at, (int)key.len,
               (const char *)key.at);
        if (why.len > 0)
            printf("  (%.*s)", (int)why.len, (const char *)why.at);
        printf("\n");
    }
}

/* What was done, for people. */
static void tell(const struct options *options, const struct http_response *response,
                 const struct json *document)
{
    struct bough_bytes outcome = text_of(document, "outcome");
    struct bough_bytes commit = text_of(document, "commit");

    if (options->json)
        printf("%.*s", (int)response->body.len, (const char *)response->body.at);
    else if (!options->quiet)
        fprintf(stderr, "%.*s%s%.12s\n", (int)outcome.len, (const char *)outcome.at,
                commit.len < 12 ? "" : ": commit ", commit.len < 12 ? "" : (const char *)commit.at);
}

enum exit_status merge_reply_call(struct merge_reply *reply, const char *verb)
{
    struct session *session = reply->session;
    struct http_request request = {.method = "POST"};
    struct http_response response;
    const struct json *document;
    enum exit_status status;
    size_t error_at;

    json_write_end(&reply->json);
    request.target = session_target(session, session_text(session, "/%s", verb), NULL);
    request.headers = session_headers(session, "Content-Type: application/json\r\n");
    if (out_end(&reply->out, &request.body) != BOUGH_OK)
        return EXIT_LIMIT;
    status = session_call(session, &request, NULL, &response);
    if (status != EXIT_OK && status != EXIT_PRECONDITION)
        return status;
    if (json_read(response.body, &session->arena, &document, &error_at) != BOUGH_OK)
        return EXIT_CORRUPT;
    if (status == EXIT_OK) {
        tell(session->options, &response, document);
    } else if (bough_bytes_equal(text_of(document, "code"), bough_bytes_text("merge-conflict"))) {
        status = EXIT_CONFLICT;
        if (session->options->json)
            printf("%.*s", (int)response.body.len, (const char *)response.body.at);
        else
            merge_reply_list(document);
    }
    return status;
}
