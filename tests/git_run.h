/* SPDX-License-Identifier: ISC
 *
 * git_run.h - a folder of its own for a test, and stock git in it, whose results depend on nothing
 * but its version.
 */
#ifndef GIT_RUN_H
#define GIT_RUN_H

#include "bough/bytes.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct git_run {
    char folder[64];
};

/* Makes an empty folder, removed by git_run_end. */
static inline void git_run_begin(struct git_run *run)
{
    snprintf(run->folder, sizeof(run->folder), "/tmp/bough-test-XXXXXX");
    if (mkdtemp(run->folder) == NULL)
        abort();
}

/* Runs a shell script in the folder; its exit status. */
__attribute__((format(printf, 2, 3))) static inline int git_run(const struct git_run *run,
                                                                const char *format, ...)
{
    char script[4096];
    char command[4608];
    va_list args;
    int status;

    va_start(args, format);
    vsnprintf(script, sizeof(script), format, args);
    va_end(args);
    snprintf(command, sizeof(command),
             "cd %s && export LC_ALL=C HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 "
             "GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 GIT_AUTHOR_NAME=A "
             "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b && { %s\n}",
             run->folder, script);
    status = system(command);
    return status < 0 || (status & 127) != 0 ? -1 : status >> 8;
}

/* Opens a file of the folder. */
static inline FILE *git_run_open(const struct git_run *run, const char *name, const char *mode)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", run->folder, name);
    file = fopen(path, mode);
    if (file == NULL)
        abort();
    return file;
}

/* Writes a file of the folder. */
static inline void git_run_write(const struct git_run *run, const char *name,
                                 struct bough_bytes bytes)
{
    FILE *file = git_run_open(run, name, "wb");

    if (bytes.len > 0 && fwrite(bytes.at, 1, bytes.len, file) != bytes.len)
        abort();
    fclose(file);
}

/* Reads a file of the folder whole; the caller frees .at. */
static inline struct bough_bytes git_run_read(const struct git_run *run, const char *name)
{
    FILE *file = git_run_open(run, name, "rb");
    uint8_t *at = NULL;
    size_t len = 0;
    size_t got;

    do {
        at = realloc(at, len + 65536);
        if (at == NULL)
            abort();
        got = fread(at + len, 1, 65536, file);
        len += got;
    } while (got > 0);
    fclose(file);
    return bough_bytes_of(at, len);
}

static inline void git_run_end(const struct git_run *run)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", run->folder);
    if (system(command) != 0)
        abort();
}

#endif
