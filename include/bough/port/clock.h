/* SPDX-License-Identifier: ISC
 *
 * port/clock.h - two clocks: one that only goes forward, one that people read.
 */
#ifndef BOUGH_PORT_CLOCK_H
#define BOUGH_PORT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct bough_clock;

struct bough_clock_ops {
    /* Nanoseconds since some moment before the start; never goes back.  Cheap (no system call is
     * promised, but none should be needed). */
    uint64_t (*now_ns)(struct bough_clock *clock);

    /* Nanoseconds since 1970-01-01T00:00Z, or 0 where nothing knows the time. */
    uint64_t (*wall_ns)(struct bough_clock *clock);
};

struct bough_clock {
    const struct bough_clock_ops *ops;
};

static inline uint64_t bough_clock_now_ns(struct bough_clock *clock)
{
    return clock->ops->now_ns(clock);
}

static inline uint64_t bough_clock_wall_ns(struct bough_clock *clock)
{
    return clock->ops->wall_ns(clock);
}

#endif
