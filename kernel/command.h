/* SPDX-License-Identifier: ISC
 *
 * command.h - the words of the command line that are for the kernel.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_MMIO_MAX 32u

/* A device that the machine announced: "virtio_mmio.device=4K@0xc0001000:5". */
struct command_mmio {
    uint64_t address;
    uint32_t line;
};

struct command {
    struct command_mmio mmio[COMMAND_MMIO_MAX];
    uint32_t mmio_count;
};

/* Takes the kernel's words (devices, and what machine monitors add for Linux: console=, root=,
 * reboot=, panic=, pci=, ro, rw) out of `line`, in place, and notes the devices.  Other words stay
 * as they are, one space between them.  A malformed device word is dropped like the others. */
void command_take(char *line, struct command *command);

#endif
