/* SPDX-License-Identifier: ISC
 *
 * journal_page.c - the parts of runs that were read lately.
 *
 * Few enough to be searched one by one.  The least recently used one makes room.
 *   (1) An address is never used twice, so a page need not be dropped when its part is.
 */
#include "journal_page.h"
#include "journal_read.h"

#define PART_ARENA_BYTES ((size_t)256 << 10) /* a part may stand in two blocks of 32 KiB */

enum bough_err journal_page_init(struct journal_pages *pages, struct bough_heap *heap)
{
    size_t size = JOURNAL_PAGE_COUNT * sizeof(*pages->at);

    *pages = (struct journal_pages){.heap = heap, .at = bough_heap_take(heap, size)};
    if (pages->at == NULL)
        return BOUGH_NO_MEMORY;
    memset(pages->at, 0, size);
    return BOUGH_OK;
}

void journal_page_release(struct journal_pages *pages)
{
    if (pages->at != NULL)
        bough_heap_give(pages->heap, pages->at, JOURNAL_PAGE_COUNT * sizeof(*pages->at));
    pages->at = NULL;
}

/* A varint, as decode_varint takes it; the byte behind it, NULL for a fault.  Here and not there,
 * since a cold get waits for some parts, of hundreds of numbers each. */
static inline const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    unsigned shift = 0;
    uint8_t byte;

    *number = 0;
    do {
        if (at == end || shift > 63)
            return NULL;
        byte = *at++;
        if (shift == 63 && byte > 1)
            return NULL;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte >= 0x80);
    return byte == 0 && shift > 7 ? NULL : at;
}

/* The entries of a part behind the first, which is there. */
static enum bough_err read_further(struct bough_bytes bytes, struct journal_page *page)
{
    const uint8_t *at = bytes.at;
    const uint8_t *end = at + bytes.len;
    struct journal_index_entry entry = page->entries[0];

    for (page->count = 1; at != end; page->count++) {
        uint64_t further;
        uint64_t zigzag = 0;

        at = read_varint(at, end, &further);
        if (at != NULL)
            at = read_varint(at, end, &zigzag);
        if (at == NULL || further > UINT64_MAX - entry.key ||
            page->count == JOURNAL_MAP_PART_ENTRIES)
            return BOUGH_CORRUPT;
        entry.key += further;
        entry.address += zigzag >> 1 ^ (0 - (zigzag & 1));
        if (entry.address == 0)
            return BOUGH_CORRUPT;
        page->entries[page->count] = entry;
    }
    return BOUGH_OK;
}

/* Fills a page from its record. */
static enum bough_err read_part(struct journal *journal, uint64_t address,
                                struct bough_arena *arena, struct journal_page *page)
{
    struct journal_record record;
    struct bough_bytes payload;
    struct decode in;

    page->address = 0;
    BOUGH_TRY(journal_read_record(journal, address, arena, &record, &payload));
    if (record.kind != JOURNAL_KIND_INDEX)
        return BOUGH_CORRUPT;
    in = decode_from(payload);
    page->entries[0].key = decode_u64(&in);
    page->entries[0].address = decode_u64(&in);
    if (in.bad || page->entries[0].address == 0)
        return BOUGH_CORRUPT;
    BOUGH_TRY(read_further(bough_bytes_of(in.at, in.left), page));
    page->address = address;
    return BOUGH_OK;
}

enum bough_err journal_page_get(struct journal *journal, uint64_t address,
                                const struct journal_page **page)
{
    struct journal_pages *pages = &journal->pages;
    struct journal_page *oldest = &pages->at[0];
    struct bough_arena arena;
    enum bough_err err = BOUGH_OK;

    assert(address != 0);
    pages->clock++;
    for (uint32_t i = 0; i < JOURNAL_PAGE_COUNT; i++) {
        if (pages->at[i].address == address) {
            oldest = &pages->at[i];
            break;
        }
        if (pages->at[i].used_at < oldest->used_at)
            oldest = &pages->at[i];
    }
    if (oldest->address != address) {
        bough_arena_init(&arena, journal->env->heap, PART_ARENA_BYTES);
        err = read_part(journal, address, &arena, oldest);
        bough_arena_release(&arena);
    }
    oldest->used_at = pages->clock;
    *page = oldest;
    if (err == BOUGH_CORRUPT)
        bough_log(journal->env->log, BOUGH_ERROR, "journal", "bad part of an index at %llx",
                  (unsigned long long)address);
    return err;
}
