/* SPDX-License-Identifier: ISC
 *
 * journal_write.c - groups and records, through the segments.
 *
 * A segment's last two units are kept for what must not fail: the ROOT of the group under way, a
 * GROUP and a NEXT.
 *   (1) No other record ends behind tail_of(segment).
 *   (2) When no group is open, log.base is where the next one begins, and at least one unit of the
 *       segment is left there.
 */
#include "journal_write.h"
#include "encode.h"
#include "journal_address.h"

#define TAIL_UNITS 2u

/* Where ordinary records of the segment being written must end. */
static uint64_t tail_of(const struct journal *journal)
{
    return journal->log.end - TAIL_UNITS * (uint64_t)journal->super.unit_bytes;
}

/* How many segments stay free for what is more urgent.  What a checkpoint writes grows with the map
 * of names. */
static uint32_t spare_of(const struct journal *journal, enum journal_write_reserve reserve)
{
    uint64_t names_bytes = journal_map_bytes(&journal->names);

    if (reserve == JOURNAL_WRITE_CHECKPOINT)
        return 0;
    return (uint32_t)reserve + (uint32_t)(names_bytes / journal->super.segment_bytes);
}

enum bough_err journal_write_room(const struct journal *journal, uint64_t record_bytes,
                                  enum journal_write_reserve reserve)
{
    uint64_t overhead = (TAIL_UNITS + 1) * (uint64_t)journal->super.unit_bytes;
    uint64_t at = journal_log_at(&journal->log) + JOURNAL_RECORD_HEADER + JOURNAL_GROUP_BYTES;

    if (record_bytes > journal->super.segment_bytes - overhead ||
        record_bytes > JOURNAL_RECORD_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (at + record_bytes <= tail_of(journal) ||
        journal->segments.free_count > spare_of(journal, reserve))
        return BOUGH_OK;
    return BOUGH_FULL;
}

bool journal_write_can_end(const struct journal *journal)
{
    return journal->group_open || journal_log_at(&journal->log) <= tail_of(journal) ||
           journal->segments.free_count > 0;
}

enum bough_err journal_write_fail(struct journal *journal, enum bough_err err)
{
    journal->base.read_only = true;
    bough_log(journal->env->log, BOUGH_ERROR, "journal",
              "read-only from now on: %s; what was not acknowledged may be lost",
              bough_err_name(err));
    return err;
}

/* The length of all parts together. */
static uint32_t length_of(const struct bough_bytes *parts, size_t part_count)
{
    size_t len = 0;

    for (size_t i = 0; i < part_count; i++)
        len += parts[i].len;
    assert(len <= JOURNAL_RECORD_BYTES_MAX);
    return (uint32_t)len;
}

/* Appends one record at the log's end, whatever that is. */
static enum bough_err append(struct journal *journal, const struct journal_record *shape,
                             const struct bough_bytes *parts, size_t part_count)
{
    static const uint8_t zeros[JOURNAL_RECORD_MIN];
    struct journal_record record = *shape;
    uint8_t header[JOURNAL_RECORD_HEADER];
    uint64_t record_bytes;
    size_t padding;

    record.payload_len = length_of(parts, part_count);
    record.nonce = journal->nonce;
    record_bytes = journal_format_record_bytes(&record);
    padding = (size_t)(record_bytes - JOURNAL_RECORD_HEADER - record.payload_len);
    assert(journal_log_at(&journal->log) + record_bytes <= journal->log.end);
    journal_format_record_put(&record, header);
    record.crc = journal_format_crc_header(
        journal->crc_begin, record.kind,
        journal_segment_position(&journal->segments, journal_log_at(&journal->log)), header);
    for (size_t i = 0; i < part_count; i++)
        record.crc = journal_format_crc_add(record.crc, parts[i]);
    journal_format_record_put(&record, header);
    journal->group_crc = journal_format_crc_list(journal->group_crc, record.crc);
    BOUGH_TRY(journal_log_append(&journal->log, bough_bytes_of(header, sizeof(header))));
    for (size_t i = 0; i < part_count; i++)
        BOUGH_TRY(journal_log_append(&journal->log, parts[i]));
    journal->log_bytes += record_bytes;
    journal->swept_bytes += record_bytes;
    return journal_log_append(&journal->log, bough_bytes_of(zeros, padding));
}

/* Appends one of the log's own records. */
static enum bough_err append_own(struct journal *journal, uint8_t kind, struct bough_bytes payload)
{
    return append(journal, &(struct journal_record){.kind = kind}, &payload, 1);
}

/* Goes on in a free segment: NEXT leads there, SEGMENT begins it. */
static enum bough_err switch_segment(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;
    uint64_t opening = segments->opening_count + 1;
    uint8_t next[JOURNAL_NEXT_BYTES];
    uint8_t start_payload[JOURNAL_SEGMENT_PAYLOAD];
    struct encode out = encode_into(next, sizeof(next));
    uint32_t segment;
    uint64_t start;

    assert(journal->group_open);
    BOUGH_TRY(journal_segment_pick(segments, &segment));
    encode_u32(&out, segment);
    encode_u64(&out, opening);
    BOUGH_TRY(append_own(journal, JOURNAL_KIND_NEXT, bough_bytes_of(next, sizeof(next))));
    BOUGH_TRY(journal_log_pad(&journal->log, journal->super.unit_bytes));
    BOUGH_TRY(journal_log_write(&journal->log));
    journal_segment_use(segments, segment, opening);
    segments->current = segment;
    start = journal_format_segment_at(&journal->super, segment);
    journal_log_seek(&journal->log, start, start + journal->super.segment_bytes);
    out = encode_into(start_payload, sizeof(start_payload));
    encode_u64(&out, opening);
    encode_u64(&out, journal->sequence + 1);
    assert(!out.overflow);
    return append_own(journal, JOURNAL_KIND_SEGMENT,
                      bough_bytes_of(start_payload, sizeof(start_payload)));
}

/* A number that the group which this one may overwrite does not have.  Where there is no entropy,
 * the clocks must do: two attempts are not made in the same nanosecond. */
static uint32_t choose_nonce(struct journal *journal)
{
    uint64_t number;

    if (bough_entropy_fill(journal->env->entropy, &number, sizeof(number)) != BOUGH_OK)
        number = bough_clock_now_ns(journal->env->clock) ^
                 bough_clock_wall_ns(journal->env->clock) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(number ^ number >> 32);
}

/* Begins a group unless one is open. */
static enum bough_err open_group(struct journal *journal)
{
    uint8_t payload[JOURNAL_GROUP_BYTES];
    struct encode out = encode_into(payload, sizeof(payload));
    bool last = journal_log_at(&journal->log) > tail_of(journal);

    if (journal->group_open)
        return BOUGH_OK;
    if (last && journal->segments.free_count == 0)
        return BOUGH_FULL; /* before anything is written: rule (2) */
    assert(journal_log_at(&journal->log) % journal->super.unit_bytes == 0);
    journal->nonce = choose_nonce(journal);
    journal->group_crc = 0;
    encode_u64(&out, journal->sequence + 1);
    encode_hash(&out, &journal->chain);
    encode_u32(&out, journal->nonce);
    assert(!out.overflow);
    BOUGH_TRY(append_own(journal, JOURNAL_KIND_GROUP, bough_bytes_of(payload, sizeof(payload))));
    journal->group_open = true;
    journal->group_records = 0;
    return last ? switch_segment(journal) : BOUGH_OK;
}

/* A failed write ends all writing; that there is no room does not. */
static enum bough_err checked(struct journal *journal, enum bough_err err)
{
    return err == BOUGH_IO || err == BOUGH_READ_ONLY ? journal_write_fail(journal, err) : err;
}

/* journal_write_fit, without the consequences of an error. */
static enum bough_err fit(struct journal *journal, uint64_t record_bytes)
{
    BOUGH_TRY(open_group(journal));
    return journal_log_at(&journal->log) + record_bytes > tail_of(journal) ? switch_segment(journal)
                                                                           : BOUGH_OK;
}

enum bough_err journal_write_fit(struct journal *journal, uint64_t record_bytes)
{
    return checked(journal, fit(journal, record_bytes));
}

enum bough_err journal_write_record(struct journal *journal, const struct journal_record *shape,
                                    const struct bough_bytes *parts, size_t part_count,
                                    uint64_t *address)
{
    uint64_t record_bytes = journal_format_record_bytes(
        &(struct journal_record){.payload_len = length_of(parts, part_count)});

    BOUGH_TRY(journal_write_fit(journal, record_bytes));
    *address = journal_address(
        journal_segment_position(&journal->segments, journal_log_at(&journal->log)), record_bytes);
    BOUGH_TRY(checked(journal, append(journal, shape, parts, part_count)));
    journal_segment_count(&journal->segments, journal->segments.current, *address, record_bytes);
    journal->group_records++;
    return BOUGH_OK;
}

/* journal_write_end, without the consequences of an error. */
static enum bough_err end_group(struct journal *journal)
{
    struct journal_root root = {.root = journal->root};
    uint8_t payload[JOURNAL_ROOT_BYTES];

    BOUGH_TRY(open_group(journal));
    root.record_count = journal->group_records;
    root.records_crc = journal->group_crc;
    journal_format_root_put(&root, payload);
    BOUGH_TRY(append_own(journal, JOURNAL_KIND_ROOT, bough_bytes_of(payload, sizeof(payload))));
    BOUGH_TRY(journal_log_pad(&journal->log, journal->super.unit_bytes));
    BOUGH_TRY(journal_log_flush(&journal->log));
    hash_of(JOURNAL_DOMAIN_CHAIN, bough_bytes_of(payload, sizeof(payload)), &journal->chain);
    assert(journal_log_at(&journal->log) + journal->super.unit_bytes <= journal->log.end);
    journal->sequence++;
    journal->group_open = false;
    journal->synced_generation = journal->root.generation;
    return BOUGH_OK;
}

enum bough_err journal_write_end(struct journal *journal)
{
    enum bough_err err = end_group(journal);

    return err == BOUGH_OK ? BOUGH_OK : journal_write_fail(journal, err);
}
