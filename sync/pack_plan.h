/* SPDX-License-Identifier: ISC
 *
 * pack_plan.h - in which order the objects of a list are sent, and which of them as deltas.
 */
#ifndef PACK_PLAN_H
#define PACK_PLAN_H

#include "pack_item.h"

#define PACK_PLAN_DEPTH_MAX 50u /* deltas on deltas; git's default */

/* Members are private to pack_plan.c. */
struct pack_plan {
    struct buffer steps; /* of struct pack_plan_step, one for each object */
    uint32_t count;
    uint32_t tree_first; /* trees and blobs go in reverse: */
    uint32_t blob_first;
    uint32_t value_first; /* up to here */
    uint32_t root_at;     /* roots looked at so far, twice `count` at the end */
    uint32_t root;        /* the family that is being sent */
    uint32_t at;          /* the object sent last, or PACK_LIST_NONE */
};

/* Plans for all objects of a list, whose set `seen` is needed.  What the view keeps compressed is
 * preferred as it is.  BOUGH_NO_MEMORY, BOUGH_TOO_BIG. */
BOUGH_MUST_CHECK enum bough_err pack_plan_make(struct pack_plan *plan, struct pack_list *list);

/* Begins anew: the same objects in the same order. */
void pack_plan_rewind(struct pack_plan *plan);

/* Gives everything back; a zeroed plan is allowed. */
void pack_plan_release(struct pack_plan *plan);

/* The next object to send, which is going to start at `offset` of the pack; *base is what it should
 * be a delta on: an object that was sent, one outside (PACK_LIST_OUTSIDE), or PACK_LIST_NONE.
 * False at the end. */
bool pack_plan_next(struct pack_plan *plan, uint64_t offset, uint32_t *n, uint32_t *base);

/* Where an object that was sent starts. */
uint64_t pack_plan_offset(const struct pack_plan *plan, uint32_t n);

#endif
