/* SPDX-License-Identifier: ISC
 *
 * git_patch.h - what changed at a key, as a patch that git and patch(1) apply.
 */
#ifndef GIT_PATCH_H
#define GIT_PATCH_H

#include "bough/diff.h"
#include "out.h"
#include "request.h"

/* Appends the patch to `out`: what `git diff` writes without its line "index", which names objects
 * of git.  Values past BOUGH_DIFF_TEXT_BYTES_MAX, and those that differ too much for text_diff.h,
 * count as binary: such a patch says only that they differ.  Scratch is released again. BOUGH_IO,
 * BOUGH_CORRUPT, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_patch_write(struct request *request, struct out *out,
                                                const struct bough_diff_change *change);

#endif
