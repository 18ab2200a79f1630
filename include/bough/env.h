/* SPDX-License-Identifier: ISC
 *
 * env.h - the outside, carried as one parameter.  There are no globals: whoever needs memory, time,
 * randomness or a place for messages gets them from the environment it was opened with, so that a
 * test can replace any of them.
 */
#ifndef BOUGH_ENV_H
#define BOUGH_ENV_H

#include "bough/port/clock.h"
#include "bough/port/entropy.h"
#include "bough/port/heap.h"
#include "bough/port/log.h"

/* Borrowed by everything opened with it; must outlive it all.  No member is NULL. */
struct bough_env {
    struct bough_heap *heap;
    struct bough_clock *clock;
    struct bough_entropy *entropy;
    struct bough_log *log;
};

#endif
