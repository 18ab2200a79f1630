/* SPDX-License-Identifier: ISC
 *
 * git_name.h - names that git refuses, and how the git view spells them.
 *
 * bough stores any step; git's fsck and every git client refuse some names (`.git` in any spelling
 * that some filesystem would take for it).  In the view such a name is escaped, one-to-one:
 *
 *   E     the names git refuses
 *   f(s)  "%XX" for the first byte of s (two upper-case hexadecimal digits), then the rest of s
 * with
 *         '%' as "%25" and '\' as "%5C" (a backslash separates names on NTFS)
 *   C     the smallest set with E in C and f(C) in C
 *
 * A native name s is shown as f(s) if it is in C, else as itself; a git name t is stored as the s
 * with f(s) = t if there is such an s in C, else as itself.  Both ways are each other's inverse,
 * and no name that is shown is in E: ".git" is shown as "%2Egit", "%2Egit" as "%252Egit", and
 * "%2Efoo" as itself.
 */
#ifndef GIT_NAME_H
#define GIT_NAME_H

#include "bough/bytes.h"
#include "bough/limits.h"

/* The longest name in the view of a name of BOUGH_STEP_BYTES_MAX bytes: every byte tripled. */
#define GIT_NAME_BYTES_MAX (3u * BOUGH_STEP_BYTES_MAX)

/* Whether git's fsck takes `name` for ".git" (fsck.h hasDotgit: HFS+ and NTFS spellings too), or it
 * is ".", ".." or empty. */
bool git_name_refused(struct bough_bytes name);

/* Whether git's fsck takes `name` for ".gitmodules" (which must not be a symbolic link). */
bool git_name_is_modules(struct bough_bytes name);

/* How the step is shown; borrowed from `step` or written to `room`.  O(length^2) at worst. */
struct bough_bytes git_name_shown(struct bough_bytes step, uint8_t room[GIT_NAME_BYTES_MAX]);

/* What the git name `name` is stored as; borrowed from `name` or written to `room`. */
struct bough_bytes git_name_stored(struct bough_bytes name, uint8_t room[GIT_NAME_BYTES_MAX]);

#endif
