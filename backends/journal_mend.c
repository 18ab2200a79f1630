/* SPDX-License-Identifier: ISC
 *
 * journal_mend.c - records that one copy of the device holds wrongly, from another.
 *
 * Owns nothing.  Only a device with copies is written to, and only where one of them holds what
 * passes the CRC of that very position and another does not (base/mend.c).
 *   (1) Mending never shows what was not acknowledged: copies differ, but for rot, only in what no
 *       flush has covered, and those regions are made equal before the device is opened
 *       (blockdev/mirror.c).  So where a torn end differs at recovery, it rotted, and was whole.
 *   (2) What recovery mends is flushed with the flush that ends it, before anything is shown.
 */
#include "journal_mend.h"
#include "mend.h"

#define REGION_BYTES  ((uint64_t)1 << 20) /* one line in the log for each */
#define SCRATCH_BYTES (2 * (size_t)JOURNAL_RECORD_BYTES_MAX + ((size_t)1 << 20))

struct place {
    const struct journal *journal;
    uint64_t position;
    struct journal_record shape; /* its kind and length, as some copy has them */
    bool strict;                 /* what is behind the record must be zeros */
};

bool journal_mend_is_likely(const uint8_t *header, uint64_t len_max, struct journal_record *record)
{
    enum bough_kind kind;
    bool is_object;
    bool is_other;

    journal_format_record_get(header, record);
    is_object =
        journal_format_is_object(record->kind, &kind) && record->settled <= JOURNAL_CHAIN_MAX + 1;
    is_other = record->kind >= JOURNAL_KIND_GROUP && record->kind <= JOURNAL_KIND_CHECKPOINT &&
               record->settled == 0 && !record->copy;
    return (is_object || is_other) && journal_format_record_bytes(record) <= len_max;
}

bool journal_mend_check(const struct journal *journal, uint64_t position, struct bough_bytes bytes,
                        struct journal_record *record)
{
    uint32_t crc;

    assert(bytes.len >= JOURNAL_RECORD_HEADER);
    journal_format_record_get(bytes.at, record);
    if (journal_format_record_bytes(record) > bytes.len)
        return false;
    crc = journal_format_crc_at(journal->crc_begin, record->kind, position);
    crc = journal_format_crc_add(
        crc, bough_bytes_of(bytes.at + 4, JOURNAL_RECORD_HEADER - 4 + (size_t)record->payload_len));
    return crc == record->crc;
}

/* For base/mend.h: whether the record is right, and as long as it was taken to be. */
static bool passes(void *context, struct bough_bytes bytes)
{
    const struct place *place = context;
    struct journal_record record;

    assert(bytes.len >= journal_format_record_bytes(&place->shape));
    if (!journal_mend_check(place->journal, place->position, bytes, &record) ||
        record.kind != place->shape.kind || record.payload_len != place->shape.payload_len)
        return false;
    for (size_t at = JOURNAL_RECORD_HEADER + (size_t)record.payload_len;
         place->strict && at < bytes.len; at++)
        if (bytes.at[at] != 0)
            return false;
    return true;
}

/* The blocks that bytes stand in. */
static struct mend_range range_of(const struct journal *journal, uint64_t offset, uint64_t len)
{
    uint32_t size = journal->dev->block_size;
    uint64_t first = offset / size;

    assert(len > 0);
    return (struct mend_range){
        .first = first,
        .count = (uint32_t)((offset + len - 1) / size - first + 1),
        .from = (size_t)(offset - first * size),
        .len = (size_t)len,
    };
}

/* The header that a copy has at an offset; whether it could be one. */
static bool peek(struct journal *journal, unsigned copy, uint64_t offset, uint64_t len_max,
                 uint8_t *blocks, struct journal_record *record)
{
    struct mend_range range = range_of(journal, offset, JOURNAL_RECORD_HEADER);

    if (bough_block_read_copy(journal->dev, copy, range.first, range.count, blocks) != BOUGH_OK)
        return false;
    return journal_mend_is_likely(blocks + range.from, len_max, record);
}

/* One line for each region in which something is mended. */
static void say(struct journal *journal, uint64_t offset, unsigned healed_count)
{
    uint64_t region = 1 + offset / REGION_BYTES;

    journal->mended_records++;
    if (region != journal->mended_region)
        bough_log(journal->env->log, BOUGH_WARN, "journal",
                  "a record at %llu is wrong on one copy of the device: taken from the other, %s "
                  "(%llu records so far)",
                  (unsigned long long)offset,
                  healed_count > 0 ? "and written anew" : "but not written anew",
                  (unsigned long long)journal->mended_records);
    journal->mended_region = region;
}

/* How much is compared: a record, and up to the next one where `strict` asks for it. */
static uint64_t extent_of(const struct journal *journal, uint64_t offset,
                          const struct journal_record *record, bool strict)
{
    uint64_t len = journal_format_record_bytes(record);
    uint64_t unit = journal->super.unit_bytes;
    bool ends_unit = record->kind == JOURNAL_KIND_ROOT || record->kind == JOURNAL_KIND_NEXT;

    return strict && ends_unit ? (offset + len + unit - 1) / unit * unit - offset : len;
}

/* Looks for the record of place->shape. */
static enum bough_err mend_one(struct journal *journal, uint64_t offset, struct place *place,
                               struct bough_arena *arena, struct journal_mend_found *found,
                               uint8_t **bytes)
{
    uint64_t len = extent_of(journal, offset, &place->shape, place->strict);
    struct mend_range range = range_of(journal, offset, len);
    size_t room = (size_t)range.count * journal->dev->block_size;
    uint8_t *blocks = bough_arena_take(arena, 2 * room);
    struct mend_result result;
    enum bough_err err;

    if (blocks == NULL)
        return BOUGH_NO_MEMORY;
    err = mend_copies(journal->dev, &range, passes, place, blocks, blocks + room, &result);
    if (err == BOUGH_CORRUPT && place->strict) {
        /* Zeros that are none are no loss; and nothing is written but what was checked. */
        place->strict = false;
        range = range_of(journal, offset, journal_format_record_bytes(&place->shape));
        err = mend_copies(journal->dev, &range, passes, place, blocks, blocks + room, &result);
    }
    *bytes = blocks + range.from;
    found->record = place->shape;
    found->healed_count = result.healed_count;
    return err;
}

/* Tries the header that each copy has, until one leads to a record. */
static enum bough_err mend_any(struct journal *journal, uint64_t offset, struct place *place,
                               uint64_t len_max, struct bough_arena *arena,
                               struct journal_mend_found *found, uint8_t **bytes)
{
    uint8_t *header = bough_arena_take(arena, 2 * (size_t)journal->dev->block_size);
    enum bough_err all = BOUGH_CORRUPT;
    bool strict = place->strict;

    assert(offset % JOURNAL_ALIGNMENT == 0 && len_max >= JOURNAL_RECORD_MIN);
    *found = (struct journal_mend_found){0};
    if (header == NULL)
        return BOUGH_NO_MEMORY;
    for (unsigned copy = 0; copy < bough_block_copies(journal->dev); copy++) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        enum bough_err err;

        if (!peek(journal, copy, offset, len_max, header, &place->shape))
            continue;
        place->strict = strict;
        err = mend_one(journal, offset, place, arena, found, bytes);
        if (err == BOUGH_OK || err == BOUGH_NO_MEMORY)
            return err;
        all = err == BOUGH_IO ? BOUGH_IO : all;
        bough_arena_back(arena, mark);
    }
    return all;
}

enum bough_err journal_mend_record(struct journal *journal, uint64_t offset, uint64_t position,
                                   uint64_t len_max, struct bough_arena *arena,
                                   const uint8_t **bytes)
{
    struct place place = {.journal = journal, .position = position};
    struct journal_mend_found found;
    struct bough_arena scratch;
    struct bough_bytes copy;
    uint8_t *at;
    enum bough_err err;

    if (bough_block_copies(journal->dev) == 1)
        return BOUGH_CORRUPT;
    bough_arena_init(&scratch, journal->env->heap, SCRATCH_BYTES);
    err = mend_any(journal, offset, &place, len_max, &scratch, &found, &at);
    if (err == BOUGH_OK) {
        say(journal, offset, found.healed_count);
        copy = bough_arena_copy(
            arena, bough_bytes_of(at, (size_t)journal_format_record_bytes(&found.record)));
        *bytes = copy.at;
        err = copy.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    }
    bough_arena_release(&scratch);
    return err;
}

enum bough_err journal_mend_compare(struct journal *journal, uint64_t offset, uint64_t position,
                                    uint64_t len_max, struct journal_mend_found *found)
{
    struct place place = {.journal = journal, .position = position, .strict = true};
    struct bough_arena scratch;
    uint8_t *at;
    enum bough_err err;

    bough_arena_init(&scratch, journal->env->heap, SCRATCH_BYTES);
    err = mend_any(journal, offset, &place, len_max, &scratch, found, &at);
    bough_arena_release(&scratch);
    if (err == BOUGH_OK && found->healed_count > 0)
        say(journal, offset, found->healed_count);
    return err;
}
