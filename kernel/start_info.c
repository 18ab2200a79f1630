/* SPDX-License-Identifier: ISC
 *
 * start_info.c - what the loader says, in Xen's hvm_start_info (arch-x86/hvm/start_info.h), which
 * is what PVH loaders hand over.
 *
 *   (1) Everything needed is copied before the page tables change: the first MiB, where loaders put
 *       it, is not mapped afterwards.
 *   (2) Memory below the first MiB is left alone.
 */
#include "start_info.h"

#include "trap.h"
#include <stddef.h>
#include <string.h>

#define MAGIC        0x336ec578u
#define ENTRIES_MAX  128u
#define TYPE_RAM     1u
#define LOW_BYTES    0x100000u
#define BOOT_MAP_END 0x100000000ull /* what start.S maps */

struct pvh_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t map; /* from version 1 on */
    uint32_t map_count;
    uint32_t reserved;
};

struct pvh_range {
    uint64_t address;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};

static void add_range(struct start_info *info, const struct pvh_range *range)
{
    uint64_t begin = range->address < LOW_BYTES ? LOW_BYTES : range->address;
    uint64_t end = range->address + range->bytes;

    if (range->type != TYPE_RAM || end < range->address)
        return;
    info->memory_bytes += range->bytes;
    if (end > begin && info->range_count < START_INFO_RANGES_MAX)
        info->ranges[info->range_count++] = (struct memory_range){.begin = begin, .end = end};
}

static void copy_command_line(struct start_info *info, uint64_t at)
{
    const char *text = (const char *)(uintptr_t)at;
    size_t len = 0;

    if (at == 0 || at >= BOOT_MAP_END - sizeof(info->command_line))
        return;
    while (len < sizeof(info->command_line) && text[len] != '\0')
        len++;
    if (len == sizeof(info->command_line))
        trap_stop("the command line is too long");
    memcpy(info->command_line, text, len);
}

void start_info_read(uint32_t at, struct start_info *info)
{
    const struct pvh_info *pvh = (const struct pvh_info *)(uintptr_t)at;
    const struct pvh_range *map;

    memset(info, 0, sizeof(*info));
    if (at == 0 || pvh->magic != MAGIC)
        trap_stop("not started by a PVH loader");
    map = (const struct pvh_range *)(uintptr_t)pvh->map;
    if (pvh->version < 1 || map == NULL || pvh->map >= BOOT_MAP_END)
        trap_stop("the loader says nothing of memory");
    for (uint32_t i = 0; i < pvh->map_count && i < ENTRIES_MAX; i++)
        add_range(info, &map[i]);
    copy_command_line(info, pvh->command_line);
}
