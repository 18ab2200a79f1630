/* SPDX-License-Identifier: ISC
 *
 * git_helper.h - users and passwords that git's credential helpers know.
 */
#ifndef GIT_HELPER_H
#define GIT_HELPER_H

#include "git_url.h"
#include <stdbool.h>

/* Runs `git credential fill`, which asks the helpers that git is configured with, or the user at
 * the terminal.  True: url->user and url->password are there, in `arena`.  False: there is no git,
 * or it knows of none; url is as it was.  Waits for git, or for interrupt.h. */
bool git_helper_fill(struct git_url *url, struct bough_arena *arena);

#endif
