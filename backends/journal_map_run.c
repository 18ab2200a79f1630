/* SPDX-License-Identifier: ISC
 *
 * journal_map_run.c - one sorted run of a map: what is in memory of it, and how it is written.
 */
#include "journal_map_run.h"
#include "journal_write.h"

#define PARTS_FIRST 16u

void journal_map_run_release(struct journal_map_run *run, struct bough_heap *heap)
{
    bough_heap_give(heap, run->parts, run->part_max * sizeof(*run->parts));
    *run = (struct journal_map_run){0};
}

enum bough_err journal_map_run_add(struct journal_map_run *run, struct bough_heap *heap,
                                   const struct journal_map_part *part)
{
    uint32_t max = run->part_max == 0 ? PARTS_FIRST : 2 * run->part_max;
    struct journal_map_part *parts;

    if (run->part_count == run->part_max) {
        parts = bough_heap_take(heap, max * sizeof(*parts));
        if (parts == NULL)
            return BOUGH_NO_MEMORY;
        if (run->part_count > 0)
            memcpy(parts, run->parts, run->part_count * sizeof(*parts));
        bough_heap_give(heap, run->parts, run->part_max * sizeof(*parts));
        run->parts = parts;
        run->part_max = max;
    }
    assert(run->part_count < run->part_max && part->address != 0);
    run->parts[run->part_count++] = *part;
    return BOUGH_OK;
}

uint32_t journal_map_run_search(const struct journal_map_run *run, uint64_t key)
{
    uint32_t low = 0;
    uint32_t high = run->part_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (run->parts[middle].first_key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum bough_err journal_map_run_write(struct journal *journal, struct journal_map_run *run,
                                     const struct journal_index_entry *entries, uint32_t count,
                                     unsigned reserve)
{
    const struct journal_record shape = {.kind = JOURNAL_KIND_INDEX};
    uint8_t bytes[JOURNAL_MAP_PART_BYTES_MAX];
    struct encode out = encode_into(bytes, sizeof(bytes));
    struct bough_bytes payload;
    struct journal_map_part part = {.first_key = entries[0].key};

    assert(count > 0 && count <= JOURNAL_MAP_PART_ENTRIES);
    encode_u64(&out, entries[0].key);
    encode_u64(&out, entries[0].address);
    for (uint32_t i = 1; i < count; i++) {
        encode_varint(&out, entries[i].key - entries[i - 1].key);
        encode_signed(&out, (int64_t)(entries[i].address - entries[i - 1].address));
    }
    assert(!out.overflow);
    BOUGH_TRY(journal_write_room(journal, JOURNAL_RECORD_HEADER + out.len,
                                 (enum journal_write_reserve)reserve));
    payload = bough_bytes_of(bytes, out.len);
    BOUGH_TRY(journal_write_record(journal, &shape, &payload, 1, &part.address));
    return journal_map_run_add(run, journal->env->heap, &part);
}
