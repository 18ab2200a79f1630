/* SPDX-License-Identifier: ISC
 *
 * cmd_key.c - the verbs get, put and del.
 *
 * The data goes to standard output, what it cost (commit, etag) to standard error.
 */
#include "cmd_key.h"
#include "json_write.h"
#include "session.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tells what a write has come to: a line for people on stderr, or an object on stdout. */
static void report(const struct options *options, const struct http_response *response)
{
    if (options->json)
        printf("{\"commit\":\"%s\",\"etag\":\"%s\",\"unchanged\":%s}\n", response->commit,
               response->etag, response->unchanged ? "true" : "false");
    else if (!options->quiet)
        fprintf(stderr, "%s %.12s\n", response->unchanged ? "unchanged at" : "commit",
                response->commit);
}

enum exit_status cmd_key_get(struct options *options)
{
    struct session session;
    struct http_response response;
    enum exit_status status = session_open(&session, options);
    FILE *into = stdout;

    if (status == EXIT_OK && options->output != NULL && strcmp(options->output, "-") != 0) {
        into = fopen(options->output, "wb");
        if (into == NULL) {
            fprintf(stderr, "bough: %s: %s\n", options->output, strerror(errno));
            status = EXIT_USAGE;
        }
    }
    if (status == EXIT_OK) {
        struct http_request request = {.method = "GET",
                                       .target = session_target(&session, "/k/", options->args[0])};

        status = session_call(&session, &request, into, &response);
    }
    if (into != NULL && fflush(into) != 0 && status == EXIT_OK) {
        fprintf(stderr, "bough: writing: %s\n", strerror(errno));
        status = EXIT_LIMIT;
    }
    if (into != NULL && into != stdout)
        fclose(into);
    session_close(&session);
    return status;
}

/* All of a stream whose length is not known, in the arena. */
static bool read_all(struct session *session, FILE *from, struct bough_bytes *bytes)
{
    size_t max = 65536;
    size_t len = 0;
    uint8_t *at = bough_arena_take(&session->arena, max);

    while (at != NULL) {
        size_t got = fread(at + len, 1, max - len, from);

        len += got;
        if (got == 0)
            break;
        if (len == max) {
            uint8_t *wider = bough_arena_take(&session->arena, 2 * max);

            if (wider != NULL)
                memcpy(wider, at, len);
            at = wider;
            max *= 2;
        }
    }
    *bytes = bough_bytes_of(at, len);
    return at != NULL && !ferror(from);
}

/* Makes `from` the request's body: streamed if its size is known. */
static bool attach(struct session *session, FILE *from, struct http_request *request)
{
    struct stat info;

    if (fstat(fileno(from), &info) == 0 && S_ISREG(info.st_mode)) {
        request->body_file = from;
        request->body_bytes = (uint64_t)info.st_size;
        return true;
    }
    return read_all(session, from, &request->body);
}

/* The conditions that --create and --if-etag stand for. */
static const char *condition(struct session *session)
{
    const struct options *options = session->options;

    if (options->create)
        return "If-None-Match: *\r\n";
    if (options->if_etag != NULL)
        return session_text(session, "If-Match: \"%s\"\r\n", options->if_etag);
    return "";
}

enum exit_status cmd_key_put(struct options *options)
{
    const char *name = options->arg_count > 1 ? options->args[1] : "-";
    FILE *from = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    struct http_request request = {.method = "PUT"};
    struct http_response response;
    struct session session;
    enum exit_status status;

    if (from == NULL) {
        fprintf(stderr, "bough: %s: %s\n", name, strerror(errno));
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK && !attach(&session, from, &request)) {
        fprintf(stderr, "bough: reading %s failed\n", name);
        status = EXIT_LIMIT;
    }
    if (status == EXIT_OK) {
        request.target = session_target(&session, "/k/", options->args[0]);
        request.headers = session_headers(&session, condition(&session));
        status = session_call(&session, &request, NULL, &response);
    }
    if (status == EXIT_OK)
        report(options, &response);
    if (from != stdin)
        fclose(from);
    session_close(&session);
    return status;
}

/* Everything below a path goes in one transaction. */
static enum exit_status delete_below(struct session *session, struct http_response *response)
{
    struct out out = out_begin(&session->arena);
    struct json_write json = json_write_into(&out);
    struct http_request request = {.method = "POST"};

    json_write_object(&json, NULL);
    json_write_array(&json, "ops");
    json_write_object(&json, NULL);
    json_write_text(&json, "op", "delete_prefix");
    json_write_text(&json, "prefix", session_text(session, "%s/", session->options->args[0]));
    json_write_end(&json);
    json_write_end(&json);
    json_write_end(&json);
    if (out_end(&out, &request.body) != BOUGH_OK)
        return EXIT_LIMIT;
    request.target = session_target(session, "/txn", NULL);
    request.headers = session_headers(session, "Content-Type: application/json\r\n");
    return session_call(session, &request, NULL, response);
}

enum exit_status cmd_key_del(struct options *options)
{
    struct session session;
    struct http_response response;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK && options->recursive) {
        status = delete_below(&session, &response);
    } else if (status == EXIT_OK) {
        struct http_request request = {
            .method = "DELETE",
            .target = session_target(&session, "/k/", options->args[0]),
            .headers = session_headers(&session, condition(&session)),
        };

        status = session_call(&session, &request, NULL, &response);
    }
    if (status == EXIT_OK)
        report(options, &response);
    session_close(&session);
    return status;
}
