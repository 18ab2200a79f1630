/* SPDX-License-Identifier: ISC
 *
 * cmd_reflog.c - the verb reflog.
 */
#include "cmd_reflog.h"
#include "json_read.h"
#include "session.h"
#include <stdlib.h>

static struct bough_bytes text_of(const struct json *object, const char *name)
{
    const struct json *value = json_read_member(object, name);

    return value == NULL ? (struct bough_bytes){0} : value->text;
}

/* One entry of a branch's log, or one ref that has a log. */
static void print_item(const struct json *item, bool is_entry)
{
    struct bough_bytes old = text_of(item, "old");
    struct bough_bytes next = text_of(item, "new");
    struct bough_bytes date = text_of(item, "time");
    struct bough_bytes name = text_of(item, is_entry ? "name" : "ref");
    struct bough_bytes why = text_of(item, "why");
    const struct json *exists = json_read_member(item, "exists");

    if (is_entry)
        printf(
            "%.12s -> %-12.12s  %.*s  %-20.*s  %.*s\n", old.len < 12 ? "?" : (const char *)old.at,
            next.len < 12 ? "nothing" : (const char *)next.at, (int)date.len, (const char *)date.at,
            (int)name.len, (const char *)name.at, (int)why.len, (const char *)why.at);
    else
        printf("%.*s%s\n", (int)name.len, (const char *)name.at,
               exists != NULL && exists->kind == JSON_FALSE ? "  (deleted)" : "");
}

enum exit_status cmd_reflog(struct options *options)
{
    bool is_entry = options->arg_count > 0;
    long limit = options->limit == NULL ? 100 : strtol(options->limit, NULL, 10);
    struct http_request request = {.method = "GET"};
    struct http_response response;
    const struct json *document;
    const struct json *list;
    struct session session;
    size_t error_at;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK) {
        request.target =
            is_entry ? session_text(&session, "/v1/branches/%s/log?limit=%ld",
                                    session_encoded(&session, options->args[0], false), limit)
                     : session_text(&session, "/v1/reflog?limit=%ld", limit);
        status = session_call(&session, &request, options->json ? stdout : NULL, &response);
    }
    if (status == EXIT_OK && !options->json) {
        if (json_read(response.body, &session.arena, &document, &error_at) != BOUGH_OK)
            status = EXIT_CORRUPT;
        list = status != EXIT_OK ? NULL : json_read_member(document, is_entry ? "log" : "refs");
        for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next)
            print_item(at, is_entry);
    }
    session_close(&session);
    return status;
}
