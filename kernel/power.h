/* SPDX-License-Identifier: ISC
 *
 * power.h - the end.
 */
#ifndef POWER_H
#define POWER_H

/* Switches the machine off by every way known, one after the other.  Where QEMU's isa-debug-exit is
 * present, its exit code is 2 * status + 1. */
_Noreturn void power_off(int status);

#endif
