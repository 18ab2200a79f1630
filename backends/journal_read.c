/* SPDX-License-Identifier: ISC
 *
 * journal_read.c - one record by its place, never without its CRC.
 */
#include "journal_read.h"
#include "journal_address.h"

/* Checks the record that `len` bytes begin with. */
static enum bough_err check(const struct journal *journal, uint64_t position, const uint8_t *bytes,
                            uint64_t len, struct journal_record *record,
                            struct bough_bytes *payload)
{
    uint32_t crc;

    assert(len >= JOURNAL_RECORD_HEADER);
    journal_format_record_get(bytes, record);
    if (journal_format_record_bytes(record) > len)
        return BOUGH_CORRUPT;
    crc = journal_format_crc_at(journal->crc_begin, record->kind, position);
    crc = journal_format_crc_add(
        crc, bough_bytes_of(bytes + 4, JOURNAL_RECORD_HEADER - 4 + (size_t)record->payload_len));
    *payload = bough_bytes_of(bytes + JOURNAL_RECORD_HEADER, record->payload_len);
    return crc == record->crc ? BOUGH_OK : BOUGH_CORRUPT;
}

/* How far a segment is written. */
static uint64_t end_of(const struct journal *journal, uint32_t segment)
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

    if (!journal_segment_find(&journal->segments, position, &segment, &offset))
        return BOUGH_CORRUPT;
    end = end_of(journal, segment);
    if (len < JOURNAL_RECORD_MIN || offset + JOURNAL_RECORD_MIN > end)
        return BOUGH_CORRUPT;
    if (len > end - offset)
        len = end - offset;
    BOUGH_TRY(journal_log_read(&journal->log, offset, len, arena, &bytes));
    return check(journal, position, bytes, len, record, payload);
}

enum bough_err journal_read_at(struct journal *journal, uint64_t offset, struct bough_arena *arena,
                               struct journal_record *record, struct bough_bytes *payload)
{
    const uint8_t *bytes;
    uint64_t len;

    BOUGH_TRY(journal_log_read(&journal->log, offset, JOURNAL_RECORD_HEADER, arena, &bytes));
    journal_format_record_get(bytes, record);
    len = journal_format_record_bytes(record);
    if (len > journal->super.segment_bytes)
        return BOUGH_CORRUPT;
    BOUGH_TRY(journal_log_read(&journal->log, offset, len, arena, &bytes));
    return check(journal, journal_segment_position(&journal->segments, offset), bytes, len, record,
                 payload);
}
