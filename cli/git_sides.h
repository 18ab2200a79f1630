/* SPDX-License-Identifier: ISC
 *
 * git_sides.h - what stock git lets a merge driver find out about the merge that it is part of.
 */
#ifndef GIT_SIDES_H
#define GIT_SIDES_H

#include <stdbool.h>
#include <stdint.h>

struct git_sides {
    bool inner;         /* two common ancestors are merged, into a base for the merge itself */
    bool known;         /* then both times are those of the sides' commits */
    int64_t ours_s;     /* committer's times, seconds since 1970 UTC */
    int64_t theirs_s;   /* likewise */
    const char *theirs; /* what the merged commit was called, in the environment; NULL: not known */
};

/* Looks at the environment, and asks git about the path, whose markers git wants `marker_len` long,
 * and if `times` is set about the commits.  Whatever cannot be found out is not known.  The path
 * stays in the environment.  Starts up to three processes. */
void git_sides_find(const char *path, uint32_t marker_len, bool times, struct git_sides *sides);

#endif
