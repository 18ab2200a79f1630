/* SPDX-License-Identifier: ISC
 *
 * merge_plan.h - how a merge that a request asks for is done: with which policies, in which memory.
 */
#ifndef MERGE_PLAN_H
#define MERGE_PLAN_H

#include "bough/merge_attributes.h"
#include "merge_words.h"

/* Members are private to merge_plan.c but for options and scratch. */
struct merge_plan {
    struct bough_merge_options options;
    struct bough_arena scratch; /* to merge in: what conflicts are kept in must be another one */
    struct request *request;
    struct bough_tree ours;
    const struct bough_merge_policy *fallback;
    struct bough_merge_attributes attributes;
    bool attributes_too_big;
};

/* Begins a plan: policies come from the `.gitattributes` of `ours`, as git takes them from the
 * work tree, else from the strategy.  Takes no memory yet; end it in any case. */
void merge_plan_begin(struct merge_plan *plan, struct request *request,
                      const struct merge_words *words, const struct bough_tree *ours);

/* Gives the memory back. */
void merge_plan_end(struct merge_plan *plan);

/* Puts what merging has answered into better words where there are some; else passes it on. */
enum bough_err merge_plan_refuse(const struct merge_plan *plan, enum bough_err err);

#endif
