/* SPDX-License-Identifier: ISC
 *
 * idle.h - sleeping until something happens.
 */
#ifndef IDLE_H
#define IDLE_H

#include "bus.h"
#include "tsc.h"

/* Prepares for idle_wait; the clock is borrowed for good. */
void idle_init(struct tsc_clock *clock);

/* Lets the interrupts of `dev` end idle_wait, if the machine has a way for that, and fills in its
 * `interrupts` and `wait`. */
void idle_watch(struct bus_device *dev);

/* Sleeps until a watched device interrupts or the clock passes `until_ns`; may return early.  `dev`
 * is the device that is waited for: one that cannot interrupt is looked at once in a millisecond.
 */
void idle_wait(struct bus_device *dev, uint64_t until_ns);

#endif
