/* SPDX-License-Identifier: ISC
 *
 * journal_recover.c - find the newest root whose chain checks.
 *
 * A group counts iff its GROUP record continues the chain, every record in it passes its CRC and
 * carries its nonce, and its ROOT record counts them right.  The first group that fails ends the
 * log.  A group is begun only after the one before it was flushed.  So if only objects of a group
 * fail, and the next group goes on where it ends, it was acknowledged and counts; reading those
 * objects is an error.  And if a group with a later number stands behind the first that fails
 * otherwise, that one is damaged, not torn: the store is then opened read-only.
 */
#include "journal_recover.h"
#include "decode.h"
#include "journal_address.h"
#include "journal_scan.h"

/* How many segments behind the present one are looked at for signs of later groups: those that
 * would have been opened next. */
#define SURVEY_SEGMENTS 64u

/* For the entries of one group: a collection may move some hundred thousand objects in one. */
#define GROUP_ARENA_BYTES ((size_t)64 << 20)

#define NOWHERE UINT32_MAX

/* A segment that a group opened. */
struct opened {
    struct opened *older;
    uint32_t segment;
    uint64_t opening;
    uint64_t excess_before; /* as recover->excess, of the group's records in the segment before */
};

/* An entry for the map of names. */
struct found {
    struct found *older;
    uint64_t tag;
    uint64_t address;
};

struct recover {
    struct journal *journal;
    struct journal_scan scan;
    struct bough_arena arena; /* of one group */
    struct opened *opened;    /* by the group being read; both count only once it has its ROOT */
    struct found *found;
    uint64_t head;
    uint64_t opening; /* of the segment that the head is in */
    uint32_t records; /* of the group being read, but for GROUP, ROOT, NEXT and SEGMENT */
    uint32_t spoiled; /* of these, objects that do not pass their CRC */
    uint32_t crc;     /* over the crc fields of all its records so far */
    uint64_t excess;  /* by how much the classes of its records exceed them, in its last segment */
    uint32_t goes_on; /* the segment that its last NEXT names; NOWHERE = it has none */
};

/* Reads the GROUP at the head; BOUGH_CORRUPT if it does not go on where the log ends. */
static enum bough_err begin_group(struct recover *recover, uint32_t *nonce)
{
    struct journal *journal = recover->journal;
    struct journal_scanned record;
    struct decode in;
    uint64_t sequence;
    struct bough_hash chain;

    recover->scan.at = recover->head;
    recover->scan.opening = recover->opening;
    BOUGH_TRY(journal_scan_record(&recover->scan, &record));
    in = decode_from(bough_bytes_of(record.start, sizeof(record.start)));
    sequence = decode_u64(&in);
    chain = decode_hash(&in);
    *nonce = decode_u32(&in);
    if (record.header.kind != JOURNAL_KIND_GROUP ||
        record.header.payload_len != JOURNAL_GROUP_BYTES || record.header.nonce != *nonce ||
        sequence != journal->sequence + 1 || !bough_hash_equal(&chain, &journal->chain))
        return BOUGH_CORRUPT;
    recover->crc = journal_format_crc_list(0, record.header.crc);
    return BOUGH_OK;
}

/* Follows a NEXT record into the segment it names. */
static enum bough_err follow(struct recover *recover, const struct journal_scanned *next,
                             uint32_t nonce)
{
    struct journal *journal = recover->journal;
    struct decode in = decode_from(bough_bytes_of(next->start, JOURNAL_NEXT_BYTES));
    uint32_t segment = decode_u32(&in);
    uint64_t opening = decode_u64(&in);
    struct opened *opened;
    struct journal_scanned record;

    if (next->header.payload_len != JOURNAL_NEXT_BYTES || segment >= journal->super.segment_count ||
        journal->segments.at[segment].state == JOURNAL_SEGMENT_USED)
        return BOUGH_CORRUPT;
    recover->goes_on = segment;
    recover->scan.at = journal_format_segment_at(&journal->super, segment);
    recover->scan.opening = opening;
    BOUGH_TRY(journal_scan_record(&recover->scan, &record));
    in = decode_from(bough_bytes_of(record.start, sizeof(record.start)));
    if (record.header.kind != JOURNAL_KIND_SEGMENT || record.header.nonce != nonce ||
        decode_u64(&in) != opening)
        return BOUGH_CORRUPT;
    recover->crc = journal_format_crc_list(recover->crc, record.header.crc);
    opened = bough_arena_take(&recover->arena, sizeof(*opened));
    if (opened == NULL)
        return BOUGH_NO_MEMORY;
    *opened = (struct opened){.older = recover->opened,
                              .segment = segment,
                              .opening = opening,
                              .excess_before = recover->excess};
    recover->opened = opened;
    recover->excess = 0;
    return BOUGH_OK;
}

/* Takes note of one record between GROUP and ROOT. */
static enum bough_err take_record(struct recover *recover, const struct journal_scanned *record,
                                  uint32_t nonce)
{
    struct journal *journal = recover->journal;
    struct found *found;

    if (record->header.kind == JOURNAL_KIND_NEXT)
        return follow(recover, record, nonce);
    recover->records++;
    recover->spoiled += record->spoiled ? 1 : 0;
    recover->excess +=
        journal_address_bytes_max(record->address) - journal_format_record_bytes(&record->header);
    if (bough_hash_is_none(&record->name) || record->header.copy)
        return BOUGH_OK; /* what it is a copy of has its name in the map */
    found = bough_arena_take(&recover->arena, sizeof(*found));
    if (found == NULL)
        return BOUGH_NO_MEMORY;
    *found = (struct found){
        .older = recover->found,
        .tag = journal_state_tag(journal, &record->name),
        .address = record->address,
    };
    recover->found = found;
    return BOUGH_OK;
}

/* Whether the group at `at` continues sequence and chain: then the one before was acknowledged. */
static enum bough_err is_continued(struct recover *recover, uint64_t at, uint64_t sequence,
                                   const struct bough_hash *chain)
{
    struct journal_scanned record;
    struct decode in;
    struct bough_hash found;

    recover->scan.at = at;
    BOUGH_TRY(journal_scan_record(&recover->scan, &record));
    in = decode_from(bough_bytes_of(record.start, sizeof(record.start)));
    if (record.header.kind != JOURNAL_KIND_GROUP || decode_u64(&in) != sequence + 1)
        return BOUGH_CORRUPT;
    found = decode_hash(&in);
    return bough_hash_equal(&found, chain) ? BOUGH_OK : BOUGH_CORRUPT;
}

/* Logs that objects of the group being read are damaged, if the next group shows that it was
 * acknowledged all the same. */
static enum bough_err accept_spoiled(struct recover *recover, uint64_t next,
                                     const struct bough_hash *chain)
{
    struct journal *journal = recover->journal;

    BOUGH_TRY(is_continued(recover, next, journal->sequence + 1, chain));
    journal->base.damaged = true;
    bough_log(journal->env->log, BOUGH_ERROR, "journal",
              "group %llu at %llu: %u of %u records are damaged",
              (unsigned long long)journal->sequence + 1, (unsigned long long)recover->head,
              recover->spoiled, recover->records);
    return BOUGH_OK;
}

/* What the group opened is in use, and what it holds is found there.  `first` is the segment that
 * it begins in. */
static enum bough_err take_over(struct recover *recover, uint64_t first)
{
    struct journal *journal = recover->journal;
    uint64_t excess = recover->excess;

    for (const struct opened *at = recover->opened; at != NULL; at = at->older) {
        journal_segment_use(&journal->segments, at->segment, at->opening);
        journal->segments.at[at->segment].excess_bytes = excess;
        excess = at->excess_before;
    }
    journal->segments.at[first].excess_bytes += excess;
    for (const struct found *at = recover->found; at != NULL; at = at->older)
        BOUGH_TRY(journal_map_add(&journal->names, at->tag, at->address));
    return BOUGH_OK;
}

/* Takes over a group that has been read to its ROOT. */
static enum bough_err end_group(struct recover *recover, const struct journal_scanned *record)
{
    struct journal *journal = recover->journal;
    uint64_t first = journal_format_segment_of(&journal->super, recover->head);
    struct journal_root root;
    struct bough_hash chain;
    uint64_t head;

    if (record->header.payload_len != JOURNAL_ROOT_BYTES)
        return BOUGH_CORRUPT;
    journal_format_root_get(record->start, &root);
    if (root.record_count != recover->records)
        return BOUGH_CORRUPT;
    assert(recover->spoiled <= recover->records);
    hash_of(JOURNAL_DOMAIN_CHAIN, bough_bytes_of(record->start, JOURNAL_ROOT_BYTES), &chain);
    journal_scan_align(&recover->scan);
    head = recover->scan.at;
    /* Where a crash cut an attempt at this very group short, its records may stand among these, and
     * pass; then the list of CRCs is not that of the ROOT. */
    if (recover->spoiled > 0 || root.records_crc != recover->crc)
        BOUGH_TRY(accept_spoiled(recover, head, &chain));
    journal->root = root.root;
    journal->chain = chain;
    journal->sequence++;
    recover->head = head;
    if (recover->opened != NULL)
        recover->opening = recover->opened->opening;
    return take_over(recover, first);
}

/* Reads the group at the head; BOUGH_CORRUPT when it does not check, which leaves no trace but
 * index entries. */
static enum bough_err take_group(struct recover *recover)
{
    struct journal_scanned record;
    uint32_t nonce;

    recover->records = 0;
    recover->spoiled = 0;
    recover->crc = 0;
    recover->excess = 0;
    recover->goes_on = NOWHERE;
    recover->opened = NULL;
    recover->found = NULL;
    BOUGH_TRY(begin_group(recover, &nonce));
    for (;;) {
        BOUGH_TRY(journal_scan_record(&recover->scan, &record));
        recover->journal->log_bytes += journal_format_record_bytes(&record.header);
        if (record.header.nonce != nonce)
            return BOUGH_CORRUPT;
        if (record.header.kind == JOURNAL_KIND_ROOT)
            return end_group(recover, &record);
        recover->crc = journal_format_crc_list(recover->crc, record.header.crc);
        BOUGH_TRY(take_record(recover, &record, nonce));
    }
}

/* The number of the group that the GROUP or SEGMENT record at `at` belongs to, 0 if there is none.
 */
static enum bough_err sequence_at(struct recover *recover, uint64_t at, uint8_t kind,
                                  uint64_t *sequence)
{
    uint32_t expected = kind == JOURNAL_KIND_GROUP ? JOURNAL_GROUP_BYTES : JOURNAL_SEGMENT_PAYLOAD;
    struct journal_record header;
    struct journal_scanned record;
    struct decode in;
    enum bough_err err;

    *sequence = 0;
    recover->scan.at = at;
    BOUGH_TRY(journal_scan_peek(&recover->scan, &header));
    /* Asked first: elsewhere a record's length would be any number. */
    if (header.kind != kind || header.payload_len != expected)
        return BOUGH_OK;
    err = journal_scan_record(&recover->scan, &record);
    if (err != BOUGH_OK)
        return err == BOUGH_CORRUPT ? BOUGH_OK : err;
    in = decode_from(bough_bytes_of(record.start, sizeof(record.start)));
    if (kind == JOURNAL_KIND_SEGMENT)
        (void)decode_u64(&in); /* the opening */
    *sequence = decode_u64(&in);
    return BOUGH_OK;
}

/* Whether a segment begins at an offset. */
static bool is_segment_start(const struct journal_super *super, uint64_t at)
{
    return at >= journal_format_segment_at(super, 0) &&
           (at - journal_format_segment_at(super, 0)) % super->segment_bytes == 0;
}

/* Looks for a group behind the one that fails, at every block: a write that went astray is not on a
 * unit.  A SEGMENT record that is not at a segment's start went astray for certain, and the group
 * whose write that was may have been acknowledged. */
static enum bough_err survey_range(struct recover *recover, uint64_t from, uint64_t end,
                                   bool *damaged)
{
    const struct journal *journal = recover->journal;

    for (uint64_t at = from; at < end && !*damaged; at += journal->dev->block_size) {
        uint64_t sequence;

        BOUGH_TRY(sequence_at(recover, at, JOURNAL_KIND_GROUP, &sequence));
        *damaged = sequence > journal->sequence + 1;
        if (*damaged || is_segment_start(&journal->super, at))
            continue;
        BOUGH_TRY(sequence_at(recover, at, JOURNAL_KIND_SEGMENT, &sequence));
        *damaged = sequence > journal->sequence;
    }
    return BOUGH_OK;
}

/* Looks for later groups in the rest of the segment, and in those that would be opened next; in
 * all, where the checkpoint may not be the newest: segments that it counts on may have been used
 * anew. */
static enum bough_err survey(struct recover *recover, bool *damaged)
{
    const struct journal *journal = recover->journal;
    const struct journal_segments *segments = &journal->segments;
    uint32_t count = segments->super.segment_count;
    uint64_t start = journal_format_segment_at(&segments->super, segments->current);

    *damaged = false;
    /* What went astray over what was behind may begin in the padding before, or among the
     * superblocks. */
    BOUGH_TRY(survey_range(
        recover, recover->head > start ? recover->head - segments->super.unit_bytes : recover->head,
        start + segments->super.segment_bytes, damaged));
    BOUGH_TRY(survey_range(recover, 0, journal_format_segment_at(&segments->super, 0), damaged));
    for (uint32_t i = 1; i < count && !*damaged && (i <= SURVEY_SEGMENTS || journal->doubtful);
         i++) {
        uint32_t segment = (segments->current + i) % count;
        uint64_t at = journal_format_segment_at(&segments->super, segment);
        uint64_t sequence;

        if (segments->at[segment].state != JOURNAL_SEGMENT_FREE && !journal->doubtful)
            continue;
        BOUGH_TRY(sequence_at(recover, at, JOURNAL_KIND_SEGMENT, &sequence));
        *damaged = sequence > journal->sequence + 1;
        /* Opened by the group that fails; what went astray may have covered the record of that. */
        if (sequence == journal->sequence + 1 || segment == recover->goes_on)
            BOUGH_TRY(survey_range(recover, at, at + segments->super.segment_bytes, damaged));
    }
    return BOUGH_OK;
}

/* Stands where the next group goes. */
static enum bough_err finish(struct recover *recover)
{
    struct journal *journal = recover->journal;
    struct journal_segments *segments = &journal->segments;
    bool damaged;

    segments->current = (uint32_t)journal_format_segment_of(&journal->super, recover->head);
    assert(segments->at[segments->current].state == JOURNAL_SEGMENT_USED);
    journal_log_seek(&journal->log, recover->head,
                     journal_format_segment_at(&journal->super, segments->current) +
                         journal->super.segment_bytes);
    journal->synced_generation = journal->root.generation;
    BOUGH_TRY(survey(recover, &damaged));
    if (damaged) { /* or was it one read that came from elsewhere? */
        recover->scan.window_len = 0;
        BOUGH_TRY(survey(recover, &damaged));
    }
    if (damaged)
        bough_log(journal->env->log, BOUGH_ERROR, "journal",
                  "group %llu at %llu is damaged, and later ones are there: opened read-only at "
                  "the state before it",
                  (unsigned long long)journal->sequence + 1, (unsigned long long)recover->head);
    else if (recover->records > 0)
        bough_log(journal->env->log, BOUGH_WARN, "journal",
                  "the last group, at %llu, was never finished: %u records of it can be read; it "
                  "was not acknowledged and will be overwritten",
                  (unsigned long long)recover->head, recover->records);
    journal->base.read_only = journal->base.read_only || damaged;
    journal->base.damaged = journal->base.damaged || damaged;
    return BOUGH_OK;
}

enum bough_err journal_recover(struct journal *journal)
{
    struct recover recover = {
        .journal = journal,
        .scan = journal_scan_begin(journal, journal->super.head, journal->super.opening),
        .head = journal->super.head,
        .opening = journal->super.opening,
    };
    uint64_t first = journal_format_segment_of(&journal->super, recover.head);
    enum bough_err err;

    if (first >= journal->super.segment_count)
        return BOUGH_CORRUPT;
    journal->sequence = journal->super.sequence;
    journal->chain = journal->super.chain;
    journal_segment_use(&journal->segments, (uint32_t)first, journal->super.opening);
    bough_arena_init(&recover.arena, journal->env->heap, GROUP_ARENA_BYTES);
    /* What is behind the end will be written over, so the end is read twice: one read that came
     * from elsewhere on the device must not decide it. */
    for (unsigned pass = 0; pass < 2; pass++) {
        recover.scan.window_len = 0;
        do {
            err = take_group(&recover);
            bough_arena_release(&recover.arena);
        } while (err == BOUGH_OK);
        if (err != BOUGH_CORRUPT)
            return err;
    }
    return finish(&recover);
}
