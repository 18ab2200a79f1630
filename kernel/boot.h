/* SPDX-License-Identifier: ISC
 *
 * boot.h - where C begins.
 */
#ifndef BOOT_H
#define BOOT_H

#include <stdint.h>

/* Called once by start.S in 64-bit mode with the physical address of the loader's start
 * information. */
_Noreturn void boot_main(uint32_t start_info);

#endif
