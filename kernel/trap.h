/* SPDX-License-Identifier: ISC
 *
 * trap.h - exceptions and interrupt vectors.
 */
#ifndef TRAP_H
#define TRAP_H

#include <stdint.h>

#define TRAP_INTERRUPT_FIRST 32u
#define TRAP_STATUS          99 /* of power_off after a fault */

/* What trap_entry.S leaves on the stack. */
struct trap_frame {
    uint64_t address; /* CR2 */
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error;
    uint64_t rip, cs, flags, rsp, ss;
};

/* The vector of the last interrupt; written by trap_entry.S, read and cleared by idle.c. */
extern uint32_t trap_vector;

/* Sets up the table of vectors, and a stack of its own for exceptions. */
void trap_init(void);

/* Prints an exception and switches off.  Called by trap_entry.S. */
_Noreturn void trap_report(const struct trap_frame *frame);

/* Prints `text` as the reason and switches off: our own bugs end here. */
_Noreturn void trap_stop(const char *text);

#endif
