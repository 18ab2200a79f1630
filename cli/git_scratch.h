/* SPDX-License-Identifier: ISC
 *
 * git_scratch.h - a git repository for the time of one verb.
 */
#ifndef GIT_SCRATCH_H
#define GIT_SCRATCH_H

#include "exit.h"
#include <git2.h>
#include <limits.h>

struct git_scratch {
    char path[PATH_MAX]; /* empty = there is none */
    git_repository *repository;
};

/* Makes an empty bare repository below TMPDIR, or /tmp, that nobody else can read.  libgit2 must
 * have been begun.  After an error a message has been printed, and git_scratch_close is due as
 * ever. */
enum exit_status git_scratch_open(struct git_scratch *scratch);

/* Removes it with all that is in it. */
void git_scratch_close(struct git_scratch *scratch);

#endif
