/* SPDX-License-Identifier: ISC
 *
 * machine.h - what the kernel hands to the application: the devices that were found, the command
 * line, and the way to switch off.  The kernel calls up exactly once, bough_main.
 */
#ifndef BOUGH_MACHINE_H
#define BOUGH_MACHINE_H

#include "bough/env.h"
#include <stdbool.h>
#include <stdint.h>

struct bus_device;

enum bough_device_kind { BOUGH_DEVICE_BLOCK, BOUGH_DEVICE_NET };

/* One device.  Named by kind in the order of the machine's own configuration: the first block
 * device is "virtio0", the first network card "net0". */
struct bough_device {
    enum bough_device_kind kind;
    char name[16];
    struct bus_device *bus; /* for bough_virtio_block_open and bough_virtio_net_open */
};

struct bough_machine {
    const struct bough_device *devices;
    uint32_t device_count;
    const char *command_line;  /* without the words that were meant for the kernel */
    const char *name;          /* what it runs on, for the boot message: "KVM", "QEMU TCG" */
    const char *entropy_names; /* the sources of randomness: "rdseed virtio-rng"; empty: none */
    uint64_t memory_bytes;     /* all of the machine's */
    uint64_t boot_ns;          /* from entry to bough_main */

    /* Whether the console has asked for the end (the byte 0x04, end of file, on the serial line);
     * once it has, the answer stays so.  Cheap: for once in every turn of a loop. */
    bool (*stop_requested)(struct bough_machine *machine);

    /* Switches the machine off; `status` 0 means all was well.  Does not return. */
    void (*power_off)(struct bough_machine *machine, int status);
};

/* The application, written above the kernel.  `env` and `machine` live as long as the machine does;
 * the value returned is the status for power_off. */
int bough_main(struct bough_env *env, struct bough_machine *machine);

#endif
