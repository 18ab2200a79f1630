/* SPDX-License-Identifier: ISC
 *
 * journal_read.c - one record by its place, never without its CRC.
 */
#include "journal_read.h"
#include "journal_address.h"
#include "journal_mend.h"

#define PIECE_BYTES ((size_t)64 << 10)

/* The payload of a record that checks. */
static enum bough_err check(const struct journal *journal, uint64_t position, const uint8_t *bytes,
                            uint64_t len, struct journal_record *record,
                            struct bough_bytes *payload)
{
    bool good = journal_mend_check(journal, position, bough_bytes_of(bytes, (size_t)len), record);

    *payload = bough_bytes_of(bytes + JOURNAL_RECORD_HEADER, good ? record->payload_len : 0);
    return good ? BOUGH_OK : BOUGH_CORRUPT;
}

/* After `err`: the same from another copy of the device, if there is one. */
static enum bough_err mend(struct journal *journal, enum bough_err err, uint64_t offset,
                           uint64_t position, uint64_t len_max, struct bough_arena *arena,
                           struct journal_record *record, struct bough_bytes *payload)
{
    uint64_t written = journal->log.base > offset ? journal->log.base - offset : 0;
    bool staged =
        offset + len_max > journal->log.base && offset < journal->log.base + journal->log.len;
    const uint8_t *bytes;
    enum bough_err now;

    if ((err != BOUGH_CORRUPT && err != BOUGH_IO) || bough_block_copies(journal->dev) == 1)
        return err;
    if (staged && len_max > written)
        len_max = written;
    if (len_max < JOURNAL_RECORD_MIN)
        return err;
    now = journal_mend_record(journal, offset, position, len_max, arena, &bytes);
    if (now != BOUGH_OK)
        return now == BOUGH_NO_MEMORY ? now : err;
    journal_format_record_get(bytes, record);
    return check(journal, position, bytes, journal_format_record_bytes(record), record, payload);
}

uint64_t journal_read_end(const struct journal *journal, uint32_t segment)
{
    return segment == journal->segments.current
               ? journal_log_at(&journal->log)
               : journal_format_segment_at(&journal->super, segment) + journal->super.segment_bytes;
}

enum bough_err journal_read_record(struct journal *journal, uint64_t address,
                                   struct bough_arena *arena, struct journal_record *record,
                                   struct bough_bytes *payload)
{
    uint64_t position = journal_address_position(address);
    uint64_t len = journal_address_bytes_max(address);
    const uint8_t *bytes;
    uint32_t segment;
    uint64_t offset;
    uint64_t end;
    enum bough_err err;

    if (!journal_segment_find(&journal->segments, position, &segment, &offset))
        return BOUGH_CORRUPT;
    end = journal_read_end(journal, segment);
    if (len < JOURNAL_RECORD_MIN || offset + JOURNAL_RECORD_MIN > end)
        return BOUGH_CORRUPT;
    if (len > end - offset)
        len = end - offset;
    err = journal_log_read(&journal->log, offset, len, arena, &bytes);
    if (err == BOUGH_OK)
        err = check(journal, position, bytes, len, record, payload);
    return mend(journal, err, offset, position, len, arena, record, payload);
}

/* Reads a record by the length that its header tells. */
static enum bough_err read_at(struct journal *journal, uint64_t offset, uint64_t position,
                              struct bough_arena *arena, struct journal_record *record,
                              struct bough_bytes *payload)
{
    const uint8_t *bytes;
    uint64_t len;

    BOUGH_TRY(journal_log_read(&journal->log, offset, JOURNAL_RECORD_HEADER, arena, &bytes));
    journal_format_record_get(bytes, record);
    len = journal_format_record_bytes(record);
    if (len > journal->super.segment_bytes)
        return BOUGH_CORRUPT;
    BOUGH_TRY(journal_log_read(&journal->log, offset, len, arena, &bytes));
    return check(journal, position, bytes, len, record, payload);
}

enum bough_err journal_read_at(struct journal *journal, uint64_t offset, struct bough_arena *arena,
                               struct journal_record *record, struct bough_bytes *payload)
{
    uint64_t segment = journal_format_segment_of(&journal->super, offset);
    uint64_t position = journal_segment_position(&journal->segments, offset);
    uint64_t len_max = journal_format_segment_at(&journal->super, (uint32_t)segment) +
                       journal->super.segment_bytes - offset;
    enum bough_err err = read_at(journal, offset, position, arena, record, payload);

    return mend(journal, err, offset, position, len_max, arena, record, payload);
}

/* Some bytes from `at` on, as many as there are up to `end` and fit a piece; *some is 0 for what
 * cannot be read. */
static enum bough_err piece_at(struct journal *journal, uint64_t at, uint64_t end,
                               struct bough_arena *arena, const uint8_t **bytes, uint64_t *some)
{
    enum bough_err err;

    *some = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;
    err = journal_log_read(&journal->log, at, *some, arena, bytes);
    if (err == BOUGH_OK || err == BOUGH_NO_MEMORY)
        return err;
    *some = 0;
    return BOUGH_OK;
}

/* Whether a record that checks begins at `at`. */
static enum bough_err begins_at(struct journal *journal, uint64_t at, bool *begins)
{
    struct bough_arena arena;
    struct journal_record record;
    struct bough_bytes payload;
    enum bough_err err;

    bough_arena_init(&arena, journal->env->heap, 2 * (size_t)JOURNAL_RECORD_BYTES_MAX);
    err = journal_read_at(journal, at, &arena, &record, &payload);
    bough_arena_release(&arena);
    *begins = err == BOUGH_OK;
    return err == BOUGH_NO_MEMORY ? err : BOUGH_OK;
}

/* journal_read_next, with memory for a piece. */
static enum bough_err find_next(struct journal *journal, uint64_t at, uint64_t end,
                                struct bough_arena *arena, uint64_t *next)
{
    uint64_t piece_from = 0;
    uint64_t some = 0;
    const uint8_t *bytes = NULL;

    for (at += JOURNAL_ALIGNMENT; at + JOURNAL_RECORD_MIN <= end; at += JOURNAL_ALIGNMENT) {
        struct journal_record record;
        bool begins = false;

        if (some == 0 || at + JOURNAL_RECORD_HEADER > piece_from + some) {
            bough_arena_release(arena);
            piece_from = at;
            BOUGH_TRY(piece_at(journal, at, end, arena, &bytes, &some));
        }
        if (some == 0)
            at += journal->dev->block_size - at % journal->dev->block_size - JOURNAL_ALIGNMENT;
        else if (journal_mend_is_likely(bytes + (at - piece_from), end - at, &record))
            BOUGH_TRY(begins_at(journal, at, &begins));
        if (begins) {
            *next = at;
            return BOUGH_OK;
        }
    }
    *next = end;
    return BOUGH_OK;
}

enum bough_err journal_read_next(struct journal *journal, uint64_t at, uint64_t *next)
{
    uint64_t segment = journal_format_segment_of(&journal->super, at);
    struct bough_arena arena;
    enum bough_err err;

    assert(segment < journal->super.segment_count && at % JOURNAL_ALIGNMENT == 0);
    bough_arena_init(&arena, journal->env->heap, 4 * PIECE_BYTES);
    err = find_next(journal, at, journal_read_end(journal, (uint32_t)segment), &arena, next);
    bough_arena_release(&arena);
    return err;
}
