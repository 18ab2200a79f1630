/* SPDX-License-Identifier: ISC
 *
 * boot.c - from the first line of C to the application: read this file to know how the image
 * starts.
 *
 * Owns the ports that the image gives to the application, all static: there is one machine.
 *   (1) Order: console, vectors, what the loader said, page tables, heap, clock, randomness,
 * devices. Each step uses only what stands before it. (2) bough_main is called exactly once, and
 * its result is the machine's last word.
 */
#include "boot.h"

#include "bough/machine.h"
#include "command.h"
#include "cpu.h"
#include "devices.h"
#include "heap.h"
#include "idle.h"
#include "paging.h"
#include "power.h"
#include "seed.h"
#include "serial.h"
#include "start_info.h"
#include "trap.h"
#include "tsc.h"
#include <string.h>

#define CANARY_WORD     5u /* of the block FS points at: offset 0x28 */
#define PAGE_BYTES      4096u
#define HYPERVISOR_LEAF 0x40000000u

/* From start.S and image.ld. */
extern uint64_t boot_thread[];
extern const uint8_t image_end[];

static struct {
    struct start_info info;
    struct command command;
    struct serial_log log;
    struct tsc_clock clock;
    struct heap heap;
    struct seed seed;
    struct devices devices;
    struct bough_env env;
    struct bough_machine machine;
    char name[16];
    bool stop; /* the console asked for it */
} boot;

static bool machine_stop_requested(struct bough_machine *machine)
{
    (void)machine;
    boot.stop = boot.stop || serial_at_end();
    return boot.stop;
}

static void machine_power_off(struct bough_machine *machine, int status)
{
    (void)machine;
    power_off(status);
}

/* A canary before anything that has one runs; its first byte ends strings. */
static uint64_t make_canary(void)
{
    uint64_t value = 0;

    if ((cpu_identify(1, 0).c >> 30 & 1) != 0)
        (void)cpu_random(&value);
    value ^= cpu_ticks() * 0x9e3779b97f4a7c15u;
    return value << 8;
}

/* What the hypervisor calls itself (CPUID leaf 0x40000000). */
static const char *hypervisor_name(void)
{
    /* The signatures in use (Linux arch/x86/include/uapi/asm; QEMU for its interpreter). */
    static const struct {
        const char *signature;
        const char *name;
    } names[] = {{"TCGTCGTCGTCG", "QEMU TCG"}, {"KVMKVMKVM", "KVM"}, {"XenVMMXenVMM", "Xen"}};
    struct cpu_id id = cpu_identify(HYPERVISOR_LEAF, 0);

    if ((cpu_identify(1, 0).c >> 31) == 0)
        return "bare";
    memcpy(boot.name, &id.b, 4);
    memcpy(boot.name + 4, &id.c, 4);
    memcpy(boot.name + 8, &id.d, 4);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(boot.name, names[i].signature) == 0)
            return names[i].name;
    }
    return boot.name;
}

/* The largest run of memory becomes the heap; what lies before `free` is taken. */
static void make_heap(uint64_t free)
{
    struct memory_range best = {0};

    for (uint32_t i = 0; i < boot.info.range_count; i++) {
        struct memory_range range = boot.info.ranges[i];

        if (range.begin < free)
            range.begin = range.end < free ? range.end : free;
        if (range.end - range.begin > best.end - best.begin)
            best = range;
    }
    if (best.end - best.begin < 64u * PAGE_BYTES)
        trap_stop("not enough memory");
    heap_init(&boot.heap, (void *)(uintptr_t)best.begin, (size_t)(best.end - best.begin));
}

static void make_env(void)
{
    boot.log.clock = &boot.clock.base;
    boot.env = (struct bough_env){.heap = &boot.heap.base,
                                  .clock = &boot.clock.base,
                                  .entropy = &boot.seed.base,
                                  .log = &boot.log.base};
}

static void make_machine(void)
{
    boot.machine = (struct bough_machine){
        .devices = boot.devices.list,
        .device_count = boot.devices.count,
        .command_line = boot.info.command_line,
        .name = hypervisor_name(),
        .entropy_names = boot.seed.names,
        .memory_bytes = boot.info.memory_bytes,
        .boot_ns = bough_clock_now_ns(&boot.clock.base),
        .stop_requested = machine_stop_requested,
        .power_off = machine_power_off,
    };
}

__attribute__((no_stack_protector)) void boot_main(uint32_t start_info)
{
    uint64_t free = ((uintptr_t)image_end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;

    boot_thread[CANARY_WORD] = make_canary();
    serial_init();
    serial_log_init(&boot.log, BOUGH_INFO);
    trap_init();
    start_info_read(start_info, &boot.info);
    command_take(boot.info.command_line, &boot.command);
    paging_init(&boot.info, &free);
    make_heap(free);
    tsc_init(&boot.clock);
    seed_init(&boot.seed);
    make_env();
    idle_init(&boot.clock);
    devices_find(&boot.env, &boot.command, &boot.seed, &boot.devices);
    make_machine();
    bough_log(&boot.log.base, BOUGH_INFO, "kernel",
              "%s, %llu KiB of memory, %u devices, clock from %s (%llu MHz), entropy from %s",
              boot.machine.name, (unsigned long long)boot.machine.memory_bytes / 1024,
              (unsigned)boot.machine.device_count, boot.clock.source,
              (unsigned long long)boot.clock.ticks_per_s / 1000000,
              boot.seed.good ? boot.seed.names : "nowhere");
    power_off(bough_main(&boot.env, &boot.machine));
}
