/* SPDX-License-Identifier: ISC
 *
 * devices.h - all devices of the machine.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include "bough/machine.h"
#include "bus.h"
#include "command.h"
#include "seed.h"

/* What was found; the lists live as long as the machine. */
struct devices {
    struct bough_device list[BOUGH_DEVICES_MAX];
    uint32_t count;
};

/* Finds all devices: those that the command line names, else the windows where QEMU's microvm has
 * them; and PCI.  Block devices and network cards go to the list, generators of randomness into
 * `seed`.  What cannot be used is logged and left out. */
void devices_find(struct bough_env *env, const struct command *command, struct seed *seed,
                  struct devices *devices);

#endif
