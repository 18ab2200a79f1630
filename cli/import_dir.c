/* SPDX-License-Identifier: ISC
 *
 * import_dir.c - a directory's files as keys.
 *
 * Small files are gathered into transactions, each one commit; a large one is a commit of its own,
 * streamed.  What has been acknowledged stays, if the import is cut short: running it again goes
 * on, because a value that is there already changes nothing. (1) ops is an open JSON array of
 * op_count operations holding about op_bytes of values.
 */
#include "import_dir.h"
#include "base64.h"
#include "bough/limits.h"
#include "json_write.h"
#include "percent.h"
#include "progress.h"
#include "utf8.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_BYTES_MAX (2u << 20) /* base64 and JSON make less than 4 MiB of it */
#define BATCH_OPS_MAX   2000u
#define SINGLE_BYTES    (1u << 20) /* a file from this size on goes alone */

struct import {
    struct session *session;
    struct bough_arena arena; /* of the open batch */
    struct out out;
    struct json_write json;
    size_t op_count;
    size_t op_bytes;
    struct progress progress;
    uint64_t done;
    uint64_t total; /* files */
    uint64_t commits;
};

static enum exit_status complain(const char *path)
{
    fprintf(stderr, "bough: %s: %s\n", path, strerror(errno));
    return EXIT_USAGE;
}

static enum exit_status out_of_memory(void)
{
    fprintf(stderr, "bough: out of memory\n");
    return EXIT_LIMIT;
}

static void begin_batch(struct import *import)
{
    bough_arena_release(&import->arena);
    import->out = out_begin(&import->arena);
    import->json = json_write_into(&import->out);
    import->op_count = 0;
    import->op_bytes = 0;
    json_write_object(&import->json, NULL);
    json_write_array(&import->json, "ops");
}

/* Sends the open batch and begins the next. */
static enum exit_status send_batch(struct import *import)
{
    struct session *session = import->session;
    struct bough_arena_mark mark = bough_arena_now(&session->arena);
    struct http_request request = {.method = "POST"};
    struct http_response response;
    enum exit_status status = EXIT_OK;

    json_write_end(&import->json);
    if (session->options->message == NULL)
        json_write_text(&import->json, "message",
                        session_text(session, "Import %zu files", import->op_count));
    json_write_end(&import->json);
    if (import->op_count > 0) {
        if (out_end(&import->out, &request.body) != BOUGH_OK)
            status = out_of_memory();
        request.target = session_target(session, "/txn", NULL);
        request.headers = session_headers(session, "Content-Type: application/json\r\n");
        if (status == EXIT_OK)
            status = session_call(session, &request, NULL, &response);
        import->commits++;
    }
    bough_arena_back(&session->arena, mark);
    begin_batch(import);
    return status;
}

/* The key of a file, whose bytes may be no UTF-8. */
static void write_key(struct import *import, const char *key)
{
    struct bough_bytes bytes = bough_bytes_text(key);
    struct out coded = out_begin(&import->arena);
    struct bough_bytes text;

    if (utf8_is(bytes)) {
        json_write_bytes(&import->json, "key", bytes);
        return;
    }
    percent_encode(&coded, bytes, true);
    if (out_end(&coded, &text) == BOUGH_OK)
        json_write_bytes(&import->json, "key_encoded", text);
}

/* Adds a value to the open batch. */
static enum exit_status add_value(struct import *import, const char *key, const char *mode,
                                  struct bough_bytes value)
{
    struct bough_bytes text;

    if (base64_encode(value, &import->arena, &text) != BOUGH_OK)
        return out_of_memory();
    json_write_object(&import->json, NULL);
    json_write_text(&import->json, "op", "put");
    write_key(import, key);
    json_write_text(&import->json, "mode", mode);
    json_write_bytes(&import->json, "value_base64", text);
    json_write_end(&import->json);
    import->op_count++;
    import->op_bytes += value.len;
    if (import->op_count >= BATCH_OPS_MAX || import->op_bytes >= BATCH_BYTES_MAX)
        return send_batch(import);
    return EXIT_OK;
}

/* Streams a large file as a commit of its own. */
static enum exit_status put_alone(struct import *import, const char *key, const char *mode,
                                  FILE *from, uint64_t size)
{
    struct session *session = import->session;
    struct bough_arena_mark mark = bough_arena_now(&session->arena);
    struct http_request request = {
        .method = "PUT",
        .target = session_target(session, "/k/", key),
        .headers = session_headers(session, session_text(session, "Bough-Mode: %s\r\n", mode)),
        .body_file = from,
        .body_bytes = size,
    };
    struct http_response response;
    enum exit_status status = send_batch(import);

    if (status == EXIT_OK)
        status = session_call(session, &request, NULL, &response);
    import->commits++;
    bough_arena_back(&session->arena, mark);
    return status;
}

static enum exit_status add_file(struct import *import, const char *path, const char *key,
                                 const struct stat *info)
{
    const char *mode = (info->st_mode & S_IXUSR) != 0 ? "100755" : "100644";
    FILE *from = fopen(path, "rb");
    enum exit_status status;
    uint8_t *bytes;
    size_t got;

    if (from == NULL)
        return complain(path);
    if (info->st_size >= SINGLE_BYTES) {
        status = put_alone(import, key, mode, from, (uint64_t)info->st_size);
    } else {
        bytes = bough_arena_take(&import->arena, (size_t)info->st_size);
        got = bytes == NULL ? 0 : fread(bytes, 1, (size_t)info->st_size, from);
        if (bytes == NULL)
            status = out_of_memory();
        else if (ferror(from))
            status = complain(path);
        else
            status = add_value(import, key, mode, bough_bytes_of(bytes, got));
    }
    fclose(from);
    return status;
}

static enum exit_status add_link(struct import *import, const char *path, const char *key)
{
    char target[BOUGH_PATH_BYTES_MAX];
    ssize_t len = readlink(path, target, sizeof(target));

    if (len < 0)
        return complain(path);
    return add_value(import, key, "120000", bough_bytes_of(target, (size_t)len));
}

static enum exit_status add_entry(struct import *import, const char *path, const char *key);

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Everything in a directory, in order; `key` is its key with '/' behind it, or "". */
static enum exit_status add_directory(struct import *import, const char *path, const char *key)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_entry, alphasort);
    enum exit_status status = EXIT_OK;

    if (count < 0)
        return complain(path);
    for (int i = 0; i < count; i++) {
        struct bough_arena_mark mark = bough_arena_now(&import->session->arena);
        const char *child = session_text(import->session, "%s/%s", path, entries[i]->d_name);
        const char *child_key = session_text(import->session, "%s%s", key, entries[i]->d_name);

        if (status == EXIT_OK)
            status = add_entry(import, child, child_key);
        bough_arena_back(&import->session->arena, mark);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* Recursion is bounded by the length of paths. */
static enum exit_status add_entry(struct import *import, const char *path, const char *key)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return complain(path);
    if (S_ISDIR(info.st_mode))
        return add_directory(import, path, session_text(import->session, "%s/", key));
    progress_show(&import->progress, ++import->done, import->total);
    if (S_ISREG(info.st_mode))
        return add_file(import, path, key, &info);
    if (S_ISLNK(info.st_mode))
        return add_link(import, path, key);
    import->done--;
    fprintf(stderr, "bough: %s is neither file nor link: left out\n", path);
    return EXIT_OK;
}

/* How many files there are, for the bar. */
static uint64_t count_files(struct session *session, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_entry, NULL);
    uint64_t files = 0;

    for (int i = 0; i < count; i++) {
        struct bough_arena_mark mark = bough_arena_now(&session->arena);
        const char *child = session_text(session, "%s/%s", path, entries[i]->d_name);
        struct stat info;

        if (lstat(child, &info) == 0)
            files += S_ISDIR(info.st_mode) ? count_files(session, child) : 1;
        bough_arena_back(&session->arena, mark);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return files;
}

enum exit_status import_dir(struct session *session, const char *path)
{
    const struct options *options = session->options;
    struct import import = {.session = session};
    enum exit_status status;
    const char *key = options->prefix == NULL ? "" : session_text(session, "%s/", options->prefix);

    bough_arena_init(&import.arena, &session->env.heap.base, 256u << 20);
    progress_begin(&import.progress, options, "import");
    if (import.progress.shown)
        import.total = count_files(session, path);
    begin_batch(&import);
    status = add_directory(&import, path, key);
    if (status == EXIT_OK)
        status = send_batch(&import);
    progress_end(&import.progress);
    bough_arena_release(&import.arena);
    if (status == EXIT_OK && options->json)
        printf("{\"files\":%llu,\"commits\":%llu}\n", (unsigned long long)import.done,
               (unsigned long long)import.commits);
    else if (status == EXIT_OK && !options->quiet)
        fprintf(stderr, "%llu files in %llu commits\n", (unsigned long long)import.done,
                (unsigned long long)import.commits);
    return status;
}
