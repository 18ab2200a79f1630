/* SPDX-License-Identifier: ISC
 *
 * git_lift.h - git objects become native ones.
 */
#ifndef GIT_LIFT_H
#define GIT_LIFT_H

#include "git_find.h"
#include "pack_resolve.h"

/* What a lift works with; all borrowed. */
struct git_lift {
    struct git_view *view;         /* its overlay receives what is lifted */
    struct pack_in *pack;          /* resolved */
    const struct bough_link *near; /* commits whose trees the pack builds on */
    size_t near_count;
};

/* The native object of a ref's new id, a commit or a tag: it and everything behind it that is only
 * in the pack is staged, parents first.  This is the check of connectivity too: BOUGH_NOT_FOUND
 * when anything is neither in the pack nor in the store.  BOUGH_INVALID and pack->why for an object
 * that bough does not take, BOUGH_EXISTS for an id that is known with other contents,
 * BOUGH_TOO_BIG, and what the store answers. */
BOUGH_MUST_CHECK enum bough_err git_lift_tip(struct git_lift *lift, const struct sha1 *id,
                                             struct git_native *native);

#endif
