/* SPDX-License-Identifier: ISC
 *
 * merge_plan.h - how a merge that a request asks for is done: with which policies, in which memory.
 */
#ifndef MERGE_PLAN_H
#define MERGE_PLAN_H

#include "merge_report.h"
#include "merge_words.h"

/* Why a merge cannot be kept where the name of its ref is taken: a detail of `exists`. */
#define MERGE_PLAN_IN_THE_WAY \
    "the merge in progress of a branch whose name lies above or below this one is in the way"

struct merge_plan {
    struct bough_merge_options options;
    struct bough_arena scratch; /* to merge in: what conflicts are kept in must be another one */
};

/* Begins a plan whose conflicts `report` is told of: policies come from `.gitattributes`, else from
 * the strategy.  Takes no memory yet; end it in any case. */
void merge_plan_begin(struct merge_plan *plan, struct request *request,
                      const struct merge_words *words, struct merge_report *report);

/* Gives the memory back. */
void merge_plan_end(struct merge_plan *plan);

#endif
