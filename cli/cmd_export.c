/* SPDX-License-Identifier: ISC
 *
 * cmd_export.c - the verb export: keys become files.
 *
 * Every key is read at one commit, so that the files are one state of the store although writes go
 * on.  Nothing that exists is overwritten.
 */
#include "cmd_export.h"
#include "bough/tree.h"
#include "cmd_ls.h"
#include "git_copy.h"
#include "progress.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct export
{
    int root; /* the directory, opened */
    struct progress progress;
    uint64_t done;
};

static enum exit_status complain(const char *path)
{
    fprintf(stderr, "bough: %s: %s\n", path, strerror(errno));
    return EXIT_USAGE;
}

/* Opens the directory that a key's file belongs in, making those on the way; *name is the file's
 * name in it.  No symbolic link is followed, so nothing is ever written outside of the export.
 * -1: errno says why. */
static int open_parent(int root, const char *key, const char **name)
{
    int parent = dup(root);
    const char *slash;

    while (parent >= 0 && (slash = strchr(key, '/')) != NULL) {
        char step[NAME_MAX + 1];
        int child = -1;

        snprintf(step, sizeof(step), "%.*s", (int)(slash - key), key);
        if (mkdirat(parent, step, 0777) == 0 || errno == EEXIST)
            child = openat(parent, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        close(parent);
        parent = child;
        key = slash + 1;
    }
    *name = key;
    return parent;
}

/* Gets a key into a file that does not exist yet. */
static enum exit_status write_file(struct session *session, const char *key, int parent,
                                   const char *name, bool executable)
{
    int fd =
        openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, executable ? 0777 : 0666);
    FILE *into = fd < 0 ? NULL : fdopen(fd, "wb");
    struct http_request request = {.method = "GET", .target = session_target(session, "/k/", key)};
    struct http_response response;
    enum exit_status status;

    if (into == NULL)
        return complain(key);
    status = session_call(session, &request, into, &response);
    if (fclose(into) != 0 && status == EXIT_OK)
        return complain(key);
    return status;
}

static enum exit_status write_link(struct session *session, const char *key, int parent,
                                   const char *name)
{
    struct http_request request = {.method = "GET", .target = session_target(session, "/k/", key)};
    struct http_response response;
    enum exit_status status = session_call(session, &request, NULL, &response);
    const char *target;

    if (status != EXIT_OK)
        return status;
    target = session_text(session, "%.*s", (int)response.body.len, (const char *)response.body.at);
    return symlinkat(target, parent, name) == 0 ? EXIT_OK : complain(key);
}

static enum exit_status write_key(struct session *session, const char *key, struct bough_bytes mode,
                                  const struct export *job)
{
    const char *name;
    int parent = open_parent(job->root, key, &name);
    enum exit_status status = EXIT_OK;

    if (parent < 0)
        return complain(key);
    if (bough_bytes_equal(mode, bough_bytes_text("120000")))
        status = write_link(session, key, parent, name);
    else if (bough_bytes_equal(mode, bough_bytes_text("160000")))
        fprintf(stderr, "bough: %s names a commit of another repository: left out\n", key);
    else
        status = write_file(session, key, parent, name,
                            bough_bytes_equal(mode, bough_bytes_text("100755")));
    close(parent);
    return status;
}

static enum exit_status export_key(struct session *session, const struct json *item,
                                   struct export *job)
{
    const char *key = cmd_ls_key(session, item);
    const struct json *mode = json_read_member(item, "mode");

    /* The server may be anybody: its keys are checked like anybody's. */
    if (key == NULL || key[0] == '\0' || bough_tree_path_check(bough_bytes_text(key)) != BOUGH_OK) {
        fprintf(stderr, "bough: the server's listing has an entry without a proper key\n");
        return EXIT_CORRUPT;
    }
    progress_show(&job->progress, ++job->done, 0);
    return write_key(session, key, mode == NULL ? bough_bytes_text("100644") : mode->text, job);
}

static enum exit_status export_page(struct session *session, struct http_response *response,
                                    const struct json *document, void *context)
{
    const struct json *keys = json_read_member(document, "keys");

    (void)response;
    for (const struct json *item = keys == NULL ? NULL : keys->first; item != NULL;
         item = item->next) {
        struct bough_arena_mark mark = bough_arena_now(&session->arena);
        enum exit_status status = export_key(session, item, context);

        bough_arena_back(&session->arena, mark);
        if (status != EXIT_OK)
            return status;
    }
    return EXIT_OK;
}

/* Turns "the branch now" into the commit it is at, so that all keys come from one state. */
static enum exit_status pin(struct session *session, struct options *options)
{
    struct http_request request = {.method = "GET",
                                   .target = session_target(session, "/keys?limit=1", NULL)};
    struct http_response response;
    enum exit_status status = session_call(session, &request, NULL, &response);

    if (status == EXIT_OK && response.commit[0] != '\0')
        options->rev = session_text(session, "%s", response.commit);
    return status;
}

enum exit_status cmd_export(struct options *options)
{
    size_t len = strlen(options->args[0]);
    struct export job = {.root = -1};
    struct session session;
    enum exit_status status = session_open(&session, options);

    progress_begin(&job.progress, options, "export");
    if (status == EXIT_OK && len > 4 && strcmp(options->args[0] + len - 4, ".git") == 0) {
        status = git_copy_clone(&session, options->args[0]);
    } else if (status == EXIT_OK) {
        status = pin(&session, options);
        if (status == EXIT_OK && mkdir(options->args[0], 0777) != 0 && errno != EEXIST)
            status = complain(options->args[0]);
        job.root = open(options->args[0], O_RDONLY | O_DIRECTORY);
        if (status == EXIT_OK && job.root < 0)
            status = complain(options->args[0]);
        if (status == EXIT_OK)
            status = cmd_ls_pages(&session, options->prefix == NULL ? "" : options->prefix, false,
                                  export_page, &job);
        progress_end(&job.progress);
        if (status == EXIT_OK && !options->quiet)
            fprintf(stderr, "%llu files\n", (unsigned long long)job.done);
    }
    if (job.root >= 0)
        close(job.root);
    session_close(&session);
    return status;
}
