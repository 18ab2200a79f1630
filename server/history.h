/* SPDX-License-Identifier: ISC
 *
 * history.h - commits from some heads backwards, children before parents, each once.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "bough/commit.h"

/* Members are private to history.c. */
struct history {
    struct bough_store *store;
    struct bough_arena *arena;
    struct history_spot *spots; /* a heap: the greatest generation first */
    size_t count;
    size_t max;
    size_t shown_count; /* spots that are not hidden */
    uint32_t passed;    /* commits looked at since BOUGH_NOT_READY was said */
};

/* A walk without heads.  Memory comes from `arena` (borrowed): about 64 bytes for each commit that
 * waits, which are as many as there are lines of history side by side. */
void history_begin(struct history *history, struct bough_store *store, struct bough_arena *arena);

/* Adds a head; with `hide` neither it nor any of its ancestors will be given.  Before the first
 * next only.  What bough_commit_get may answer. */
BOUGH_MUST_CHECK enum bough_err history_add(struct history *history, const struct bough_link *head,
                                            bool hide);

/* The next commit and its link; the commit lives in `into`.  BOUGH_NOT_FOUND at the end;
 * BOUGH_NOT_READY when BOUGH_HISTORY_STEP_MAX commits were looked at, hidden ones included: call
 * again, with an `into` that was released. */
BOUGH_MUST_CHECK enum bough_err history_next(struct history *history, struct bough_arena *into,
                                             struct bough_link *link, struct bough_commit *commit);

/* The commits where the walk would go on, as heads for another walk, at most `max` of them, hidden
 * ones left out; the number of all, which may be greater. */
size_t history_waiting(const struct history *history, struct bough_link *links, size_t max);

#endif
