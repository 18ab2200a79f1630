/* SPDX-License-Identifier: ISC
 *
 * start_info.h - what the loader says: memory and command line.
 */
#ifndef START_INFO_H
#define START_INFO_H

#include "bough/limits.h"
#include <stdint.h>

#define START_INFO_RANGES_MAX 16u

/* A range of usable memory. */
struct memory_range {
    uint64_t begin;
    uint64_t end;
};

struct start_info {
    struct memory_range ranges[START_INFO_RANGES_MAX];
    uint32_t range_count;
    uint64_t memory_bytes;
    char command_line[BOUGH_COMMAND_LINE_BYTES_MAX];
};

/* Copies what is needed of the structure at physical address `at`; stops the machine when it is
 * none, or says nothing of memory.  A command line that is too long is one, too. */
void start_info_read(uint32_t at, struct start_info *info);

#endif
