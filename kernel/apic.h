/* SPDX-License-Identifier: ISC
 *
 * apic.h - the local APIC with its timer, and the I/O APIC.
 */
#ifndef APIC_H
#define APIC_H

#include "tsc.h"

#define APIC_VECTOR_TIMER    0x40u
#define APIC_VECTOR_DEVICE   0x41u /* and the BOUGH_DEVICES_MAX after it */
#define APIC_VECTOR_SPURIOUS 0xffu

/* Switches the old controllers off and the local APIC on, and measures its timer: about 1 ms. False
 * where there is no local APIC. */
bool apic_init(struct tsc_clock *clock);

/* One interrupt with APIC_VECTOR_TIMER in `ns` nanoseconds, or at the timer's longest if sooner.
 * Replaces one that is pending. */
void apic_timer(uint64_t ns);

/* No timer interrupt. */
void apic_timer_stop(void);

/* The interrupt that was taken is dealt with. */
void apic_done(void);

/* Sends the machine's interrupt line `line` to `vector`, edge-triggered.  False where the I/O APIC
 * has no such line. */
bool apic_route(uint32_t line, uint8_t vector);

#endif
