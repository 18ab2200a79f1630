/* SPDX-License-Identifier: ISC
 *
 * git_scratch.c - a git repository for the time of one verb.
 *
 * What two ends that never talk to each other have in common is found out here, so that each of
 * them is asked only for what the other one lacks.
 */
#include "git_scratch.h"
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_FOLDERS_MAX 16 /* while removing */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

enum exit_status git_scratch_open(struct git_scratch *scratch)
{
    const char *folder = getenv("TMPDIR");
    const git_error *error;
    int len;

    *scratch = (struct git_scratch){.repository = NULL};
    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    len = snprintf(scratch->path, sizeof(scratch->path), "%s/bough-git-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof(scratch->path) || mkdtemp(scratch->path) == NULL) {
        fprintf(stderr, "bough: no folder in %s: %s\n", folder, strerror(errno));
        scratch->path[0] = '\0';
        return EXIT_USAGE;
    }
    if (git_repository_init(&scratch->repository, scratch->path, true) == 0)
        return EXIT_OK;
    error = git_error_last();
    fprintf(stderr, "bough: %s: %s\n", scratch->path, error == NULL ? "failed" : error->message);
    return EXIT_USAGE;
}

void git_scratch_close(struct git_scratch *scratch)
{
    git_repository_free(scratch->repository);
    if (scratch->path[0] != '\0' &&
        nftw(scratch->path, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "bough: %s is left: %s\n", scratch->path, strerror(errno));
    *scratch = (struct git_scratch){.repository = NULL};
}
