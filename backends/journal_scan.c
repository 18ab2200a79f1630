/* SPDX-License-Identifier: ISC
 *
 * journal_scan.c - read the log from front to back, in fixed memory.
 *
 * The window is the log's stage, which is free until the first append; it is filled in whole units
 * and never reaches beyond a segment.  A record may be longer than the window: CRC and name are
 * computed as its pieces come by.
 */
#include "journal_scan.h"
#include "journal_address.h"
#include "journal_mend.h"

struct journal_scan journal_scan_begin(struct journal *journal, uint64_t at, uint64_t opening)
{
    assert(journal->log.len == 0);
    return (struct journal_scan){.journal = journal, .at = at, .opening = opening};
}

/* The end of the segment that an offset is in; before the first one, its start. */
static uint64_t end_of(const struct journal_super *super, uint64_t offset)
{
    uint64_t segment = journal_format_segment_of(super, offset);

    if (offset < journal_format_segment_at(super, 0))
        return journal_format_segment_at(super, 0);
    return segment >= super->segment_count
               ? 0
               : journal_format_segment_at(super, (uint32_t)segment) + super->segment_bytes;
}

/* Makes some bytes at scan->at available; *some is how many. */
static enum bough_err fill(struct journal_scan *scan, uint64_t *some)
{
    struct journal *journal = scan->journal;
    uint32_t block_size = journal->dev->block_size;
    uint64_t end = end_of(&journal->super, scan->at);
    uint64_t len;

    assert(scan->journal->log.len == 0); /* the stage is ours to use */
    if (scan->at >= end)
        return BOUGH_CORRUPT;
    if (scan->at < scan->window_at || scan->at >= scan->window_at + scan->window_len) {
        scan->window_at = scan->at - scan->at % journal->super.unit_bytes;
        scan->window_len = 0;
        len = end - scan->window_at;
        if (len > JOURNAL_LOG_STAGE_BYTES)
            len = JOURNAL_LOG_STAGE_BYTES;
        BOUGH_TRY(bough_block_read(journal->dev, scan->window_at / block_size,
                                   (uint32_t)(len / block_size), journal->log.stage));
        scan->window_len = len;
    }
    *some = scan->window_at + scan->window_len - scan->at;
    return BOUGH_OK;
}

/* The next bytes, handed on in pieces to CRC and hash, the first of them kept. */
struct sink {
    uint32_t crc;
    struct hash_state *hash; /* NULL = none */
    uint64_t hash_left;
    uint8_t *keep;
    size_t keep_left;
};

static void sink_take(struct sink *sink, struct bough_bytes piece)
{
    size_t kept = piece.len < sink->keep_left ? piece.len : sink->keep_left;

    sink->crc = journal_format_crc_add(sink->crc, piece);
    if (kept > 0) {
        memcpy(sink->keep, piece.at, kept);
        sink->keep += kept;
        sink->keep_left -= kept;
    }
    if (sink->hash != NULL) {
        if (piece.len > sink->hash_left)
            piece.len = (size_t)sink->hash_left;
        hash_add(sink->hash, piece);
        sink->hash_left -= piece.len;
    }
}

static enum bough_err take(struct journal_scan *scan, uint64_t len, struct sink *sink)
{
    while (len > 0) {
        uint64_t some;

        BOUGH_TRY(fill(scan, &some));
        if (some > len)
            some = len;
        sink_take(sink, bough_bytes_of(scan->journal->log.stage + (scan->at - scan->window_at),
                                       (size_t)some));
        scan->at += some;
        len -= some;
    }
    return BOUGH_OK;
}

/* Whether recovery needs the name of an object in such a record. */
static bool is_named(uint8_t kind)
{
    return kind == BOUGH_KIND_COMMIT || kind == BOUGH_KIND_TAG;
}

/* The payload without the addresses at its end. */
static uint64_t own_bytes(const struct journal_record *header)
{
    uint64_t addresses = (uint64_t)header->address_count * 8;

    return addresses > header->payload_len ? 0 : header->payload_len - addresses;
}

/* The position of the next byte, by the opening that the scan was told. */
static uint64_t position_of(const struct journal_scan *scan)
{
    const struct journal_super *super = &scan->journal->super;
    uint64_t segment = journal_format_segment_of(super, scan->at);

    if (segment >= super->segment_count)
        return 0;
    return scan->opening * super->segment_bytes +
           (scan->at - journal_format_segment_at(super, (uint32_t)segment));
}

/* Reads the record at scan->at as the device gives it. */
static enum bough_err scan_once(struct journal_scan *scan, struct journal_scanned *record)
{
    uint8_t header[JOURNAL_RECORD_HEADER];
    struct sink sink = {.keep = header, .keep_left = sizeof(header)};
    struct hash_state hash;
    uint64_t position = position_of(scan);
    enum bough_kind kind;
    bool named;
    uint64_t len;

    *record = (struct journal_scanned){.offset = scan->at};
    BOUGH_TRY(take(scan, sizeof(header), &sink));
    journal_format_record_get(header, &record->header);
    len = journal_format_record_bytes(&record->header);
    if (len > end_of(&scan->journal->super, record->offset) - record->offset)
        return BOUGH_CORRUPT;
    named = is_named(record->header.kind);
    sink = (struct sink){
        .crc = journal_format_crc_add(
            journal_format_crc_at(scan->journal->crc_begin, record->header.kind, position),
            bough_bytes_of(header + 4, sizeof(header) - 4)),
        .hash = named ? &hash : NULL,
        .hash_left = own_bytes(&record->header),
        .keep = record->start,
        .keep_left = sizeof(record->start),
    };
    if (named)
        hash_begin(&hash, record->header.kind);
    BOUGH_TRY(take(scan, record->header.payload_len, &sink));
    record->spoiled = sink.crc != record->header.crc;
    if (record->spoiled && !journal_format_is_object(record->header.kind, &kind))
        return BOUGH_CORRUPT;
    if (named)
        hash_end(&hash, &record->name);
    if (record->spoiled)
        record->name = (struct bough_hash){0};
    record->address = journal_address(position, len);
    scan->at = record->offset + len;
    return BOUGH_OK;
}

/* Has the record at scan->at mended from another copy of the device, if there is one that holds
 * it. */
static enum bough_err mend(struct journal_scan *scan)
{
    struct journal *journal = scan->journal;
    uint64_t end = end_of(&journal->super, scan->at);
    const uint8_t *bytes;
    struct bough_arena arena;
    enum bough_err err;

    if (end < scan->at + JOURNAL_RECORD_MIN)
        return BOUGH_CORRUPT;
    bough_arena_init(&arena, journal->env->heap, (size_t)JOURNAL_RECORD_BYTES_MAX);
    err = journal_mend_record(journal, scan->at, position_of(scan), end - scan->at, &arena, &bytes);
    bough_arena_release(&arena);
    scan->window_len = 0;
    return err;
}

enum bough_err journal_scan_record(struct journal_scan *scan, struct journal_scanned *record)
{
    uint64_t at = scan->at;
    uint64_t behind;
    enum bough_err err = scan_once(scan, record);
    enum bough_err mended;

    if ((err != BOUGH_OK || !record->spoiled) && err != BOUGH_CORRUPT && err != BOUGH_IO)
        return err;
    if (bough_block_copies(scan->journal->dev) == 1)
        return err;
    behind = scan->at;
    scan->at = at;
    mended = mend(scan);
    if (mended == BOUGH_OK)
        return scan_once(scan, record);
    scan->at = behind;
    return mended == BOUGH_NO_MEMORY ? mended : err;
}

enum bough_err journal_scan_peek(struct journal_scan *scan, struct journal_record *header)
{
    uint64_t some;

    assert(scan->at % JOURNAL_ALIGNMENT == 0);
    BOUGH_TRY(fill(scan, &some));
    if (some < JOURNAL_RECORD_HEADER)
        return BOUGH_CORRUPT;
    journal_format_record_get(scan->journal->log.stage + (scan->at - scan->window_at), header);
    return BOUGH_OK;
}

void journal_scan_align(struct journal_scan *scan)
{
    uint32_t unit = scan->journal->super.unit_bytes;

    scan->at = (scan->at + unit - 1) / unit * unit;
}
