/* SPDX-License-Identifier: ISC
 *
 * apic.c - the local APIC with its timer (Intel SDM volume 3, chapter 11), and the I/O APIC
 * (82093AA).
 *
 * Owns both, at the addresses where every PC has them, and the masked old interrupt controllers.
 *   (1) One processor, so all interrupts go to the one we run on.
 *   (2) All inputs stay masked but those that apic_route opens.
 */
#include "apic.h"

#include "cpu.h"
#include "paging.h"

#define MSR_BASE      0x1bu
#define MSR_ENABLED   0x800u
#define MSR_X2        0x400u
#define CPUID_APIC    (1u << 9)
#define LOCAL_ADDRESS 0xfee00000u
#define IO_ADDRESS    0xfec00000u
#define WINDOW_BYTES  0x1000u
#define OLD_MASTER    0x21u
#define OLD_SLAVE     0xa1u

enum local_registers {
    LOCAL_ID = 0x20,
    LOCAL_PRIORITY = 0x80,
    LOCAL_DONE = 0xb0,
    LOCAL_SPURIOUS = 0xf0,
    LOCAL_TIMER = 0x320,
    LOCAL_PIN0 = 0x350,
    LOCAL_PIN1 = 0x360,
    LOCAL_TIMER_BEGIN = 0x380,
    LOCAL_TIMER_NOW = 0x390,
    LOCAL_TIMER_DIVIDE = 0x3e0
};

#define SPURIOUS_ON  0x100u
#define MASKED       0x10000u
#define DIVIDE_BY_16 3u
#define IO_SELECT    0x00u
#define IO_DATA      0x10u
#define IO_VERSION   1u
#define IO_FIRST     0x10u
#define MEASURE_NS   1000000u
#define NS_PER_S     1000000000ull

static struct {
    volatile uint8_t *local;
    volatile uint8_t *io;
    uint32_t line_count;
    uint64_t timer_hz;
} apic;

static void local_set(uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)(apic.local + at) = value;
}

static uint32_t local_get(uint32_t at)
{
    return *(volatile uint32_t *)(apic.local + at);
}

static void io_set(uint32_t index, uint32_t value)
{
    *(volatile uint32_t *)(apic.io + IO_SELECT) = index;
    *(volatile uint32_t *)(apic.io + IO_DATA) = value;
}

static uint32_t io_get(uint32_t index)
{
    *(volatile uint32_t *)(apic.io + IO_SELECT) = index;
    return *(volatile uint32_t *)(apic.io + IO_DATA);
}

/* Masks all lines of the I/O APIC; where there is none, its version reads as all ones. */
static void io_init(void)
{
    uint32_t version;

    apic.io = paging_map_device(IO_ADDRESS, WINDOW_BYTES);
    if (apic.io == NULL)
        return;
    version = io_get(IO_VERSION);
    if (version == UINT32_MAX || version == 0)
        return;
    apic.line_count = (version >> 16 & 0xff) + 1;
    for (uint32_t line = 0; line < apic.line_count; line++)
        io_set(IO_FIRST + 2 * line, MASKED);
}

static void measure_timer(struct tsc_clock *clock)
{
    uint64_t begin_ns;
    uint64_t end_ns;
    uint32_t left;

    local_set(LOCAL_TIMER_DIVIDE, DIVIDE_BY_16);
    local_set(LOCAL_TIMER, MASKED | APIC_VECTOR_TIMER);
    begin_ns = bough_clock_now_ns(&clock->base);
    local_set(LOCAL_TIMER_BEGIN, UINT32_MAX);
    tsc_spin(clock, MEASURE_NS);
    left = local_get(LOCAL_TIMER_NOW);
    end_ns = bough_clock_now_ns(&clock->base);
    local_set(LOCAL_TIMER_BEGIN, 0);
    apic.timer_hz = (uint64_t)(UINT32_MAX - left) * NS_PER_S / (end_ns - begin_ns);
}

bool apic_init(struct tsc_clock *clock)
{
    uint64_t base;

    cpu_out8(OLD_MASTER, 0xff);
    cpu_out8(OLD_SLAVE, 0xff);
    if ((cpu_identify(1, 0).d & CPUID_APIC) == 0)
        return false;
    base = cpu_read_msr(MSR_BASE);
    if ((base & MSR_X2) != 0 || (base & 0xfffff000u) != LOCAL_ADDRESS)
        return false;
    cpu_write_msr(MSR_BASE, base | MSR_ENABLED);
    apic.local = paging_map_device(LOCAL_ADDRESS, WINDOW_BYTES);
    if (apic.local == NULL)
        return false;
    local_set(LOCAL_PIN0, MASKED);
    local_set(LOCAL_PIN1, MASKED);
    local_set(LOCAL_PRIORITY, 0);
    local_set(LOCAL_SPURIOUS, SPURIOUS_ON | APIC_VECTOR_SPURIOUS);
    measure_timer(clock);
    io_init();
    local_set(LOCAL_TIMER, APIC_VECTOR_TIMER);
    return apic.timer_hz > 0;
}

void apic_timer(uint64_t ns)
{
    uint64_t ns_max = UINT32_MAX * NS_PER_S / apic.timer_hz;
    uint64_t count = (ns < ns_max ? ns : ns_max) * apic.timer_hz / NS_PER_S;

    local_set(LOCAL_TIMER_BEGIN, count == 0 ? 1 : (uint32_t)count);
}

void apic_timer_stop(void)
{
    local_set(LOCAL_TIMER_BEGIN, 0);
}

void apic_done(void)
{
    local_set(LOCAL_DONE, 0);
}

bool apic_route(uint32_t line, uint8_t vector)
{
    if (apic.local == NULL || line >= apic.line_count)
        return false;
    io_set(IO_FIRST + 2 * line + 1, local_get(LOCAL_ID));
    io_set(IO_FIRST + 2 * line, vector); /* fixed, physical, high, edge, open */
    return true;
}
