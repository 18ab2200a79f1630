/* SPDX-License-Identifier: ISC
 *
 * env_unix.h - the environment of a host process: memory, the system's clocks and random numbers,
 * and lines on stderr.
 */
#ifndef ENV_UNIX_H
#define ENV_UNIX_H

#include "bough/env.h"
#include "heap.h"

struct clock_unix {
    struct bough_clock base;
};

struct entropy_unix {
    struct bough_entropy base;
};

/* Addresses that the image's allocator cuts pieces from; `at` NULL = none. */
struct heap_range {
    struct heap heap;
    uint8_t *at;
    size_t size_bytes;
};

struct heap_unix {
    struct bough_heap base;
    struct heap_range pieces;
    struct heap_range rows;
};

struct log_unix {
    struct bough_log base;
    struct bough_clock *clock;
    uint64_t start_ns; /* the moment that lines call 0.000 */
};

/* The caller's struct; it must not move once opened, because `base` points into it. */
struct env_unix {
    struct bough_env base;
    struct heap_unix heap;
    struct clock_unix clock;
    struct entropy_unix entropy;
    struct log_unix log;
};

/* Makes env->base usable: a heap of at most `heap_limit_bytes`, lines from BOUGH_INFO on.  Owns
 * nothing of the system, so there is no close. */
void env_unix_open(struct env_unix *env, size_t heap_limit_bytes);

/* CLOCK_MONOTONIC and CLOCK_REALTIME. */
void clock_unix_init(struct clock_unix *clock);

/* getrandom(2): BOUGH_NOT_READY when it fails. */
void entropy_unix_init(struct entropy_unix *entropy);

/* The process's memory, counted and limited to `limit_bytes`. */
void heap_unix_init(struct heap_unix *heap, size_t limit_bytes);

/* One line per event on stderr, "[   0.012] info  journal: text"; times by `clock` (borrowed). */
void log_unix_init(struct log_unix *log, struct bough_clock *clock);

#endif
