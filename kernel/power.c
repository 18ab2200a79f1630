/* SPDX-License-Identifier: ISC
 *
 * power.c - switching the machine off.
 *
 * Nothing tells reliably what a machine understands, so all ways are tried, those first that carry
 * a status or mean "off" rather than "reset".  Writes to ports that are not there do nothing. (1)
 * Does not return and needs neither stack beyond this frame nor heap: usable after any fault.
 */
#include "power.h"

#include "cpu.h"

#define PORT_DEBUG_EXIT       0x501u /* QEMU isa-debug-exit, by default */
#define PORT_DEBUG_EXIT_OTHER 0xf4u  /* the same, as often configured */
#define PORT_PM1_CONTROL      0x604u /* ACPI PM1a of QEMU's q35 (ICH9 at its usual base) */
#define PM1_SLEEP_S5          0x2000u
#define PORT_KEYBOARD         0x64u /* the reset line of a PC; how Firecracker is left */
#define KEYBOARD_RESET        0xfeu

void power_off(int status)
{
    /* An IDT without entries: the next fault cannot be delivered, which resets the processor. */
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};

    cpu_out32(PORT_DEBUG_EXIT, (uint32_t)status);
    cpu_out32(PORT_DEBUG_EXIT_OTHER, (uint32_t)status);
    cpu_out16(PORT_PM1_CONTROL, PM1_SLEEP_S5);
    cpu_out8(PORT_KEYBOARD, KEYBOARD_RESET);
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
    cpu_stop();
}
