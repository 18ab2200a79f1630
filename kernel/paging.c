/* SPDX-License-Identifier: ISC
 *
 * paging.c - the page tables: everything at its physical address, with the rights it needs.
 *
 * Owns the tables.  Pages of 4 KiB where the image is, of 2 MiB elsewhere (Intel SDM volume
 * 3, 4.5). (1) No page is both writable and executable, from paging_init on. (2) Not mapped: the
 * first MiB, the guard page below the stack, and all that is neither memory nor a device that
 * someone asked for. (3) Tables for devices come from a small fixed pool, since they are asked for
 * later.
 */
#include "paging.h"

#include "trap.h"
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define PAGE_BYTES    4096u
#define BIG_BYTES     0x200000u
#define ENTRIES       512u
#define LEVELS        4u
#define ADDRESS_END   (1ull << 47)
#define DEVICE_TABLES 16u

#define PTE_PRESENT  1ull
#define PTE_WRITE    2ull
#define PTE_UNCACHED 0x18ull /* PCD, PWT */
#define PTE_BIG      0x80ull
#define PTE_NX       (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

/* From image.ld. */
extern const uint8_t image_text[];
extern const uint8_t image_constants[];
extern const uint8_t image_data[];
extern const uint8_t image_stack_guard[];
extern const uint8_t image_end[];

static uint64_t *root;
static uint64_t *free_tables; /* page-aligned, ... */
static uint32_t free_table_count;

/* A zeroed table, or NULL. */
static uint64_t *new_table(void)
{
    uint64_t *table = free_tables;

    if (free_table_count == 0)
        return NULL;
    free_table_count--;
    free_tables += ENTRIES;
    memset(table, 0, PAGE_BYTES);
    return table;
}

/* The entry for `address` at `level` (1: 4 KiB, 2: 2 MiB); makes the tables above it.  NULL when
 * there are none left or a big page is in the way. */
static uint64_t *entry_of(uint64_t address, uint32_t level)
{
    uint64_t *table = root;

    for (uint32_t at = LEVELS; at > level; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * (at - 1)) & (ENTRIES - 1)];

        if ((*entry & PTE_PRESENT) == 0) {
            uint64_t *below = new_table();

            if (below == NULL)
                return NULL;
            *entry = (uintptr_t)below | PTE_PRESENT | PTE_WRITE;
        }
        if ((*entry & PTE_BIG) != 0)
            return NULL;
        table = (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
    }
    return &table[address >> (12 + 9 * (level - 1)) & (ENTRIES - 1)];
}

/* Maps one page of the image's part by what is in it. */
static uint64_t image_flags(uint64_t address)
{
    if (address < (uintptr_t)image_text)
        return 0;
    if (address < (uintptr_t)image_constants)
        return PTE_PRESENT;
    if (address < (uintptr_t)image_data)
        return PTE_PRESENT | PTE_NX;
    if (address == (uintptr_t)image_stack_guard)
        return 0;
    return PTE_PRESENT | PTE_WRITE | PTE_NX;
}

/* Small pages from 0 to the first boundary of a big page behind the image. */
static uint64_t map_image(void)
{
    uint64_t end = ((uintptr_t)image_end + BIG_BYTES - 1) / BIG_BYTES * BIG_BYTES;

    for (uint64_t address = 0; address < end; address += PAGE_BYTES) {
        uint64_t *entry = entry_of(address, 1);
        uint64_t flags = image_flags(address);

        assert(entry != NULL);
        *entry = flags == 0 ? 0 : address | flags;
    }
    return end;
}

/* Big pages for a range of memory, from `begin` on. */
static void map_memory(const struct memory_range *range, uint64_t begin)
{
    uint64_t address = range->begin < begin ? begin : range->begin / BIG_BYTES * BIG_BYTES;

    for (; address < range->end && address < ADDRESS_END; address += BIG_BYTES) {
        uint64_t *entry = entry_of(address, 2);

        assert(entry != NULL);
        *entry = address | PTE_PRESENT | PTE_WRITE | PTE_BIG | PTE_NX;
    }
}

/* How many tables the image and all memory need at most. */
static uint32_t tables_needed(const struct start_info *info)
{
    uint64_t count = 1 + 2 + (uintptr_t)image_end / BIG_BYTES + 2;

    for (uint32_t i = 0; i < info->range_count; i++) {
        uint64_t bytes = info->ranges[i].end - info->ranges[i].begin;

        count += bytes / ((uint64_t)BIG_BYTES * ENTRIES) + 4;
    }
    return (uint32_t)count + DEVICE_TABLES;
}

void paging_init(const struct start_info *info, uint64_t *free)
{
    uint64_t end;

    assert(*free % PAGE_BYTES == 0);
    free_table_count = tables_needed(info);
    free_tables = (uint64_t *)(uintptr_t)*free;
    *free += (uint64_t)free_table_count * PAGE_BYTES;
    root = new_table();
    end = map_image();
    for (uint32_t i = 0; i < info->range_count; i++)
        map_memory(&info->ranges[i], end);
    __asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

void *paging_map_device(uint64_t address, uint64_t bytes)
{
    uint64_t page = address / BIG_BYTES * BIG_BYTES;

    if (bytes == 0 || address >= ADDRESS_END || bytes > ADDRESS_END - address)
        return NULL;
    for (; page < address + bytes; page += BIG_BYTES) {
        uint64_t *entry = entry_of(page, 2);

        if (entry == NULL)
            return NULL;
        if ((*entry & PTE_PRESENT) == 0)
            *entry = page | PTE_PRESENT | PTE_WRITE | PTE_BIG | PTE_NX | PTE_UNCACHED;
        if ((*entry & (PTE_BIG | PTE_UNCACHED)) != (PTE_BIG | PTE_UNCACHED))
            return NULL; /* memory stands there, not a device */
    }
    return (void *)(uintptr_t)address;
}
