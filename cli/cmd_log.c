/* SPDX-License-Identifier: ISC
 *
 * cmd_log.c - the verbs log and blame.
 *
 * As with git, a word may name a revision or a key.  A revision comes first; who means the key says
 * which branch's.
 */
#include "cmd_log.h"
#include "cmd_ls.h"
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

struct log {
    long left;  /* commits that are still to be shown */
    bool shown; /* one was */
};

/* Prints a page; what has no commit and is not the last says nothing. */
static enum exit_status print_page(struct session *session, struct http_response *response,
                                   const struct json *document, void *context)
{
    const struct json *commits = json_read_member(document, "commits");
    const struct json *commit = commits == NULL ? NULL : commits->first;
    struct log *log = context;

    log->shown |= commit != NULL;
    if (session->options->json && commit != NULL)
        (void)fwrite(response->body.at, 1, response->body.len, stdout);
    for (; commit != NULL && log->left > 0; commit = commit->next, log->left--) {
        if (!session->options->json)
            print_commit(commit);
    }
    if (log->left == 0)
        response->next[0] = '\0';
    return EXIT_OK;
}

/* Whether a word is a revision; where the server does not say, that will be said later. */
static bool is_revision(struct session *session, const char *word)
{
    struct http_request request = {
        .method = "GET",
        .target = session_text(session, "/v1/commits/%s", session_encoded(session, word, false))};
    struct http_response response;

    return http_client_call(&session->client, &request, &session->arena, NULL, &response) !=
               BOUGH_OK ||
           (response.status != 404 && response.status != 400 && response.status != 414);
}

static enum exit_status log_of_revision(struct session *session, const char *from, long limit)
{
    struct log log = {.left = limit};

    return session_pages(session,
                         session_text(session, "/v1/commits?limit=%ld&from=%s",
                                      limit < 1000 ? limit : 1000,
                                      session_encoded(session, from, false)),
                         print_page, &log);
}

static enum exit_status log_of_key(struct session *session, const char *key, long limit)
{
    const char *branch = session->options->branch;
    struct log log = {.left = limit};
    enum exit_status status = session_pages(session,
                                            session_text(session, "%s?limit=%ld",
                                                         session_target(session, "/history/", key),
                                                         limit < 1000 ? limit : 1000),
                                            print_page, &log);

    if (status != EXIT_OK || log.shown)
        return status;
    if (branch == NULL)
        fprintf(stderr, "bough: %s is no revision, and no commit of main changed such a key\n",
                key);
    else
        fprintf(stderr, "bough: no commit of %s changed %s\n", branch, key);
    return EXIT_NOT_FOUND;
}

enum exit_status cmd_log(struct options *options)
{
    const char *word = options->arg_count > 0 ? options->args[0] : NULL;
    const char *branch = options->branch;
    long limit = options->limit == NULL ? 20 : strtol(options->limit, NULL, 10);
    struct session session;
    enum exit_status status;

    if (limit < 1) {
        fprintf(stderr, "bough: --limit is a number from 1 on\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK && word != NULL && (branch != NULL || !is_revision(&session, word)))
        status = log_of_key(&session, word, limit);
    else if (status == EXIT_OK)
        status = log_of_revision(&session,
                                 word != NULL     ? word
                                 : branch != NULL ? branch
                                                  : "main",
                                 limit);
    session_close(&session);
    return status;
}

/* Prints a page of keys with their commits, in full: other verbs take no shorter name. */
static enum exit_status print_keys(struct session *session, struct http_response *response,
                                   const struct json *document, void *context)
{
    const struct json *keys = json_read_member(document, "keys");

    (void)context;
    if (session->options->json) {
        (void)fwrite(response->body.at, 1, response->body.len, stdout);
        return EXIT_OK;
    }
    for (const struct json *at = keys == NULL ? NULL : keys->first; at != NULL; at = at->next) {
        struct bough_bytes hash = text_of(at, "commit");
        const char *key = cmd_ls_key(session, at);

        printf("%.*s  %s\n", (int)hash.len, (const char *)hash.at, key == NULL ? "?" : key);
    }
    return EXIT_OK;
}

enum exit_status cmd_log_blame(struct options *options)
{
    const char *prefix = options->arg_count > 0 ? options->args[0] : "";
    const char *branch = options->branch == NULL ? "main" : options->branch;
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK) {
        const char *from = options->rev == NULL
                               ? ""
                               : session_text(&session, "&from=%s",
                                              session_encoded(&session, options->rev, false));

        status = session_pages(&session,
                               session_text(&session, "/v1/b/%s/blame?limit=1000%s&prefix=%s",
                                            session_encoded(&session, branch, false), from,
                                            session_encoded(&session, prefix, true)),
                               print_keys, NULL);
    }
    session_close(&session);
    return status;
}
