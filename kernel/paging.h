/* SPDX-License-Identifier: ISC
 *
 * paging.h - the page tables: everything at its physical address, with the rights it needs.
 */
#ifndef PAGING_H
#define PAGING_H

#include "start_info.h"
#include <stddef.h>

/* Makes the tables in the memory at *free (which moves past them) and switches to them.  Afterwards
 * text can be read and executed, constants read, data and the memory in `info` read and written;
 * nothing else is mapped: neither the first MiB nor the page below the stack.  What the processor
 * or the loader says decides nothing: `info` was checked. */
void paging_init(const struct start_info *info, uint64_t *free);

/* Maps device registers, uncached, and returns where they are; NULL when there are no tables left
 * or the address is out of reach. */
void *paging_map_device(uint64_t address, uint64_t bytes);

#endif
