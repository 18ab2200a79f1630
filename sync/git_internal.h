/* SPDX-License-Identifier: ISC
 *
 * git_internal.h - the git view's own struct, for the files of sync/ only.
 */
#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include "bough/git.h"
#include "git_view.h"

struct bough_git {
    struct git_view view;
};

#endif
