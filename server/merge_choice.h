/* SPDX-License-Identifier: ISC
 *
 * merge_choice.h - what a client has decided about paths in conflict: resolutions.
 */
#ifndef MERGE_CHOICE_H
#define MERGE_CHOICE_H

#include "bough/merge_progress.h"
#include "json_read.h"
#include "request.h"

struct merge_choice {
    struct bough_bytes path;
    enum bough_merge_take take;
    bool met;                 /* there is a conflict at the path */
    bool no_base;             /* its base was asked for, and there is none */
    bool put;                 /* `entry` is to be put; else nothing is to be there */
    struct bough_entry entry; /* TAKE_ENTRY: value and, unless it is 0, mode; others: once met */
};

/* Members are private to merge_choice.c but for count. */
struct merge_choices {
    struct request *request;
    struct merge_choice *items; /* by path */
    size_t count;
};

/* Reads the JSON array `list` (NULL: none); values are put into the store.  False: the reply says
 * why not, or *err is what the store answered. */
bool merge_choice_read(struct request *request, const struct json *list,
                       struct merge_choices *choices, enum bough_err *err);

/* If there is a choice for the conflict's path, remembers what it comes to; *found says so.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err merge_choice_meet(struct merge_choices *choices,
                                                  const struct bough_merge_conflict *conflict,
                                                  bool *found);

/* Whether each choice was for a path in conflict.  False: the reply says which was not. */
bool merge_choice_all_met(const struct merge_choices *choices);

/* The choices as resolutions of a merge in progress, in the request's arena.  False: a base is not
 * there, which the reply says; or *err is what the store answered. */
bool merge_choice_resolutions(const struct merge_choices *choices,
                              const struct bough_merge_progress *progress,
                              struct bough_merge_resolution **resolutions, enum bough_err *err);

/* Says in the reply that there is no conflict at the path of a choice. */
enum bough_err merge_choice_refuse(const struct merge_choices *choices, size_t index);

/* The tree that has `draft` with all choices applied to it, staged.  Errors as bough_tree_edit. */
BOUGH_MUST_CHECK enum bough_err merge_choice_apply(const struct merge_choices *choices,
                                                   const struct bough_tree *draft,
                                                   struct bough_tree *result);

#endif
