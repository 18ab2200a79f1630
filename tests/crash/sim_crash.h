/* SPDX-License-Identifier: ISC
 *
 * sim_crash.h - every disk that a power cut could leave, from the list of what was done to it.
 */
#ifndef SIM_CRASH_H
#define SIM_CRASH_H

#include "sim_device.h"

/* One disk after a power cut. */
struct sim_crash {
    const struct sim_medium *medium; /* borrowed for the call */
    size_t op_count;                 /* operations that were asked before the power failed */
    bool torn;                       /* some but not all of what was not flushed is there */
    bool exhaustive;                 /* one of a set that has all members of its kind */
};

struct sim_crash_plan {
    unsigned subsets_max;  /* all subsets where at most so many pieces are not flushed (<= 16) */
    unsigned pairs_max;    /* all single and double losses where at most so many pieces are */
    unsigned random_count; /* random subsets per epoch, where not all were taken */
    uint64_t random;       /* the seed of those */
    void (*visit)(void *context, const struct sim_crash *crash);
    void *context;
};

/* Calls plan->visit for: each prefix of the list (B1); each prefix with its last write torn at each
 * sector, from either end and in between (B3); for each epoch, subsets of what is not flushed,
 * whole writes, blocks of 4096 and sectors of 512 bytes being the pieces (B2).  Scratch is taken
 * from `arena` and given back. */
void sim_crash_each(struct bough_arena *arena, const struct sim_medium *start,
                    const struct sim_op *ops, size_t op_count, const struct sim_crash_plan *plan);

/* The disk with all that the first `op_count` operations made durable; *pending is the first
 * operation after the last flush among them. */
struct sim_medium sim_crash_settled(struct bough_arena *arena, const struct sim_medium *start,
                                    const struct sim_op *ops, size_t op_count, size_t *pending);

#endif
