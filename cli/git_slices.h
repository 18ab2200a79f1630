/* SPDX-License-Identifier: ISC
 *
 * git_slices.h - a push to a store, which takes so many bytes in one piece.
 */
#ifndef GIT_SLICES_H
#define GIT_SLICES_H

#include "git_plan.h"

/* Does what git_plan_push does.  If the store does not take it in one piece the history goes
 * before, in slices: an old commit with all before it, then a younger one.  `bytes` is about how
 * much there is, 0 = nobody knows.  A single commit that does not fit is an error.
 * store->repository is a scratch one: it is written to. */
enum exit_status git_slices_push(struct git_plan *plan, struct git_peer *store, uint64_t bytes);

#endif
