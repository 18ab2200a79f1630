/* SPDX-License-Identifier: ISC
 *
 * idle.c - sleeping until something happens.
 *
 * Owns which device has which interrupt vector.
 *   (1) Interrupts are on only inside boot_halt (start.S), so no code is ever interrupted between
 *       two of its instructions: red zones are safe, and nothing needs a lock.
 *   (2) An interrupt that came earlier waits in the local APIC and ends the next boot_halt at once:
 *       "look, then sleep" loses none.
 *   (3) A device's interrupt line is taken back before the caller looks at its queue.
 */
#include "idle.h"

#include "apic.h"
#include "cpu.h"
#include "trap.h"

#define NS_POLL    1000000ull    /* where a device cannot interrupt */
#define NS_LONGEST 1000000000ull /* no sleep is longer: a lost interrupt costs this much */
#define NS_TINY    2000ull       /* not worth a sleep */

/* From start.S. */
void boot_halt(void);

static struct {
    struct tsc_clock *clock;
    bool can_sleep;
    struct bus_device *devices[BOUGH_DEVICES_MAX]; /* by vector */
    uint32_t count;
} idle;

void idle_init(struct tsc_clock *clock)
{
    idle.clock = clock;
    idle.can_sleep = apic_init(clock);
}

void idle_watch(struct bus_device *dev)
{
    uint8_t vector = (uint8_t)(APIC_VECTOR_DEVICE + idle.count);

    dev->wait = idle_wait;
    if (!idle.can_sleep || idle.count == BOUGH_DEVICES_MAX)
        return;
    if (dev->ops->message_vector != NULL)
        dev->interrupts = dev->ops->message_vector(dev, vector);
    else if (dev->line != BUS_NO_LINE)
        dev->interrupts = apic_route(dev->line, vector);
    if (dev->interrupts)
        idle.devices[idle.count++] = dev;
}

/* Takes back the line of the device that woke us. */
static void acknowledge(uint32_t vector)
{
    uint32_t number = vector - APIC_VECTOR_DEVICE;
    struct bus_device *dev = number < idle.count ? idle.devices[number] : NULL;

    if (dev != NULL && dev->ops->acknowledge != NULL)
        dev->ops->acknowledge(dev);
}

void idle_wait(struct bus_device *dev, uint64_t until_ns)
{
    uint64_t now_ns = bough_clock_now_ns(&idle.clock->base);
    uint64_t sleep_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    uint64_t sleep_ns_max = dev->interrupts ? NS_LONGEST : NS_POLL;

    if (sleep_ns > sleep_ns_max)
        sleep_ns = sleep_ns_max;
    if (sleep_ns < NS_TINY || !idle.can_sleep) {
        cpu_pause();
        return;
    }
    trap_vector = 0;
    apic_timer(sleep_ns);
    boot_halt();
    apic_timer_stop();
    acknowledge(trap_vector);
    if (trap_vector != APIC_VECTOR_SPURIOUS)
        apic_done();
}
