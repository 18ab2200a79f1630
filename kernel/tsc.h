/* SPDX-License-Identifier: ISC
 *
 * tsc.h - the clock port on the time stamp counter.
 */
#ifndef TSC_H
#define TSC_H

#include "bough/env.h"

struct tsc_clock {
    struct bough_clock base;
    uint64_t begin_ticks;
    uint64_t wall_begin_ns; /* at begin_ticks; 0: not known */
    uint64_t ticks_per_s;
    uint64_t ns_per_tick_32; /* nanoseconds per tick, times 2^32 */
    const char *source;      /* where the rate is from, for the log */
};

/* Finds the counter's rate (CPUID, KVM's clock, or 5 ms of measuring against the timer chip) and
 * the wall clock's time.  Without any of them the rate is guessed and `source` says so. */
void tsc_init(struct tsc_clock *clock);

/* Busy-waits. */
void tsc_spin(struct tsc_clock *clock, uint64_t ns);

#endif
