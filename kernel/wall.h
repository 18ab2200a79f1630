/* SPDX-License-Identifier: ISC
 *
 * wall.h - the time of day, from a PC's CMOS clock.
 */
#ifndef WALL_H
#define WALL_H

#include <stdint.h>

/* Seconds since 1970-01-01T00:00Z, or 0 where there is no such clock.  The clock is taken to run in
 * UTC, as virtual machines' do. */
uint64_t wall_read_s(void);

#endif
