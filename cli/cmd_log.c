/* SPDX-License-Identifier: ISC
 *
 * cmd_log.c - the verb log.
 */
#include "cmd_log.h"
#include "json_read.h"
#include "session.h"
#include <stdlib.h>

static struct bough_bytes text_of(const struct json *object, const char *name)
{
    const struct json *value = json_read_member(object, name);

    return value == NULL ? (struct bough_bytes){0} : value->text;
}

/* The first line of a message. */
static struct bough_bytes subject_of(struct bough_bytes message)
{
    const uint8_t *end = message.len == 0 ? NULL : memchr(message.at, '\n', message.len);

    return end == NULL ? message : bough_bytes_of(message.at, (size_t)(end - message.at));
}

static void print_commit(const struct json *commit)
{
    const struct json *author = json_read_member(commit, "author");
    struct bough_bytes name = text_of(author, "name");
    struct bough_bytes hash = text_of(commit, "commit");
    struct bough_bytes subject = subject_of(text_of(commit, "message"));
    struct bough_bytes date = text_of(author, "time");

    printf("%.12s  %.*s  %-20.*s  %.*s\n", hash.len < 12 ? "?" : (const char *)hash.at,
           (int)date.len, (const char *)date.at, (int)name.len, (const char *)name.at,
           (int)subject.len, (const char *)subject.at);
}

/* Prints a page; *left falls by its commits. */
static void print_page(const struct json *document, long *left)
{
    const struct json *commits = json_read_member(document, "commits");
    const struct json *commit = commits == NULL ? NULL : commits->first;

    for (; commit != NULL && *left > 0; commit = commit->next, (*left)--)
        print_commit(commit);
}

static enum exit_status pages(struct session *session, const char *from, long left)
{
    struct http_request request = {.method = "GET"};
    struct http_response response;

    request.target = session_text(session, "/v1/commits?limit=%ld&from=%s",
                                  left < 1000 ? left : 1000, session_encoded(session, from, false));
    while (left > 0 && request.target[0] != '\0') {
        const struct json *document;
        size_t error_at;
        enum exit_status status =
            session_call(session, &request, session->options->json ? stdout : NULL, &response);

        if (status != EXIT_OK)
            return status;
        if (session->options->json) {
            printf("\n");
            left -= 1000;
        } else if (json_read(response.body, &session->arena, &document, &error_at) == BOUGH_OK) {
            print_page(document, &left);
        } else {
            fprintf(stderr, "bough: the server's log is no JSON\n");
            return EXIT_CORRUPT;
        }
        request.target = session_text(session, "%s", response.next);
    }
    return EXIT_OK;
}

enum exit_status cmd_log(struct options *options)
{
    const char *from = options->arg_count > 0    ? options->args[0]
                       : options->branch != NULL ? options->branch
                                                 : "main";
    long limit = options->limit == NULL ? 20 : strtol(options->limit, NULL, 10);
    struct session session;
    enum exit_status status;

    if (limit < 1) {
        fprintf(stderr, "bough: --limit is a number from 1 on\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = pages(&session, from, limit);
    session_close(&session);
    return status;
}
