/* SPDX-License-Identifier: ISC
 *
 * pci.c - PCI configuration by ports 0xcf8 and 0xcfc (PCI Local Bus 3.0 section 3.2.2.3.2).
 *
 * Owns nothing; the address port is written before each access.  Addresses of BARs were assigned by
 * the firmware and are only read.
 *   (1) Lists of capabilities and of buses are followed for a bounded number of steps: a device may
 *       link them in a circle.
 */
#include "pci.h"

#include "cpu.h"
#include <assert.h>

#define PORT_ADDRESS 0xcf8u
#define PORT_DATA    0xcfcu

#define REG_ID         0x00u
#define REG_COMMAND    0x04u
#define REG_STATUS     0x06u
#define REG_HEADER     0x0eu
#define REG_BAR0       0x10u
#define REG_BUSES      0x18u /* of a bridge: primary, secondary */
#define REG_CAP        0x34u
#define HEADER_BRIDGE  1u
#define HEADER_MANY    0x80u
#define STATUS_CAPS    0x10u
#define COMMAND_MEMORY 0x02u
#define COMMAND_MASTER 0x04u
#define COMMAND_NO_INT 0x400u
#define NO_VENDOR      0xffffu

#define BUSES_MAX 32u
#define CAPS_MAX  48u

uint32_t pci_get32(const struct pci_function *function, uint32_t at)
{
    assert(at % 4 == 0 && at < 256);
    cpu_out32(PORT_ADDRESS, 0x80000000u | (uint32_t)function->at << 8 | at);
    return cpu_in32(PORT_DATA);
}

uint16_t pci_get16(const struct pci_function *function, uint32_t at)
{
    return (uint16_t)(pci_get32(function, at & ~3u) >> (at % 4 * 8));
}

uint8_t pci_get8(const struct pci_function *function, uint32_t at)
{
    return (uint8_t)(pci_get32(function, at & ~3u) >> (at % 4 * 8));
}

void pci_set16(const struct pci_function *function, uint32_t at, uint16_t value)
{
    assert(at % 2 == 0 && at < 256);
    cpu_out32(PORT_ADDRESS, 0x80000000u | (uint32_t)function->at << 8 | (at & ~3u));
    cpu_out16((uint16_t)(PORT_DATA + at % 4), value);
}

/* What the walk over buses knows. */
struct walk {
    struct pci_function *functions;
    uint32_t count;
    uint32_t max;
    uint8_t buses[BUSES_MAX];
    uint32_t bus_count;
};

/* Notes one function, and the bus behind it when it is a bridge.  False when it is not there. */
static bool visit(struct walk *walk, uint16_t at)
{
    struct pci_function function = {.at = at};
    uint32_t id = pci_get32(&function, REG_ID);

    function.vendor = (uint16_t)id;
    function.device = (uint16_t)(id >> 16);
    if (function.vendor == NO_VENDOR)
        return false;
    if ((pci_get8(&function, REG_HEADER) & ~HEADER_MANY) == HEADER_BRIDGE) {
        uint8_t behind = (uint8_t)(pci_get32(&function, REG_BUSES) >> 8);

        if (behind > at >> 8 && walk->bus_count < BUSES_MAX)
            walk->buses[walk->bus_count++] = behind;
    } else if (walk->count < walk->max) {
        walk->functions[walk->count++] = function;
    }
    return true;
}

uint32_t pci_find(struct pci_function *functions, uint32_t max)
{
    struct walk walk = {.functions = functions, .max = max, .bus_count = 1};

    for (uint32_t i = 0; i < walk.bus_count; i++) {
        for (uint32_t device = 0; device < 32; device++) {
            struct pci_function first = {
                .at = (uint16_t)((uint32_t)walk.buses[i] << 8 | device << 3)};

            if (!visit(&walk, first.at) || !(pci_get8(&first, REG_HEADER) & HEADER_MANY))
                continue;
            for (uint16_t function = 1; function < 8; function++)
                (void)visit(&walk, (uint16_t)(first.at | function));
        }
    }
    return walk.count;
}

uint32_t pci_capability(const struct pci_function *function, uint8_t id, uint32_t after)
{
    uint32_t at = after == 0 ? REG_CAP : after + 1;

    if ((pci_get16(function, REG_STATUS) & STATUS_CAPS) == 0)
        return 0;
    for (uint32_t i = 0; i < CAPS_MAX; i++) {
        at = pci_get8(function, at) & ~3u;
        if (at < 0x40)
            return 0;
        if (pci_get8(function, at) == id)
            return at;
        at++;
    }
    return 0;
}

uint64_t pci_bar(const struct pci_function *function, uint32_t bar)
{
    uint32_t low;
    uint64_t high = 0;

    if (bar >= PCI_BARS)
        return 0;
    low = pci_get32(function, REG_BAR0 + 4 * bar);
    if ((low & 1u) != 0)
        return 0; /* ports, not memory */
    if ((low & 6u) == 4) {
        if (bar + 1 >= PCI_BARS)
            return 0;
        high = pci_get32(function, REG_BAR0 + 4 * (bar + 1));
    }
    return high << 32 | (low & ~15u);
}

void pci_enable(const struct pci_function *function)
{
    uint16_t command = pci_get16(function, REG_COMMAND);

    pci_set16(function, REG_COMMAND,
              (uint16_t)(command | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INT));
}
