/* SPDX-License-Identifier: ISC
 *
 * git_copy.h - whole git repositories into and out of a store, through the store's own git
 * protocol, with libgit2.
 */
#ifndef GIT_COPY_H
#define GIT_COPY_H

#include "session.h"

/* Whether `path` is a git repository, bare or not. */
bool git_copy_is_repository(const char *path);

/* Pushes all branches and tags of the repository at `path` to the store.  Complains on stderr about
 * every ref that was refused. */
enum exit_status git_copy_push(struct session *session, const char *path);

/* Clones the store, with all its branches, to `path`; a name that ends in ".git" gives a bare
 * repository. */
enum exit_status git_copy_clone(struct session *session, const char *path);

#endif
