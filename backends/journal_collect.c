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
#include "journal_copy.h"
#include "journal_object.h"
#include "journal_place.h"
#include "journal_read.h"
#include "journal_write.h"

/* A segment in which more than this share lives is left alone: copying it costs more than it gives.
 * Where there is room, nobody waits for it, and a collection is for all that there is to have. */
#define WORTH_SHARE_SHORT 4u /* of four parts, one is garbage */
#define WORTH_SHARE_ROOM  32u
#define ROOM_DENOMINATOR  3u /* more than this share is free */

/* With more than this share of history that is not settled it is emptied all the same, in the order
 * of the log, but only while more than that share of all segments is free. */
#define HISTORY_DENOMINATOR     4u
#define SETTLE_ROOM_DENOMINATOR 16u

/* To settle an object takes about as long as to copy so many bytes. */
#define SETTLE_BYTES 16384u

/* Moves of copies are forgotten once they are more than this share of the others. */
#define ONWARD_DENOMINATOR 4u

/* To follow a move to its end takes about as long as to filter so many names. */
#define MOVE_ENTRIES 4u

#define REUSED_MAX 1024u /* objects that are remembered under a hold */

/* Moves are no longer merged for the sake of `onward`. */
static void end_shortening(struct journal *journal)
{
    if (journal->onward_known > 0)
        journal_map_merge_drop(&journal->moves);
    journal->onward_known = 0;
}

/* A collection that was given up before the names were filtered leaves segments that nothing was
 * done to yet: they count as used again. */
static void undo_sweep(struct journal *journal)
{
    struct journal_segments *segments = &journal->segments;

    end_shortening(journal);
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
    journal->thorough = segments->free_count > segments->super.segment_count / ROOM_DENOMINATOR;
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

/* Marks a part of a map. */
static enum bough_err need_part(struct journal *journal, uint64_t address)
{
    bool fresh;

    return mark(journal, address, JOURNAL_SEGMENT_NEEDED, &fresh);
}

/* How the record at a place is kept, as it stands there. */
static enum bough_err read_front(struct journal *journal, uint64_t now, uint64_t *base,
                                 bool *settled)
{
    struct journal_object_front front;
    struct journal_record record;
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, journal->env->heap, JOURNAL_COPY_ARENA_BYTES);
    err = journal_object_read(journal, now, &arena, &record, &front);
    bough_arena_release(&arena);
    if (err == BOUGH_OK) {
        *base = front.base;
        *settled = record.settled > 0;
    }
    return err;
}

/* Marks what the node at `place` leans on, directly or not.  Where something has that mark, what is
 * behind it has, too. */
static enum bough_err need_bases(struct journal *journal, uint64_t base, bool settled, bool newest)
{
    bool fresh = true;

    for (unsigned i = 0; base != 0 && fresh; i++) {
        uint64_t address = base;
        uint64_t now;

        if (i > JOURNAL_CHAIN_MAX + 1)
            return BOUGH_CORRUPT;
        BOUGH_TRY(journal_place_find(journal, address, &now));
        if (newest && i == 0)
            BOUGH_TRY(
                journal_segment_mark(&journal->segments, now, JOURNAL_SEGMENT_NEWEST, &fresh));
        BOUGH_TRY(journal_segment_mark(&journal->segments, now, JOURNAL_SEGMENT_NEEDED, &fresh));
        base = 0;
        /* What an object that was put leans on was put whole, and changes only by being moved. */
        if (fresh && (settled || now != address))
            BOUGH_TRY(read_front(journal, now, &base, &settled));
    }
    return BOUGH_OK;
}

enum bough_err journal_collect_node(struct journal *journal, const struct bough_place *place,
                                    bool newest)
{
    uint64_t base = place->base;
    bool settled = place->settled;
    enum bough_err err;
    uint64_t now;
    bool fresh;

    assert(!journal->swept && place->settled_count <= journal->base.settled_count);
    err = journal_place_find(journal, place->address, &now);
    /* What was moved since it was read may be kept otherwise now. */
    if (err == BOUGH_OK && now != place->address &&
        place->settled_count != journal->base.settled_count)
        err = read_front(journal, now, &base, &settled);
    if (err == BOUGH_OK && newest)
        err = journal_segment_mark(&journal->segments, now, JOURNAL_SEGMENT_NEWEST, &fresh);
    else if (err == BOUGH_OK && !settled &&
             !journal_segment_has_mark(&journal->segments, now, JOURNAL_SEGMENT_NEWEST))
        journal_segment_count_history(&journal->segments, now);
    if (err == BOUGH_OK)
        err = need_bases(journal, base, settled, newest);
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

/* Begins to merge all moves into one run, once what is known of copies is much beside them: rule
 * (6) of journal_state.h.  Where there is no room or memory for it, it is left for another time. */
static enum bough_err begin_shortening(struct journal *journal)
{
    enum bough_err err;

    assert(journal->onward_known == 0);
    if (ONWARD_DENOMINATOR * journal_map_bytes(&journal->onward) <
        journal_map_bytes(&journal->moves))
        return BOUGH_OK;
    journal_map_merge_drop(&journal->moves);
    journal_map_merge_drop(&journal->onward);
    err = journal_map_flush(journal, &journal->moves, JOURNAL_WRITE_COPY);
    if (err == BOUGH_OK)
        err = journal_map_flush(journal, &journal->onward, JOURNAL_WRITE_COPY);
    if (err == BOUGH_OK && journal->moves.run_count > 0 && journal->onward.run_count > 0) {
        err = journal_map_merge_begin(&journal->moves, 0);
        if (err == BOUGH_OK)
            journal->onward_known = journal->onward.run_count;
    }
    return err == BOUGH_FULL || err == BOUGH_NO_MEMORY ? BOUGH_OK : err;
}

/* Goes on with that. */
static enum bough_err shorten(struct journal *journal, uint32_t entries)
{
    enum bough_err err = journal_map_merge_step(journal, &journal->moves, JOURNAL_WRITE_COPY,
                                                entries, journal_place_settle_move);

    if (err == BOUGH_OK && journal->moves.merge.count == 0) {
        journal_map_forget(&journal->onward, journal->onward_known);
        journal->onward_known = 0;
    }
    if (err == BOUGH_OK || (err != BOUGH_FULL && err != BOUGH_NO_MEMORY))
        return err;
    end_shortening(journal);
    return BOUGH_OK;
}

/* Whether something is left for journal_collect_filter to do. */
static bool has_to_filter(const struct journal *journal)
{
    return journal->names.merge.count > 0 || journal->onward_known > 0;
}

/* Marks the parts of the maps, and begins to filter the names. */
static enum bough_err begin_filter(struct journal *journal)
{
    BOUGH_TRY(journal_map_flush(journal, &journal->names, JOURNAL_WRITE_CHECKPOINT));
    journal_map_merge_drop(&journal->names);
    BOUGH_TRY(journal_map_each_part(&journal->moves, need_part, journal));
    BOUGH_TRY(journal_map_each_part(&journal->onward, need_part, journal));
    BOUGH_TRY(journal_map_each_part(&journal->names, need_part, journal));
    BOUGH_TRY(begin_shortening(journal));
    if (journal->names.run_count > 0)
        BOUGH_TRY(journal_map_merge_begin(&journal->names, 0));
    journal->filtering = has_to_filter(journal);
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
    err = journal->names.merge.count == 0
              ? shorten(journal, entries / MOVE_ENTRIES)
              : journal_map_merge_step(journal, &journal->names, JOURNAL_WRITE_CHECKPOINT, entries,
                                       journal_place_settle_name);
    journal->filtering = has_to_filter(journal);
    if (err == BOUGH_OK || err == BOUGH_FULL)
        return err;
    /* The merge was dropped: nothing was filtered. */
    journal->filtering = true;
    undo_sweep(journal);
    return err;
}

/* Whether a segment is worth emptying: for what is garbage in it, or for history that takes less
 * room when it is settled. */
static bool is_worth(const struct journal *journal, uint32_t segment)
{
    const struct journal_segments *segments = &journal->segments;
    const struct journal_segment *one = &segments->at[segment];
    uint64_t bytes = segments->super.segment_bytes;
    uint64_t garbage_least = bytes / (journal->thorough ? WORTH_SHARE_ROOM : WORTH_SHARE_SHORT);

    return one->candidate && one->state == JOURNAL_SEGMENT_USED &&
           (journal_segment_live(segments, segment) < bytes - garbage_least ||
            (journal->clean.settle && one->history_bytes > bytes / HISTORY_DENOMINATOR));
}

/* The next segment to empty.  Where there is room, the oldest: history is settled in the order in
 * which it was written, since it leans on what was before.  Otherwise the one that gives most. */
static bool pick_victim(struct journal *journal)
{
    const struct journal_segments *segments = &journal->segments;
    struct journal_clean *clean = &journal->clean;
    const struct journal_segment *best = NULL;
    uint64_t best_live = 0;

    clean->settle =
        segments->free_count > segments->super.segment_count / SETTLE_ROOM_DENOMINATOR + 2;
    for (uint32_t i = 0; i < segments->super.segment_count; i++) {
        const struct journal_segment *one = &segments->at[i];
        uint64_t live = journal_segment_live(segments, i);

        if (!is_worth(journal, i) ||
            (best != NULL && (clean->settle ? one->opening > best->opening : live >= best_live)))
            continue;
        best = one;
        best_live = live;
        clean->segment = i;
    }
    return best != NULL;
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

/* Copies what lives in the segment being cleaned, with about as much work as it is to copy
 * `max_bytes`, or up to its end. */
static enum bough_err clean_segment(struct journal *journal, uint64_t max_bytes,
                                    struct bough_arena *arena)
{
    struct journal_clean *clean = &journal->clean;
    uint64_t settled_before = journal->base.settled_count;
    uint64_t from = clean->at;

    while (clean->active &&
           clean->at - from + (journal->base.settled_count - settled_before) * SETTLE_BYTES <
               max_bytes) {
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
                err = journal_copy_record(journal, address, &record, payload);
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
    uint64_t settled_before = journal->base.settled_count;
    struct bough_arena arena;
    enum bough_err err;

    *done = false;
    if (!clean->active) {
        clean->active = pick_victim(journal);
        clean->at = journal_format_segment_at(&journal->super, clean->segment);
    }
    if (!clean->active) {
        *done = true;
        return BOUGH_OK;
    }
    bough_arena_init(&arena, journal->env->heap, JOURNAL_COPY_ARENA_BYTES);
    err = clean_segment(journal, max_bytes, &arena);
    bough_arena_release(&arena);
    if (journal->base.settled_count != settled_before)
        journal_recent_clear(&journal->recent); /* it says how objects are kept */
    return err;
}
