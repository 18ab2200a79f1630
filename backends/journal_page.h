/* SPDX-License-Identifier: ISC
 *
 * journal_page.h - the parts of runs that were read lately (journal_map.h).
 */
#ifndef JOURNAL_PAGE_H
#define JOURNAL_PAGE_H

#include "journal_map.h"

#define JOURNAL_PAGE_COUNT 48u /* more than the runs of both maps; 4 KiB each */

struct journal_page {
    uint64_t address; /* 0 = empty */
    uint64_t used_at;
    uint32_t count; /* > 0 */
    struct journal_index_entry entries[JOURNAL_MAP_PART_ENTRIES];
};

struct journal_pages {
    struct bough_heap *heap;
    struct journal_page *at;
    uint64_t clock;
};

/* Takes about 200 KiB; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_page_init(struct journal_pages *pages,
                                                  struct bough_heap *heap);
/* Gives its memory back. */
void journal_page_release(struct journal_pages *pages);

/* The entries of the part at an address, in ascending order of their keys; valid until
 * JOURNAL_PAGE_COUNT other parts were asked for.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_page_get(struct journal *journal, uint64_t address,
                                                 const struct journal_page **page);

#endif
