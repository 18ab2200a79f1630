/* SPDX-License-Identifier: ISC
 *
 * bench_line.h - how a benchmark prints a figure: one line, tab-separated, for people and machines.
 *
 *   figure<TAB>value<TAB>unit<TAB>peer<TAB>peer value<TAB>ratio<TAB>goal
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Seconds of this process's own processor time: what the neighbours do does not count. */
static inline double bench_cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Seconds on the wall. */
static inline double bench_wall_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A figure beside a peer's; `peer` NULL = none, `goal` "" = none. */
static inline void bench_line(const char *figure, double value, const char *unit, const char *peer,
                              double peer_value, const char *goal)
{
    if (peer == NULL)
        printf("%s\t%.3f\t%s\t-\t-\t-\t%s\n", figure, value, unit, goal);
    else
        printf("%s\t%.3f\t%s\t%s\t%.3f\t%.3f\t%s\n", figure, value, unit, peer, peer_value,
               value / peer_value, goal);
    fflush(stdout);
}

#endif
