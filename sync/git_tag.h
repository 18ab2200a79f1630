/* SPDX-License-Identifier: ISC
 *
 * git_tag.h - the bytes of git's annotated tags.
 */
#ifndef GIT_TAG_H
#define GIT_TAG_H

#include "bough/err.h"
#include "sha1.h"

struct git_tag {
    struct sha1 target;
    enum git_kind target_kind;
};

/* Reads a tag.  BOUGH_INVALID and *why (static text) when it is not one that bough takes: object,
 * type and tag lines must be there in order, without NUL. */
BOUGH_MUST_CHECK enum bough_err git_tag_parse(struct bough_bytes bytes, struct git_tag *tag,
                                              const char **why);

#endif
