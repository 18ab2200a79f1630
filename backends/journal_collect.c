/* SPDX-License-Identifier: ISC
 *
 * journal_collect.c - find out what still lives, and make room of the rest.
 *
 * Up for collection is what was written before the collection began, in segments that are full, and
 * before the first hold: values whose writer is still open are in no tree yet.
 *   (1) Nothing is overwritten before a checkpoint that no longer counts on it (EMPTY, then FREE).
 *   (2) A copy goes into the map of moves before its segment is given up, and the checkpoint that
 *       frees the segment has it.  So recovery need not know that a record is a copy.
 *   (3) A commit or tag that is garbage is in no map of names before anything that it leads to may
 *       be overwritten: who asks for it by name must not find half of it.
 *   (4) A segment with a record that does not check is given up only if nothing in the stretch that
 *       cannot be read is marked: what was there is garbage, or was replaced (journal_place.h).
 */
#include "journal_collect.h"
#include "decode.h"
#include "journal_address.h"
#include "journal_object.h"
#include "journal_place.h"
#include "journal_read.h"
#include "journal_write.h"

/* A segment in which more than this share lives is left alone: copying it costs more than it gives.
 */
#define WORTH_NUMERATOR   3u
#define WORTH_DENOMINATOR 4u

#define REUSED_MAX 1024u /* objects that are remembered under a hold */

#define CLEAN_ARENA_BYTES ((size_t)160 << 20) /* one record at a time */

/* A collection that was given up before the names were filtered leaves segments that nothing was
 * done to yet: they count as used again. */
static void undo_sweep(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    if (!journal->filtering)
        return;
    journal_map_merge_drop(&journal->names);
    journal->filtering = false;
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        if (segments->at[i].state == JOURNAL_SEGMENT_EMPTY)
            journal_segment_set(segments, i, JOURNAL_SEGMENT_USED);
    }
}

/* Where the log is. */
static uint64_t position_now(const struct journal *journal)
{
    return journal_segment_position(&journal->segments, journal_log_at(&journal->log));
}

void journal_collect_hold(struct journal *journal, bool on)
{
    assert(on || journal->hold_count > 0);
    if (on && journal->hold_count++ == 0) {
        journal->hold_opening = journal->segments.at[journal->segments.current].opening;
        journal->hold_position = position_now(journal);
        journal->reused_count = 0;
    }
    if (!on)
        journal->hold_count--;
}

void journal_collect_release(struct journal *journal)
{
    bough_heap_give(journal->env->heap, journal->reused, REUSED_MAX * sizeof(*journal->reused));
    journal->reused = NULL;
}

/* Remembers an object that nothing may lead to yet; false when there is no room for that. */
static bool remember(struct journal *journal, uint64_t address)
{
    for (uint32_t i = 0; i < journal->reused_count; i++) {
        if (journal->reused[i] == address)
            return true;
    }
    if (journal->reused == NULL)
        journal->reused =
            bough_heap_take(journal->env->heap, REUSED_MAX * sizeof(*journal->reused));
    if (journal->reused == NULL || journal->reused_count == REUSED_MAX)
        return false;
    journal->reused[journal->reused_count++] = address;
    return true;
}

void journal_collect_begin(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    undo_sweep(journal);
    journal_segment_unmark(segments);
    journal->swept = false;
    journal->clean = (struct journal_clean){0};
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        struct journal_segment *one = &segments->at[i];

        one->candidate = one->state == JOURNAL_SEGMENT_USED && i != segments->current &&
                         (journal->hold_count == 0 || one->opening < journal->hold_opening);
    }
}

/* Marks a record, wherever it is now. */
static enum bough_err mark(struct journal *journal, uint64_t address,
                           enum journal_segment_mark mark, bool *fresh)
{
    uint64_t now;

    BOUGH_TRY(journal_place_find(journal, address, &now));
    return journal_segment_mark(&journal->segments, now, mark, fresh);
}

enum bough_err journal_collect_mark(struct journal *journal, const struct bough_link *link,
                                    bool *fresh)
{
    enum bough_err err = mark(journal, link->address, JOURNAL_SEGMENT_LIVES, fresh);

    return err == BOUGH_NOT_FOUND ? BOUGH_CORRUPT : err;
}

enum bough_err journal_collect_need(struct journal *journal, uint64_t address)
{
    bool fresh;

    return mark(journal, address, JOURNAL_SEGMENT_NEEDED, &fresh);
}

/* Whether the record at an address is a patch. */
static enum bough_err is_based(struct journal *journal, uint64_t address, bool *based)
{
    struct journal_record record;
    struct bough_bytes payload;
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, journal->env->heap, CLEAN_ARENA_BYTES);
    err = journal_read_record(journal, address, &arena, &record, &payload);
    bough_arena_release(&arena);
    *based = err == BOUGH_OK && (record.kind & JOURNAL_KIND_BASED) != 0;
    return err;
}

enum bough_err journal_collect_base(struct journal *journal, const struct bough_place *place)
{
    enum bough_err err;
    bool based = true;
    uint64_t now;

    BOUGH_TRY(journal_place_find(journal, place->address, &now));
    if (now != place->address)
        BOUGH_TRY(is_based(journal, now, &based));
    err = based ? journal_collect_need(journal, place->base) : BOUGH_OK;
    return err == BOUGH_NOT_FOUND ? BOUGH_CORRUPT : err;
}

bool journal_collect_may_reuse(struct journal *journal, uint64_t address, bool alone)
{
    uint64_t now;
    bool may;

    if (journal_place_find(journal, address, &now) != BOUGH_OK)
        return false;
    /* What it leads to may be gone, though its own segment is not up for collection. */
    if (journal->swept)
        may = !journal_place_is_garbage(journal, now);
    else
        may = !journal_segment_is_candidate(&journal->segments, now) ||
              journal_segment_has_mark(&journal->segments, now, JOURNAL_SEGMENT_LIVES);
    if (may && journal->hold_count > 0 && journal_address_position(now) < journal->hold_position)
        may = alone && remember(journal, address);
    return may;
}

/* Whether a record is more than garbage. */
static bool is_wanted(const struct journal *journal, uint64_t address)
{
    return journal_segment_has_mark(&journal->segments, address, JOURNAL_SEGMENT_LIVES) ||
           journal_segment_has_mark(&journal->segments, address, JOURNAL_SEGMENT_NEEDED);
}

bool journal_collect_may_base(struct journal *journal, uint64_t address)
{
    uint64_t now;

    return journal_place_find(journal, address, &now) == BOUGH_OK &&
           (!journal->swept || !journal_segment_is_candidate(&journal->segments, now) ||
            is_wanted(journal, now));
}

/* Marks what was put again under a hold. */
static enum bough_err mark_reused(struct journal *journal)
{
    for (uint32_t i = 0; journal->hold_count > 0 && i < journal->reused_count; i++) {
        bool fresh;

        BOUGH_TRY(mark(journal, journal->reused[i], JOURNAL_SEGMENT_LIVES, &fresh));
    }
    return BOUGH_OK;
}

/* Marks the parts of the maps, and begins to filter the names. */
static enum bough_err begin_filter(struct journal *journal)
{
    BOUGH_TRY(journal_map_flush(journal, &journal->names, JOURNAL_WRITE_CHECKPOINT));
    journal_map_merge_drop(&journal->names);
    BOUGH_TRY(journal_map_each_part(&journal->moves, journal_collect_need, journal));
    BOUGH_TRY(journal_map_each_part(&journal->names, journal_collect_need, journal));
    if (journal->names.run_count > 0)
        BOUGH_TRY(journal_map_merge_begin(&journal->names, 0));
    journal->filtering = journal->names.run_count > 0;
    return BOUGH_OK;
}

enum bough_err journal_collect_sweep(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    BOUGH_TRY(mark_reused(journal));
    BOUGH_TRY(begin_filter(journal));
    journal_recent_clear(&journal->recent);
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        if (segments->at[i].candidate && segments->at[i].marks == NULL) {
            assert(i != segments->current);
            journal_segment_set(segments, i, JOURNAL_SEGMENT_EMPTY);
            segments->at[i].candidate = false;
        }
    }
    journal->swept = true;
    /* Also what was written since the collection began, and is not marked, leads to garbage. */
    journal->swept_position =
        journal->hold_count > 0 ? journal->hold_position : position_now(journal);
    journal->swept_bytes = 0;
    journal->whole_bytes = 0;
    journal->swept_generation = journal->root.generation;
    return BOUGH_OK;
}

enum bough_err journal_collect_filter(struct journal *journal, uint32_t entries)
{
    enum bough_err err;

    assert(journal->filtering && journal->swept);
    err = journal_map_merge_step(journal, &journal->names, JOURNAL_WRITE_CHECKPOINT, entries,
                                 journal_place_settle_name);
    journal->filtering = journal->names.merge.count > 0;
    if (err == BOUGH_OK || err == BOUGH_FULL)
        return err;
    /* The merge was dropped: nothing was filtered. */
    journal->filtering = true;
    undo_sweep(journal);
    return err;
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

/* Copies a part of a map, if it is still one, to the log's end. */
static enum bough_err copy_part(struct journal *journal, uint64_t address,
                                struct bough_bytes payload)
{
    struct decode in = decode_from(payload);
    uint64_t key = decode_u64(&in);
    struct journal_map_part *part = journal_map_part_of(&journal->moves, key, address);

    if (part == NULL)
        part = journal_map_part_of(&journal->names, key, address);
    if (part == NULL)
        return BOUGH_OK;
    return journal_write_record(journal, JOURNAL_KIND_INDEX, 0, payload, (struct bough_bytes){0},
                                &part->address);
}

/* Whether a record is a patch of an object that does not live: then the object had better be whole,
 * and what is kept for its sake only can go. */
static enum bough_err is_last_of_base(struct journal *journal, const struct journal_record *record,
                                      struct bough_bytes payload, bool *last)
{
    struct decode in = decode_from(payload);
    enum bough_err err;
    uint64_t base;

    *last = false;
    if ((record->kind & JOURNAL_KIND_BASED) == 0 || record->kind >= JOURNAL_KIND_GROUP)
        return BOUGH_OK;
    err = journal_place_find(journal, decode_u64(&in), &base);
    *last = err == BOUGH_OK &&
            !journal_segment_has_mark(&journal->segments, base, JOURNAL_SEGMENT_LIVES);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Copies an object to the log's end, whole. */
static enum bough_err copy_whole(struct journal *journal, uint64_t address, uint64_t *moved)
{
    struct bough_arena arena;
    struct bough_object object;
    enum bough_err err;

    bough_arena_init(&arena, journal->env->heap, CLEAN_ARENA_BYTES);
    err = journal_object_get(journal, address, &arena, &object);
    if (err == BOUGH_OK)
        err = journal_write_room(journal, journal_object_bytes_max(&object), JOURNAL_WRITE_COPY);
    if (err == BOUGH_OK)
        err = journal_object_put(journal, &object, moved);
    if (err == BOUGH_OK)
        journal->whole_bytes += journal_object_bytes_max(&object);
    bough_arena_release(&arena);
    return err;
}

/* Copies one record to the log's end. */
static enum bough_err copy_record(struct journal *journal, uint64_t address,
                                  const struct journal_record *record, struct bough_bytes payload)
{
    enum bough_err err;
    uint64_t moved;
    bool last;

    BOUGH_TRY(journal_write_room(journal, journal_format_record_bytes(record) + JOURNAL_ALIGNMENT,
                                 JOURNAL_WRITE_COPY));
    if (record->kind == JOURNAL_KIND_INDEX)
        return copy_part(journal, address, payload);
    assert(record->kind != 0 && address != 0);
    BOUGH_TRY(is_last_of_base(journal, record, payload, &last));
    err = last ? copy_whole(journal, address, &moved) : BOUGH_CORRUPT;
    if (err == BOUGH_CORRUPT) /* not to be made whole, or not any more: as it is, then */
        err = journal_write_record(journal, record->kind, record->address_count, payload,
                                   (struct bough_bytes){0}, &moved);
    if (err != BOUGH_OK)
        return err;
    return journal_map_add(&journal->moves, address, moved);
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

/* Nothing more of the segment is wanted. */
static void end_segment(struct journal *journal)
{
    struct journal_clean *clean = &journal->clean;

    journal_segment_set(&journal->segments, clean->segment, JOURNAL_SEGMENT_EMPTY);
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
    if (record->kind == JOURNAL_KIND_NEXT)
        end_segment(journal);
}

/* Goes behind what cannot be read, if nothing there is wanted. */
static enum bough_err pass_over(struct journal *journal, enum bough_err why)
{
    struct journal_clean *clean = &journal->clean;
    uint64_t next;

    BOUGH_TRY(journal_read_next(journal, clean->at, &next));
    assert(next > clean->at && clean->segment != journal->segments.current);
    if (journal_segment_has_marks(&journal->segments, clean->at, next - clean->at)) {
        abandon(journal, why);
        return BOUGH_OK;
    }
    bough_log(journal->env->log, BOUGH_WARN, "journal",
              "%llu bytes of garbage at %llu cannot be read: given up",
              (unsigned long long)(next - clean->at), (unsigned long long)clean->at);
    clean->at = next;
    if (next == journal_read_end(journal, clean->segment))
        end_segment(journal);
    return BOUGH_OK;
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
            bough_arena_back(arena, mark);
            BOUGH_TRY(pass_over(journal, err));
            continue;
        }
        if (err == BOUGH_OK) {
            uint64_t address =
                journal_address(journal_segment_position(&journal->segments, clean->at),
                                journal_format_record_bytes(&record));

            if (is_wanted(journal, address))
                err = copy_record(journal, address, &record, payload);
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
