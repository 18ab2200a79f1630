/* SPDX-License-Identifier: ISC
 *
 * journal_read.c - one record by its address, never without its CRC.
 */
#include "journal_read.h"

/* Checks a whole record's bytes. */
static enum bough_err check(const struct journal *journal, const uint8_t *bytes, uint64_t len,
                            struct journal_record *record, struct bough_bytes *payload)
{
    uint32_t crc;

    assert(len >= JOURNAL_RECORD_MIN);
    journal_format_record_get(bytes, record);
    if (journal_format_record_bytes(record) != len ||
        record->address_count * 8u > record->payload_len)
        return BOUGH_CORRUPT;
    crc = journal_format_crc_add(
        journal->crc_begin,
        bough_bytes_of(bytes + 4, JOURNAL_RECORD_HEADER - 4 + (size_t)record->payload_len));
    *payload = bough_bytes_of(bytes + JOURNAL_RECORD_HEADER, record->payload_len);
    return crc == record->crc ? BOUGH_OK : BOUGH_CORRUPT;
}

enum bough_err journal_read_record(struct journal *journal, uint64_t address,
                                   struct bough_arena *arena, struct journal_record *record,
                                   struct bough_bytes *payload)
{
    uint64_t offset = journal_format_address_offset(address);
    uint64_t len = journal_format_address_bytes(address);
    const uint8_t *bytes;

    if (len < JOURNAL_RECORD_MIN ||
        journal_format_segment_of(&journal->super, offset) >= journal->super.segment_count)
        return BOUGH_CORRUPT;
    BOUGH_TRY(journal_log_read(&journal->log, offset, len, arena, &bytes));
    return check(journal, bytes, len, record, payload);
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
    return check(journal, bytes, len, record, payload);
}

enum bough_err journal_read_object(const struct journal_record *record, struct bough_bytes payload,
                                   struct bough_arena *arena, struct bough_object *object)
{
    size_t own_len = payload.len - record->address_count * 8u;
    uint64_t *addresses = bough_arena_zeros(arena, record->address_count, sizeof(*addresses));

    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < record->address_count * (size_t)8; i++)
        addresses[i / 8] |= (uint64_t)payload.at[own_len + i] << (8 * (i % 8));
    *object = (struct bough_object){
        .kind = (enum bough_kind)(record->kind & ~JOURNAL_KIND_MOVED),
        .bytes = bough_bytes_of(payload.at, own_len),
        .addresses = addresses,
        .address_count = record->address_count,
    };
    return BOUGH_OK;
}
