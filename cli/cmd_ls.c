/* SPDX-License-Identifier: ISC
 *
 * cmd_ls.c - the verb ls, and listings for whoever needs all keys.
 */
#include "cmd_ls.h"
#include "percent.h"

static const struct json *member(const struct json *object, const char *name)
{
    return json_read_member(object, name);
}

const char *cmd_ls_key(struct session *session, const struct json *item)
{
    bool folded = member(item, "prefix") != NULL || member(item, "prefix_encoded") != NULL;
    const struct json *plain = member(item, folded ? "prefix" : "key");
    const struct json *coded = member(item, folded ? "prefix_encoded" : "key_encoded");
    struct bough_bytes bytes;

    if (coded != NULL) {
        if (percent_decode(coded->text, &session->arena, &bytes) != BOUGH_OK)
            return NULL;
    } else if (plain != NULL) {
        bytes = plain->text;
    } else {
        return NULL;
    }
    return session_text(session, "%.*s", (int)bytes.len, (const char *)bytes.at);
}

/* The first page of a listing. */
static const char *target_of(struct session *session, const char *prefix, bool fold)
{
    return session_text(session, "%s?limit=1000%s&prefix=%s",
                        session_target(session, "/keys", NULL), fold ? "&delimiter=/" : "",
                        session_encoded(session, prefix, true));
}

enum exit_status cmd_ls_pages(struct session *session, const char *prefix, bool fold,
                              session_page *page, void *context)
{
    return session_pages(session, target_of(session, prefix, fold), page, context);
}

/* Prints one key, or one folded directory. */
static void print_item(struct session *session, const struct json *item, bool directory)
{
    const struct options *options = session->options;
    const struct json *etag = member(item, "etag");
    const struct json *mode = member(item, "mode");
    int64_t size = 0;
    const char *key = cmd_ls_key(session, item);

    (void)json_read_integer(member(item, "size"), &size);
    if (options->details && directory)
        printf("%-6s %12s %12s ", "040000", "-", "-");
    else if (options->details)
        printf("%-6.*s %12lld %12.12s ", mode == NULL ? 0 : (int)mode->text.len,
               mode == NULL ? "" : (const char *)mode->text.at, (long long)size,
               etag == NULL ? "" : (const char *)etag->text.at);
    printf("%s\n", key == NULL ? "?" : key);
}

/* Keys and folded directories come as two lists, each in order; they are merged. */
static enum exit_status print_page(struct session *session, struct http_response *response,
                                   const struct json *document, void *context)
{
    const struct json *keys = member(document, "keys");
    const struct json *folded = member(document, "prefixes");
    const struct json *key = keys == NULL ? NULL : keys->first;
    const struct json *dir = folded == NULL ? NULL : folded->first;

    (void)response;
    (void)context;
    while (key != NULL || dir != NULL) {
        const char *key_text = key == NULL ? NULL : cmd_ls_key(session, key);
        const char *dir_text = dir == NULL ? NULL : cmd_ls_key(session, dir);
        bool key_first =
            dir == NULL || (key_text != NULL && dir_text != NULL && strcmp(key_text, dir_text) < 0);

        if (key != NULL && key_first) {
            print_item(session, key, false);
            key = key->next;
        } else {
            print_item(session, dir, true);
            dir = dir->next;
        }
    }
    return EXIT_OK;
}

/* Hands the server's lines through, page by page. */
static enum exit_status print_json(struct session *session, const char *prefix, bool fold)
{
    struct http_request request = {.method = "GET",
                                   .target = target_of(session, prefix, fold),
                                   .headers = "Accept: application/x-ndjson\r\n"};
    struct http_response response;
    enum exit_status status;

    do {
        status = session_call(session, &request, stdout, &response);
        request.target = session_text(session, "%s", response.next);
    } while (status == EXIT_OK && request.target[0] != '\0');
    return status;
}

enum exit_status cmd_ls(struct options *options)
{
    const char *prefix = options->arg_count > 0 ? options->args[0] : "";
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK && options->json)
        status = print_json(&session, prefix, !options->recursive);
    else if (status == EXIT_OK)
        status = cmd_ls_pages(&session, prefix, !options->recursive, print_page, NULL);
    session_close(&session);
    return status;
}
