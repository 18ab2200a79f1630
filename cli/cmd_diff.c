/* SPDX-License-Identifier: ISC
 *
 * cmd_diff.c - the verbs diff and merge-base.
 *
 * A line of diff is a letter, as git's --name-status has them, a tabulator and the key; its bytes
 * are the key's own.
 */
#include "cmd_diff.h"
#include "cmd_ls.h"
#include <ctype.h>

static struct bough_bytes text_of(const struct json *object, const char *name)
{
    const struct json *value = json_read_member(object, name);

    return value == NULL ? (struct bough_bytes){0} : value->text;
}

/* "added" is A, "removed" D, "modified" M. */
static char letter_of(struct bough_bytes change)
{
    if (change.len == 0)
        return '?';
    return change.at[0] == 'r' ? 'D' : (char)toupper(change.at[0]);
}

static void print_stat(const struct json *document)
{
    static const char *const names[] = {"added", "removed", "modified", "old_bytes", "new_bytes"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bough_bytes number = text_of(document, names[i]);

        printf("%-9s %.*s\n", names[i], (int)number.len, (const char *)number.at);
    }
}

static enum exit_status print_page(struct session *session, struct http_response *response,
                                   const struct json *document, void *context)
{
    const struct json *list = json_read_member(document, "changes");

    (void)context;
    if (session->options->json) {
        (void)fwrite(response->body.at, 1, response->body.len, stdout);
        return EXIT_OK;
    }
    if (session->options->stat)
        print_stat(document);
    for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next) {
        const char *key = cmd_ls_key(session, at);

        if (key == NULL)
            return EXIT_CORRUPT;
        printf("%c\t%s\n", letter_of(text_of(at, "change")), key);
    }
    return EXIT_OK;
}

/* Hands the server's patch through, page by page: each is of whole files. */
static enum exit_status print_patch(struct session *session, const char *target)
{
    struct http_request request = {
        .method = "GET", .target = target, .headers = "Accept: text/x-diff\r\n"};
    struct http_response response;
    enum exit_status status;

    do {
        status = session_call(session, &request, stdout, &response);
        request.target = session_text(session, "%s", response.next);
    } while (status == EXIT_OK && request.target[0] != '\0');
    return status;
}

/* Whether the options go together. */
static bool is_usable(const struct options *options)
{
    if (options->patch && (options->stat || options->json)) {
        fprintf(stderr, "bough diff: --patch goes with neither --stat nor --json\n");
        return false;
    }
    if (options->prefix != NULL && options->arg_count > 2) {
        fprintf(stderr, "bough diff: there are two prefixes\n");
        return false;
    }
    return true;
}

enum exit_status cmd_diff(struct options *options)
{
    const char *prefix = options->arg_count > 2    ? options->args[2]
                         : options->prefix == NULL ? ""
                                                   : options->prefix;
    struct session session;
    enum exit_status status;

    if (!is_usable(options))
        return EXIT_USAGE;
    status = session_open(&session, options);
    if (status == EXIT_OK) {
        const char *target =
            session_text(&session, "/v1/diff?limit=1000&from=%s&to=%s&prefix=%s%s",
                         session_encoded(&session, options->args[0], false),
                         session_encoded(&session, options->args[1], false),
                         session_encoded(&session, prefix, true), options->stat ? "&stat" : "");

        status = options->patch ? print_patch(&session, target)
                                : session_pages(&session, target, print_page, NULL);
    }
    session_close(&session);
    return status;
}

enum exit_status cmd_diff_base(struct options *options)
{
    struct http_request request = {.method = "GET"};
    struct http_response response;
    const struct json *document;
    const struct json *list = NULL;
    struct session session;
    size_t error_at;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK) {
        request.target = session_text(&session, "/v1/merge-base?a=%s&b=%s",
                                      session_encoded(&session, options->args[0], false),
                                      session_encoded(&session, options->args[1], false));
        status = session_call(&session, &request, options->json ? stdout : NULL, &response);
    }
    if (status == EXIT_OK && !options->json) {
        if (json_read(response.body, &session.arena, &document, &error_at) != BOUGH_OK)
            status = EXIT_CORRUPT;
        else
            list = json_read_member(document, "bases");
        for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next)
            printf("%.*s\n", (int)at->text.len, (const char *)at->text.at);
        if (status == EXIT_OK && (list == NULL || list->first == NULL)) {
            fprintf(stderr, "bough: there is no common ancestor\n");
            status = EXIT_NOT_FOUND;
        }
    }
    session_close(&session);
    return status;
}
