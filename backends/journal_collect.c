/* SPDX-License-Identifier: ISC
 *
 * journal_collect.c - find out what still lives, and make room of the rest.
 *
 * Up for collection is what was written before the collection began, in segments that are full, and
 * before the first hold: values whose writer is still open are in no tree yet.
 *   (1) Nothing is overwritten before a checkpoint that no longer counts on it (EMPTY, then FREE).
 *   (2) A copy goes into the index before its segment is given up, and both are durable together.
 *   (3) A segment with a record that does not check is never given up.
 */
#include "journal_collect.h"
#include "journal_read.h"
#include "journal_write.h"

/* A segment in which more than this share lives is left alone: copying it costs more than it gives.
 */
#define WORTH_NUMERATOR   3u
#define WORTH_DENOMINATOR 4u

#define CLEAN_ARENA_BYTES ((size_t)160 << 20) /* one record at a time */

void journal_collect_begin(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    journal_segment_unmark(segments);
    journal->clean = (struct journal_clean){0};
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        struct journal_segment *one = &segments->at[i];

        one->candidate = one->state == JOURNAL_SEGMENT_USED && i != segments->current &&
                         (journal->hold_count == 0 || one->opening < journal->hold_opening);
    }
}

/* Where the object is now: rule (4) of the journal. */
static uint64_t address_of(const struct journal *journal, const struct bough_link *link)
{
    uint64_t moved = journal_index_find(&journal->index, journal_state_tag(journal, &link->name));

    return moved != 0 ? moved : link->address;
}

enum bough_err journal_collect_mark(struct journal *journal, const struct bough_link *link,
                                    bool *fresh)
{
    return journal_segment_mark(&journal->segments, address_of(journal, link), fresh);
}

bool journal_collect_may_reuse(const struct journal *journal, uint64_t address)
{
    return !journal_segment_is_candidate(&journal->segments, address) ||
           journal_segment_is_marked(&journal->segments, address);
}

/* What the index keeps. */
static bool lives(const void *context, uint64_t address)
{
    return journal_collect_may_reuse(context, address);
}

enum bough_err journal_collect_sweep(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    BOUGH_TRY(journal_index_filter(&journal->index, lives, journal));
    journal_index_recent_clear(&journal->recent);
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        if (segments->at[i].candidate && segments->at[i].marks == NULL) {
            assert(i != segments->current);
            journal_segment_set(segments, i, JOURNAL_SEGMENT_EMPTY);
            segments->at[i].candidate = false;
        }
    }
    journal->swept_bytes = 0;
    journal->swept_generation = journal->root.generation;
    return BOUGH_OK;
}

/* The candidate in which least lives, if it is worth emptying. */
static bool pick_victim(const struct journal_segments *segments, uint32_t *victim)
{
    uint64_t least = segments->super.segment_bytes * WORTH_NUMERATOR / WORTH_DENOMINATOR;
    bool found = false;

    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        const struct journal_segment *one = &segments->at[i];

        if (one->candidate && one->state == JOURNAL_SEGMENT_USED && one->live_bytes < least) {
            least = one->live_bytes;
            *victim = i;
            found = true;
        }
    }
    return found;
}

/* Copies one living object to the log's end. */
static enum bough_err copy_object(struct journal *journal, uint64_t address,
                                  const struct journal_record *record, struct bough_bytes payload)
{
    uint8_t kind = record->kind | JOURNAL_KIND_MOVED;
    uint64_t record_bytes = journal_format_record_bytes(record);
    size_t own_len = payload.len - record->address_count * 8u;
    struct bough_hash name;
    uint64_t tag;
    uint64_t moved;
    uint64_t known;
    enum bough_err err;

    hash_of(kind & (uint32_t)~JOURNAL_KIND_MOVED, bough_bytes_of(payload.at, own_len), &name);
    tag = journal_state_tag(journal, &name);
    assert(record->kind != 0 &&
           journal_format_segment_of(&journal->super, journal_format_address_offset(address)) ==
               journal->clean.segment);
    known = journal_index_find(&journal->index, tag);
    if (known != 0 && known != address)
        return BOUGH_OK; /* another copy of it is the one in use */
    BOUGH_TRY(journal_write_room(journal, record_bytes, JOURNAL_WRITE_COPY));
    err = journal_write_record(journal, kind, record->address_count, payload,
                               (struct bough_bytes){0}, &moved);
    if (err != BOUGH_OK)
        return journal_write_fail(journal, err);
    return journal_index_add(&journal->index, tag, moved);
}

/* Gives up on a segment that cannot be read: it stays as it is. */
static void abandon(struct journal *journal, enum bough_err err)
{
    struct journal_clean *clean = &journal->clean;

    bough_log(journal->env->log, BOUGH_ERROR, "journal",
              "a record at %llu cannot be read (%s): its segment is kept as it is",
              (unsigned long long)clean->at, bough_err_name(err));
    journal->base.damaged = journal->base.damaged || err == BOUGH_CORRUPT;
    journal->segments.at[clean->segment].candidate = false;
    clean->active = false;
}

/* Goes behind a record; the end of the segment ends its cleaning. */
static void step_over(struct journal *journal, const struct journal_record *record)
{
    struct journal_clean *clean = &journal->clean;
    uint64_t unit = journal->super.unit_bytes;

    assert(clean->active);
    clean->at += journal_format_record_bytes(record);
    if (record->kind == JOURNAL_KIND_ROOT)
        clean->at = (clean->at + unit - 1) / unit * unit;
    if (record->kind == JOURNAL_KIND_NEXT) {
        journal_segment_set(&journal->segments, clean->segment, JOURNAL_SEGMENT_EMPTY);
        journal->segments.at[clean->segment].candidate = false;
        clean->active = false;
    }
}

/* Copies what lives in the segment being cleaned, up to its offset `stop` or its end. */
static enum bough_err clean_segment(struct journal *journal, uint64_t stop,
                                    struct bough_arena *arena)
{
    struct journal_clean *clean = &journal->clean;

    while (clean->active && clean->at < stop) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        struct journal_record record;
        struct bough_bytes payload;
        enum bough_err err = journal_read_at(journal, clean->at, arena, &record, &payload);

        if (err == BOUGH_CORRUPT || err == BOUGH_IO) {
            abandon(journal, err);
            return BOUGH_OK;
        }
        if (err == BOUGH_OK) {
            uint64_t address =
                journal_format_address(clean->at, journal_format_record_bytes(&record));

            if (journal_segment_is_marked(&journal->segments, address))
                err = copy_object(journal, address, &record, payload);
        }
        if (err != BOUGH_OK)
            return err;
        step_over(journal, &record);
        bough_arena_back(arena, mark);
    }
    return BOUGH_OK;
}

enum bough_err journal_collect_clean(struct journal *journal, uint64_t max_bytes, bool *done)
{
    struct journal_clean *clean = &journal->clean;
    struct bough_arena arena;
    enum bough_err err;

    *done = false;
    if (!clean->active) {
        clean->active = pick_victim(&journal->segments, &clean->segment);
        clean->at = journal_format_segment_at(&journal->super, clean->segment);
    }
    if (!clean->active) {
        *done = true;
        return BOUGH_OK;
    }
    bough_arena_init(&arena, journal->env->heap, CLEAN_ARENA_BYTES);
    err = clean_segment(journal, clean->at + max_bytes, &arena);
    bough_arena_release(&arena);
    return err;
}
