/* SPDX-License-Identifier: ISC
 *
 * journal_recover.c - find the newest root whose chain checks.
 *
 * A group counts iff its GROUP record continues the chain, every record in it passes its CRC, and
 * its ROOT record counts them right and knows their CRCs: for an older attempt at the same group,
 * cut short by a crash, may stand below, and its records pass, too.  The first group that fails
 * ends the log.
 *
 * A group is begun only after the one before it was flushed.  So where the next group continues the
 * chain, objects that fail their CRC are damaged, not torn: the group counts, and whoever reads
 * such an object is told.  And if a group with a later number stands behind the one that ends the
 * log, what is between cannot be read in order although it was acknowledged: the store is then
 * opened read-only.  The scan reads through the log's stage, which is free until the first append.
 *   (1) window[0..window_len) are the bytes from window_at on; it is refilled in whole units.
 */
#include "journal_recover.h"
#include "hash.h"

/* How far behind the end of the log is looked for groups: a little where nothing was written, far
 * where something was, since a large group may stand between. */
#define SURVEY_BLANK_BYTES ((uint64_t)1 << 20)
#define SURVEY_TORN_BYTES  ((uint64_t)64 << 20)

struct scan {
    struct journal_log *log;
    const struct journal_super *super;
    struct journal_index *index;
    uint64_t window_at;
    uint64_t window_len;
    uint64_t at; /* the next byte */
    uint32_t crc_begin;
};

/* A record being read: its header, and what has been computed over its payload. */
struct scanned {
    struct journal_record header;
    uint64_t offset;
    bool spoiled;                      /* an object that does not pass its CRC */
    uint8_t crc_field[4];              /* as it stands on the device */
    struct bough_hash name;            /* of a commit or tag */
    uint8_t start[JOURNAL_ROOT_BYTES]; /* the payload's first bytes */
};

/* Makes some bytes at scan->at available; *some is how many.  BOUGH_NOT_FOUND at the log's end. */
static enum bough_err fill(struct scan *scan, uint64_t *some)
{
    struct journal_log *log = scan->log;
    uint32_t block_size = log->dev->block_size;
    uint64_t len;

    if (scan->at >= scan->super->log_end)
        return BOUGH_NOT_FOUND;
    if (scan->at < scan->window_at || scan->at >= scan->window_at + scan->window_len) {
        scan->window_at = scan->at - scan->at % log->unit_bytes;
        len = scan->super->log_end - scan->window_at;
        if (len > JOURNAL_LOG_STAGE_BYTES)
            len = JOURNAL_LOG_STAGE_BYTES;
        scan->window_len = 0;
        BOUGH_TRY(bough_block_read(log->dev, scan->window_at / block_size,
                                   (uint32_t)(len / block_size), log->stage));
        scan->window_len = len;
    }
    *some = scan->window_at + scan->window_len - scan->at;
    return BOUGH_OK;
}

/* The next `len` bytes, handed on in pieces to CRC and hash, the first of them kept. */
struct sink {
    uint32_t crc;
    struct hash_state *hash; /* NULL = none */
    uint64_t hash_left;
    uint8_t *keep;
    size_t keep_left;
};

static enum bough_err take(struct scan *scan, uint64_t len, struct sink *sink)
{
    while (len > 0) {
        uint64_t some;
        struct bough_bytes piece;

        BOUGH_TRY(fill(scan, &some));
        if (some > len)
            some = len;
        piece = bough_bytes_of(scan->log->stage + (scan->at - scan->window_at), (size_t)some);
        sink->crc = journal_format_crc_add(sink->crc, piece);
        if (sink->keep_left > 0) {
            size_t kept = piece.len < sink->keep_left ? piece.len : sink->keep_left;

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
        scan->at += some;
        len -= some;
    }
    return BOUGH_OK;
}

static bool is_object(const struct journal_record *header)
{
    return header->kind >= BOUGH_KIND_VALUE && header->kind <= BOUGH_KIND_CHUNKS;
}

/* Reads and checks the record at scan->at.  BOUGH_CORRUPT when it does not check and is not even
 * like an object, BOUGH_NOT_FOUND when the log ends in it. */
static enum bough_err take_record(struct scan *scan, struct scanned *record)
{
    uint8_t header[JOURNAL_RECORD_HEADER];
    struct sink sink = {.keep = header, .keep_left = sizeof(header)};
    struct hash_state hash;
    bool named;

    record->offset = scan->at;
    record->spoiled = false;
    memset(record->start, 0, sizeof(record->start));
    BOUGH_TRY(take(scan, sizeof(header), &sink));
    journal_format_record_get(header, &record->header);
    memcpy(record->crc_field, header, sizeof(record->crc_field));
    if (record->header.payload_len > JOURNAL_RECORD_BYTES_MAX - JOURNAL_RECORD_HEADER ||
        record->header.address_count * 8u > record->header.payload_len)
        return BOUGH_CORRUPT;
    named = record->header.kind == BOUGH_KIND_COMMIT || record->header.kind == BOUGH_KIND_TAG;
    sink = (struct sink){
        .crc =
            journal_format_crc_add(scan->crc_begin, bough_bytes_of(header + 4, sizeof(header) - 4)),
        .hash = named ? &hash : NULL,
        .hash_left = record->header.payload_len - record->header.address_count * 8u,
        .keep = record->start,
        .keep_left = sizeof(record->start),
    };
    if (named)
        hash_begin(&hash, record->header.kind);
    BOUGH_TRY(take(scan, record->header.payload_len, &sink));
    record->spoiled = sink.crc != record->header.crc;
    if (record->spoiled && !is_object(&record->header))
        return BOUGH_CORRUPT;
    if (named)
        hash_end(&hash, &record->name);
    scan->at = record->offset + journal_format_record_bytes(&record->header);
    return BOUGH_OK;
}

/* Whether a record is the GROUP that goes on where `found` ends. */
static bool continues(const struct scanned *record, const struct journal_found *found)
{
    uint8_t expected[JOURNAL_GROUP_BYTES];

    for (unsigned i = 0; i < 8; i++)
        expected[i] = (uint8_t)((found->sequence + 1) >> (8 * i));
    memcpy(expected + 8, found->chain.at, BOUGH_HASH_BYTES);
    return record->header.kind == JOURNAL_KIND_GROUP &&
           record->header.payload_len == JOURNAL_GROUP_BYTES &&
           memcmp(record->start, expected, sizeof(expected)) == 0;
}

/* What was read of a group: all its objects, and those of them that check. */
struct counted {
    uint32_t records;
    uint32_t good;
    uint32_t crc; /* over the crc fields of all */
};

/* Reads objects up to the ROOT record, which is left in `record`; indexes commits and tags. */
static enum bough_err take_objects(struct scan *scan, uint64_t sequence, struct counted *counted,
                                   struct scanned *record)
{
    for (;;) {
        const struct journal_record *header = &record->header;

        BOUGH_TRY(take_record(scan, record));
        if (header->sequence != (uint32_t)sequence)
            return BOUGH_CORRUPT;
        if (header->kind == JOURNAL_KIND_ROOT)
            return header->payload_len == JOURNAL_ROOT_BYTES ? BOUGH_OK : BOUGH_CORRUPT;
        counted->records++;
        counted->crc = journal_format_crc_add(
            counted->crc, bough_bytes_of(record->crc_field, sizeof(record->crc_field)));
        if (record->spoiled)
            continue;
        counted->good++;
        if (header->kind == BOUGH_KIND_COMMIT || header->kind == BOUGH_KIND_TAG)
            BOUGH_TRY(journal_index_add(
                scan->index, &record->name,
                journal_format_address(record->offset, journal_format_record_bytes(header))));
    }
}

/* Whether the group behind the newest one in `found` shows that that was acknowledged. */
static enum bough_err check_acknowledged(struct scan *scan, const struct journal_found *found)
{
    struct scanned record;

    scan->at = found->head;
    BOUGH_TRY(take_record(scan, &record));
    return continues(&record, found) ? BOUGH_OK : BOUGH_CORRUPT;
}

/* Reads the group at found->head and moves `found` behind it; BOUGH_CORRUPT or BOUGH_NOT_FOUND when
 * it does not check, and `counted` says what of it did. */
static enum bough_err take_group(struct scan *scan, struct journal_found *found,
                                 struct counted *counted)
{
    struct journal_found next = *found;
    struct scanned record;
    struct journal_root root;

    *counted = (struct counted){0};
    scan->at = found->head;
    BOUGH_TRY(take_record(scan, &record));
    if (!continues(&record, found))
        return BOUGH_CORRUPT;
    next.sequence++;
    BOUGH_TRY(take_objects(scan, next.sequence, counted, &record));
    journal_format_root_get(record.start, &root);
    if (root.record_count != counted->records)
        return BOUGH_CORRUPT;
    hash_of(JOURNAL_DOMAIN_CHAIN, bough_bytes_of(record.start, JOURNAL_ROOT_BYTES), &next.chain);
    next.root = root.root;
    next.head =
        (scan->at + scan->log->unit_bytes - 1) / scan->log->unit_bytes * scan->log->unit_bytes;
    if (counted->good < counted->records || root.objects_crc != counted->crc) {
        BOUGH_TRY(check_acknowledged(scan, &next));
        next.spoiled_count += counted->records - counted->good;
        bough_log(scan->log->env->log, BOUGH_ERROR, "journal",
                  "group %llu at %llu: %u of %u objects are damaged",
                  (unsigned long long)next.sequence, (unsigned long long)found->head,
                  counted->records - counted->good, counted->records);
    }
    *found = next;
    return BOUGH_OK;
}

/* The group number in a GROUP record. */
static uint64_t sequence_of(const struct scanned *record)
{
    uint64_t sequence = 0;

    for (unsigned i = 0; i < 8; i++)
        sequence |= (uint64_t)record->start[i] << (8 * i);
    return sequence;
}

/* Whether the unit at `at` is all zeros. */
static enum bough_err is_zero(struct scan *scan, uint64_t at, bool *zero)
{
    uint64_t some;
    const uint8_t *unit;

    scan->at = at;
    BOUGH_TRY(fill(scan, &some));
    assert(some >= scan->log->unit_bytes);
    unit = scan->log->stage + (at - scan->window_at);
    *zero = unit[0] == 0 && memcmp(unit, unit + 1, scan->log->unit_bytes - 1) == 0;
    return BOUGH_OK;
}

/* Whether the unit at `at` begins like a group.  Asked first: elsewhere a record's length would be
 * any number, and reading that far at every unit would take hours. */
static enum bough_err is_group(struct scan *scan, uint64_t at, bool *group)
{
    struct journal_record header;
    uint64_t some;

    scan->at = at;
    BOUGH_TRY(fill(scan, &some));
    assert(some >= JOURNAL_RECORD_HEADER);
    journal_format_record_get(scan->log->stage + (at - scan->window_at), &header);
    *group = header.kind == JOURNAL_KIND_GROUP && header.payload_len == JOURNAL_GROUP_BYTES;
    return BOUGH_OK;
}

/* Looks for groups that can still be parsed; counts them, and notes whether one shows that the
 * first behind the end was acknowledged.  Looks at every block: a write that went astray is not on
 * a unit. */
static enum bough_err look_for_groups(struct scan *scan, struct journal_found *found, uint64_t from,
                                      uint64_t end, unsigned *groups)
{
    for (uint64_t at = from; at < end; at += scan->log->dev->block_size) {
        struct scanned record;
        bool possible;
        enum bough_err err;

        BOUGH_TRY(is_group(scan, at, &possible));
        if (!possible)
            continue;
        scan->at = at;
        err = take_record(scan, &record);
        if (err == BOUGH_OK && !record.spoiled) {
            *groups += sequence_of(&record) > found->sequence;
            found->damaged = found->damaged || sequence_of(&record) > found->sequence + 1;
        } else if (err != BOUGH_OK && err != BOUGH_CORRUPT && err != BOUGH_NOT_FOUND) {
            return err;
        }
    }
    return BOUGH_OK;
}

/* Tells a clean end, a torn last group and damage apart, and logs the latter two. */
static enum bough_err survey(struct scan *scan, struct journal_found *found, uint32_t torn_records)
{
    struct bough_log *log = scan->log->env->log;
    uint64_t left = scan->super->log_end - found->head;
    uint64_t far = SURVEY_TORN_BYTES;
    unsigned groups = 0;
    bool blank;

    if (left == 0)
        return BOUGH_OK;
    BOUGH_TRY(is_zero(scan, found->head, &blank));
    if (blank)
        far = SURVEY_BLANK_BYTES;
    /* A write that went astray over what was behind may begin in the padding of the group before,
     * or among the superblocks. */
    BOUGH_TRY(look_for_groups(scan, found, found->head - scan->log->unit_bytes,
                              found->head + (far < left ? far : left), &groups));
    BOUGH_TRY(look_for_groups(scan, found, 0, scan->super->log_start, &groups));
    if (found->damaged)
        bough_log(log, BOUGH_ERROR, "journal",
                  "group %llu at %llu is damaged, and %u later ones are there: opened read-only at "
                  "the state before it",
                  (unsigned long long)found->sequence + 1, (unsigned long long)found->head, groups);
    else if (groups > 0)
        bough_log(log, BOUGH_WARN, "journal",
                  "the last group, at %llu, was never finished: %u records of it can be read; it "
                  "was not acknowledged and will be overwritten",
                  (unsigned long long)found->head, torn_records);
    return BOUGH_OK;
}

enum bough_err journal_recover(struct journal_log *log, const struct journal_super *super,
                               struct journal_index *index, struct journal_found *found)
{
    struct scan scan = {
        .log = log,
        .super = super,
        .index = index,
        .crc_begin = journal_format_crc_begin(&super->identity),
    };
    struct counted counted;
    enum bough_err err;

    assert(log->len == 0);
    assert(super->log_start % log->unit_bytes == 0 && super->log_end % log->unit_bytes == 0);
    *found = (struct journal_found){.head = super->log_start};
    /* What is behind the end will be written over, so the end is read twice: one read that came
     * from elsewhere on the device must not decide it. */
    for (unsigned pass = 0; pass < 2; pass++) {
        scan.window_len = 0;
        do {
            err = take_group(&scan, found, &counted);
        } while (err == BOUGH_OK);
        if (err != BOUGH_CORRUPT && err != BOUGH_NOT_FOUND)
            return err;
    }
    BOUGH_TRY(journal_index_cut(index, journal_format_address(found->head, 0)));
    return survey(&scan, found, counted.good);
}
