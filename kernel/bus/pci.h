/* SPDX-License-Identifier: ISC
 *
 * pci.h - configuration space and capabilities of PCI devices, as far as virtio needs them.
 */
#ifndef PCI_H
#define PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_FUNCTIONS_MAX 64u
#define PCI_BARS          6u

#define PCI_CAP_VENDOR 0x09u
#define PCI_CAP_MSIX   0x11u

/* One function of a device: bus 15..8, device 7..3, function 2..0. */
struct pci_function {
    uint16_t at;
    uint16_t vendor;
    uint16_t device;
};

/* Finds at most `max` functions behind all bridges; returns how many.  0 also where there is no
 * PCI. */
uint32_t pci_find(struct pci_function *functions, uint32_t max);

/* Reads 8, 16 or 32 bits of configuration at offset `at` (aligned for their width). */
uint8_t pci_get8(const struct pci_function *function, uint32_t at);
/* The same, 16 bits. */
uint16_t pci_get16(const struct pci_function *function, uint32_t at);
/* The same, 32 bits. */
uint32_t pci_get32(const struct pci_function *function, uint32_t at);

/* Writes 16 bits of configuration. */
void pci_set16(const struct pci_function *function, uint32_t at, uint16_t value);

/* The offset of the first capability with number `id` behind the one at `after` (0: from the
 * start); 0 when there is none. */
uint32_t pci_capability(const struct pci_function *function, uint8_t id, uint32_t after);

/* The physical address of memory BAR `bar`, 0 when it is no memory or not set up. */
uint64_t pci_bar(const struct pci_function *function, uint32_t bar);

/* Lets the function answer to memory reads and write to memory itself; its interrupt line is off.
 */
void pci_enable(const struct pci_function *function);

#endif
