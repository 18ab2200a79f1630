/* SPDX-License-Identifier: ISC
 *
 * tsc.c - the clock port on the time stamp counter.
 *
 * Owns the timer chip (8254) while measuring, and one page that KVM writes the time to.
 *   (1) The counter is taken to run evenly: what all machines of the last fifteen years do.
 *   (2) now_ns never goes back: it is a monotonic function of the counter.
 *   (3) wall_ns is read once at start, to the second from the CMOS clock or exactly from KVM; later
 *       times follow from the counter.
 */
#include "tsc.h"

#include "cpu.h"
#include "wall.h"
#include <string.h>

#define NS_PER_S     1000000000ull
#define RATE_GUESSED 2000000000ull
#define RATE_MIN     10000000ull
#define RATE_MAX     20000000000ull
#define HZ_PER_MHZ   1000000u

/* Intel 8254. */
#define PIT_HZ        1193182u
#define PIT_CHANNEL   0x40u
#define PIT_CONTROL   0x43u
#define PIT_ONE_SHOT  0x30u /* channel 0, low and high byte, mode 0 */
#define PIT_LATCH     0x00u
#define PIT_TICKS     5966u /* 5 ms */
#define PIT_SPINS_MAX 10000000u

/* KVM's CPUID leaves and clock (Linux Documentation/virt/kvm/x86/msr.rst, cpuid.rst). */
#define HYPERVISOR_LEAF  0x40000000u
#define KVM_FEATURES     0x40000001u
#define KVM_FEATURE_TIME (1u << 3)
#define KVM_MSR_WALL     0x4b564d00u
#define KVM_MSR_TIME     0x4b564d01u

__extension__ typedef unsigned __int128 wide;

/* As KVM writes it. */
struct kvm_time {
    uint32_t version;
    uint32_t padding;
    uint64_t ticks;
    uint64_t ns;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags;
    uint8_t padding_more[2];
};

struct kvm_wall {
    uint32_t version;
    uint32_t s;
    uint32_t ns;
};

_Static_assert(sizeof(struct kvm_time) == 32, "struct pvclock_vcpu_time_info");

static struct {
    volatile struct kvm_time time;
    volatile struct kvm_wall wall;
} kvm __attribute__((aligned(64)));

static struct tsc_clock *clock_of(struct bough_clock *base)
{
    return (struct tsc_clock *)base;
}

static uint64_t clock_now(struct bough_clock *base)
{
    const struct tsc_clock *clock = clock_of(base);
    uint64_t ticks = cpu_ticks() - clock->begin_ticks;

    return (uint64_t)((wide)ticks * clock->ns_per_tick_32 >> 32);
}

static uint64_t clock_wall(struct bough_clock *base)
{
    const struct tsc_clock *clock = clock_of(base);

    return clock->wall_begin_ns == 0 ? 0 : clock->wall_begin_ns + clock_now(base);
}

static const struct bough_clock_ops clock_ops = {.now_ns = clock_now, .wall_ns = clock_wall};

static bool is_kvm(void)
{
    struct cpu_id id = cpu_identify(HYPERVISOR_LEAF, 0);

    if ((cpu_identify(1, 0).c >> 31) == 0)
        return false;
    return memcmp(&id.b, "KVMK", 4) == 0 && memcmp(&id.c, "VMKV", 4) == 0 &&
           (cpu_identify(KVM_FEATURES, 0).a & KVM_FEATURE_TIME) != 0;
}

/* The rate as KVM computes with it: ns = (ticks << shift) * multiplier / 2^32. */
static uint64_t rate_from_kvm(void)
{
    uint64_t rate;

    cpu_write_msr(KVM_MSR_TIME, (uintptr_t)&kvm.time | 1);
    if (kvm.time.multiplier == 0)
        return 0;
    rate = (NS_PER_S << 32) / kvm.time.multiplier;
    return kvm.time.shift < 0 ? rate << -kvm.time.shift : rate >> kvm.time.shift;
}

/* KVM's wall clock at the moment its own clock was zero, plus that clock. */
static uint64_t wall_from_kvm(struct tsc_clock *clock)
{
    uint64_t since_ns;

    cpu_write_msr(KVM_MSR_WALL, (uintptr_t)&kvm.wall);
    if (kvm.wall.s == 0)
        return 0;
    since_ns =
        kvm.time.ns +
        (uint64_t)((wide)(clock->begin_ticks - kvm.time.ticks) * clock->ns_per_tick_32 >> 32);
    return kvm.wall.s * NS_PER_S + kvm.wall.ns + since_ns;
}

/* The rate that the processor states (Intel SDM volume 2, CPUID leaves 15h and 16h). */
static uint64_t rate_from_cpuid(void)
{
    uint32_t last = cpu_identify(0, 0).a;
    struct cpu_id id = {0};

    if (last >= 0x15)
        id = cpu_identify(0x15, 0);
    if (id.a != 0 && id.b != 0 && id.c != 0)
        return (uint64_t)id.c * id.b / id.a;
    return last >= 0x16 ? (uint64_t)(cpu_identify(0x16, 0).a & 0xffff) * HZ_PER_MHZ : 0;
}

/* The chip's count, and the counter at that moment: the tightest of a few readings. */
static uint32_t read_pit(uint64_t *ticks)
{
    uint64_t tightest = UINT64_MAX;
    uint32_t result = 0;

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t before = cpu_ticks();
        uint64_t after;
        uint32_t count;

        cpu_out8(PIT_CONTROL, PIT_LATCH);
        after = cpu_ticks();
        count = cpu_in8(PIT_CHANNEL);
        count |= (uint32_t)cpu_in8(PIT_CHANNEL) << 8;
        if (after - before < tightest) {
            tightest = after - before;
            *ticks = before + tightest / 2;
            result = count;
        }
    }
    return result;
}

/* Measures against the timer chip; 0 when there is none. */
static uint64_t rate_from_pit(void)
{
    uint64_t begin_ticks;
    uint64_t end_ticks = 0;
    uint32_t begin;
    uint32_t end;
    uint32_t spins = 0;

    cpu_out8(PIT_CONTROL, PIT_ONE_SHOT);
    cpu_out8(PIT_CHANNEL, 0xff);
    cpu_out8(PIT_CHANNEL, 0xff);
    begin = read_pit(&begin_ticks);
    do {
        end = read_pit(&end_ticks);
        if (end > begin || ++spins > PIT_SPINS_MAX)
            return 0;
        /* A chip that is not there answers the same for ever: a second is enough to see that. */
        if (end == begin && end_ticks - begin_ticks > RATE_MAX)
            return 0;
    } while (begin - end < PIT_TICKS);
    return (end_ticks - begin_ticks) * PIT_HZ / (begin - end);
}

/* Takes a rate if it is one. */
static bool use_rate(struct tsc_clock *clock, uint64_t ticks_per_s, const char *source)
{
    if (ticks_per_s < RATE_MIN || ticks_per_s > RATE_MAX)
        return false;
    clock->ticks_per_s = ticks_per_s;
    clock->ns_per_tick_32 = (NS_PER_S << 32) / ticks_per_s;
    clock->source = source;
    return true;
}

void tsc_init(struct tsc_clock *clock)
{
    bool kvm_clock = is_kvm();

    *clock = (struct tsc_clock){.base = {.ops = &clock_ops}, .begin_ticks = cpu_ticks()};
    kvm_clock = kvm_clock && use_rate(clock, rate_from_kvm(), "KVM");
    if (!kvm_clock && !use_rate(clock, rate_from_cpuid(), "CPUID") &&
        !use_rate(clock, rate_from_pit(), "timer chip"))
        (void)use_rate(clock, RATE_GUESSED, "a guess");
    if (kvm_clock)
        clock->wall_begin_ns = wall_from_kvm(clock);
    if (clock->wall_begin_ns == 0)
        clock->wall_begin_ns = wall_read_s() * NS_PER_S;
}

void tsc_spin(struct tsc_clock *clock, uint64_t ns)
{
    uint64_t end_ns = clock_now(&clock->base) + ns;

    while (clock_now(&clock->base) < end_ns)
        cpu_pause();
}
