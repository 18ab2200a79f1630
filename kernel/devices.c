/* SPDX-License-Identifier: ISC
 *
 * devices.c - all devices of the machine, in the order in which the machine's owner named them.
 *
 * Owns nothing for long: the search's results go into the list.
 *   (1) Names count within a kind: virtio0 is the first block device, net0 the first network card.
 *   (2) QEMU fills microvm's windows from the last downwards, so they are searched that way.
 */
#include "devices.h"

#include "idle.h"
#include "paging.h"
#include "virtio_rng.h"
#include <stdio.h>

/* QEMU microvm without ACPI: eight windows with lines 5 to 12 (hw/i386/microvm.c); with ACPI there
 * are more, whose lines start at 16 on the first or 24 on a second I/O APIC. */
#define MICROVM_FIRST   0xfeb00000u
#define MICROVM_STEP    0x200u
#define MICROVM_WINDOWS 24u
#define MICROVM_FEW     8u
#define MICROVM_LINE    5u

#define RNG_BYTES 64u

static void note_error(struct bough_env *env, const char *what, enum bough_err err)
{
    if (err != BOUGH_OK)
        bough_log(env->log, BOUGH_WARN, "devices", "%s: %s", what, bough_err_name(err));
}

/* The windows of microvm.  A line that is wrong would only cost latency (idle.c polls after a
 * second), but with more windows than eight the lines are not known: none is used then. */
static void find_microvm(struct bus_search *search)
{
    for (uint32_t i = MICROVM_WINDOWS; i-- > 0;) {
        uint32_t line = i < MICROVM_FEW ? MICROVM_LINE + i : BUS_NO_LINE;

        note_error(search->env, "mmio",
                   virtio_mmio_find(search, MICROVM_FIRST + i * MICROVM_STEP, line));
    }
}

/* Appends to the list with a name of its kind. */
static void add(struct devices *devices, struct bus_device *dev, enum bough_device_kind kind)
{
    struct bough_device *device = &devices->list[devices->count++];
    uint32_t number = 0;

    for (uint32_t i = 0; i + 1 < devices->count; i++)
        number += devices->list[i].kind == kind;
    *device = (struct bough_device){.kind = kind, .bus = dev};
    (void)snprintf(device->name, sizeof(device->name), "%s%u",
                   kind == BOUGH_DEVICE_BLOCK ? "virtio" : "net", (unsigned)number);
}

static void mix_host_randomness(struct bough_env *env, struct bus_device *dev, struct seed *seed)
{
    uint8_t bytes[RNG_BYTES];
    enum bough_err err = virtio_rng_read(env, dev, bytes, sizeof(bytes));

    note_error(env, "virtio-rng", err);
    if (err == BOUGH_OK)
        seed_mix(seed, "virtio-rng", bough_bytes_of(bytes, sizeof(bytes)));
}

void devices_find(struct bough_env *env, const struct command *command, struct seed *seed,
                  struct devices *devices)
{
    struct bus_search search = {.env = env, .map = paging_map_device};

    devices->count = 0;
    for (uint32_t i = 0; i < command->mmio_count; i++)
        note_error(env, "mmio",
                   virtio_mmio_find(&search, command->mmio[i].address, command->mmio[i].line));
    if (command->mmio_count == 0)
        find_microvm(&search);
    note_error(env, "pci", virtio_pci_find(&search));
    for (uint32_t i = 0; i < search.count; i++) {
        struct bus_device *dev = search.found[i];

        idle_watch(dev);
        bough_log(env->log, BOUGH_DEBUG, "devices", "%s: kind %u%s%s", dev->where,
                  (unsigned)dev->kind, dev->legacy ? ", legacy" : "",
                  dev->interrupts ? "" : ", polled");
        if (dev->kind == BUS_KIND_BLOCK)
            add(devices, dev, BOUGH_DEVICE_BLOCK);
        else if (dev->kind == BUS_KIND_NET)
            add(devices, dev, BOUGH_DEVICE_NET);
        else if (dev->kind == BUS_KIND_RNG)
            mix_host_randomness(env, dev, seed);
    }
}
