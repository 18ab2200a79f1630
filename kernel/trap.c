/* SPDX-License-Identifier: ISC
 *
 * trap.c - the interrupt table, and the report of a fault.
 *
 * Owns the IDT, the task state segment, and the stack on which exceptions are taken, so that the
 * overflow of the ordinary stack is reported like any other fault.
 *   (1) No exception is survived: each is our own bug, and the report is the last thing done.
 *   (2) A fault inside the report goes straight to power_off.
 * Formats: Intel SDM volume 3, 6.14 and 7.7.
 */
#include "trap.h"

#include "power.h"
#include "serial.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define VECTORS           256u
#define EXCEPTIONS        32u
#define EXCEPTION_STEP    16u
#define INTERRUPT_STEP    32u
#define GATE_INTERRUPT    0x8eu /* present, ring 0, 64-bit interrupt gate */
#define CODE_SELECTOR     0x08u
#define TASK_SELECTOR     0x18u
#define TASK_AVAILABLE    0x89ull
#define STACK_BYTES       8192u
#define LINE_BYTES        160u
#define VECTOR_PAGE_FAULT 14u
#define CALLERS_SHOWN     12u
#define PAGE_BYTES        4096u

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t zero;
};

struct task_state {
    uint32_t reserved;
    uint32_t words[25]; /* rsp0-2, reserved, ist1-7, reserved, I/O map base */
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "Intel SDM volume 3, figure 6-8");
_Static_assert(sizeof(struct task_state) == 104, "Intel SDM volume 3, figure 7-11");

#define TASK_WORD_IST1   8u
#define TASK_WORD_IO_MAP 24u

/* From trap_entry.S, start.S and image.ld. */
extern const uint8_t trap_exceptions[];
extern const uint8_t trap_interrupts[];
extern uint64_t boot_gdt[];
extern const uint8_t image_text[];
extern const uint8_t image_constants[];
extern const uint8_t image_stack_guard[];
extern const uint8_t image_stack_top[];

uint32_t trap_vector;

static struct gate gates[VECTORS];
static struct task_state task;
static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));
static bool reporting;

static void set_gate(uint32_t vector, const uint8_t *entry, uint8_t on_stack)
{
    uint64_t offset = (uintptr_t)entry;

    gates[vector] = (struct gate){.offset_low = (uint16_t)offset,
                                  .selector = CODE_SELECTOR,
                                  .stack = on_stack,
                                  .type = GATE_INTERRUPT,
                                  .offset_middle = (uint16_t)(offset >> 16),
                                  .offset_high = (uint32_t)(offset >> 32)};
}

static void load_task(void)
{
    uint64_t base = (uintptr_t)&task;
    uint64_t limit = sizeof(task) - 1;
    uint64_t top = (uintptr_t)stack + STACK_BYTES;

    task.words[TASK_WORD_IST1] = (uint32_t)top;
    task.words[TASK_WORD_IST1 + 1] = (uint32_t)(top >> 32);
    task.words[TASK_WORD_IO_MAP] = (uint32_t)sizeof(task) << 16; /* none */
    boot_gdt[TASK_SELECTOR / 8] =
        limit | (base & 0xffffff) << 16 | TASK_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
    boot_gdt[TASK_SELECTOR / 8 + 1] = base >> 32;
    __asm__ volatile("ltr %w0" : : "r"(TASK_SELECTOR) : "memory");
}

void trap_init(void)
{
    struct table_pointer pointer = {.limit = sizeof(gates) - 1, .base = (uintptr_t)gates};

    for (uint32_t i = 0; i < EXCEPTIONS; i++)
        set_gate(i, trap_exceptions + (size_t)i * EXCEPTION_STEP, 1);
    for (uint32_t i = EXCEPTIONS; i < VECTORS; i++)
        set_gate(i, trap_interrupts + (size_t)(i - EXCEPTIONS) * INTERRUPT_STEP, 0);
    load_task();
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

/* What a page fault was about, from its error code. */
static const char *access_name(uint64_t error)
{
    if ((error & 16) != 0)
        return "executing";
    return (error & 2) != 0 ? "writing" : "reading";
}

static const char *exception_name(uint64_t vector)
{
    static const char *const names[] = {
        "divide error",
        "debug",
        "NMI",
        "breakpoint",
        "overflow",
        "bound range",
        "invalid opcode",
        "no coprocessor",
        "double fault",
        "coprocessor",
        "invalid TSS",
        "segment not present",
        "stack segment",
        "general protection",
        "page fault",
        "reserved",
        "x87 error",
        "alignment check",
        "machine check",
        "SIMD error",
    };

    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "exception";
}

static bool is_stack_guard(uint64_t address)
{
    return address - (uintptr_t)image_stack_guard < PAGE_BYTES;
}

static void put_registers(const struct trap_frame *frame)
{
    static const char names[][4] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    const uint64_t *values = &frame->rax;
    char line[LINE_BYTES];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(line, sizeof(line), "  %-3s %016llx%s", names[i],
                       (unsigned long long)values[i], i % 3 == 2 ? "\n" : "");
        serial_put(line);
    }
}

/* The return addresses on the stack, innermost first; mere data is not shown, it may be secret. */
static void put_callers(const struct trap_frame *frame)
{
    const uint64_t *word = (const uint64_t *)(uintptr_t)(frame->rsp & ~7ull);
    const uint64_t *top = (const uint64_t *)(const void *)image_stack_top;
    uint32_t shown = 0;
    char line[LINE_BYTES];

    serial_put("  callers");
    if ((const uint8_t *)word < image_stack_guard)
        word = top;
    if ((const uint8_t *)word < image_stack_guard + PAGE_BYTES)
        word = (const uint64_t *)(const void *)(image_stack_guard + PAGE_BYTES);
    for (; word < top && shown < CALLERS_SHOWN; word++) {
        if (*word < (uintptr_t)image_text || *word >= (uintptr_t)image_constants)
            continue;
        (void)snprintf(line, sizeof(line), " %llx", (unsigned long long)*word);
        serial_put(line);
        shown++;
    }
    serial_put("\n");
}

void trap_report(const struct trap_frame *frame)
{
    char line[LINE_BYTES];

    if (reporting)
        power_off(TRAP_STATUS);
    reporting = true;
    if (frame->vector == VECTOR_PAGE_FAULT)
        (void)snprintf(line, sizeof(line), "\nbough: fault: %s address %llx at rip %llx%s\n",
                       access_name(frame->error), (unsigned long long)frame->address,
                       (unsigned long long)frame->rip,
                       is_stack_guard(frame->address) ? ": stack overflow" : "");
    else
        (void)snprintf(line, sizeof(line), "\nbough: fault: %s (%u, error %llx) at rip %llx\n",
                       exception_name(frame->vector), (unsigned)frame->vector,
                       (unsigned long long)frame->error, (unsigned long long)frame->rip);
    serial_put(line);
    (void)snprintf(line, sizeof(line), "  rsp %016llx  rfl %016llx\n",
                   (unsigned long long)frame->rsp, (unsigned long long)frame->flags);
    serial_put(line);
    put_registers(frame);
    put_callers(frame);
    power_off(TRAP_STATUS);
}

void trap_stop(const char *text)
{
    if (!reporting) {
        reporting = true;
        serial_put("\nbough: stopped: ");
        serial_put(text);
        serial_put("\n");
    }
    power_off(TRAP_STATUS);
}
