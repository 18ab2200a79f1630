/* SPDX-License-Identifier: ISC
 *
 * clock_unix.c - the clocks of a host process.
 *
 * Owns no data.  Both clocks are read through the vDSO: no system call where the host has one.
 */
#include "env_unix.h"
#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(struct bough_clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_MONOTONIC);
}

static uint64_t wall_ns(struct bough_clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_REALTIME);
}

static const struct bough_clock_ops ops = {.now_ns = now_ns, .wall_ns = wall_ns};

void clock_unix_init(struct clock_unix *clock)
{
    clock->base.ops = &ops;
}
