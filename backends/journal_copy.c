/* SPDX-License-Identifier: ISC
 *
 * journal_copy.c - a record that is wanted moves to the log's end, in a form that suits it.
 *
 * Most are copied as they are.  A patch of an object that lives no more is made whole, so that the
 * other can go.  A node that only history leads to is settled: it becomes a patch of the node that
 * it took the place of, if that is settled; so a chain grows from the oldest node on, and where it
 * is JOURNAL_CHAIN_MAX long, or the way back is lost, the next node stays whole and begins another.
 *   (1) What is settled leans only on what is settled, and is settled once.
 *   (2) A copy has the marks of what it is a copy of: others ask whether their base lives.
 */
#include "journal_copy.h"
#include "decode.h"
#include "journal_address.h"
#include "journal_object.h"
#include "journal_place.h"
#include "journal_write.h"

/* A patch that takes more than this share of the whole object is not worth the reads. */
#define PATCH_NUMERATOR   3u
#define PATCH_DENOMINATOR 4u

/* Copies a part of a map, if it is still one, to the log's end. */
static enum bough_err copy_part(struct journal *journal, uint64_t address,
                                const struct journal_record *record, struct bough_bytes payload)
{
    struct decode in = decode_from(payload);
    uint64_t key = decode_u64(&in);
    struct journal_map_part *part = journal_map_part_of(&journal->moves, key, address);

    if (part == NULL)
        part = journal_map_part_of(&journal->onward, key, address);
    if (part == NULL)
        part = journal_map_part_of(&journal->names, key, address);
    if (part == NULL)
        return BOUGH_OK;
    return journal_write_record(journal, record, &payload, 1, &part->address);
}

/* Whether the object of an address lives; *now is where its newest copy is.  Not found is no error.
 */
static enum bough_err find_living(struct journal *journal, uint64_t address, uint64_t *now,
                                  bool *lives)
{
    enum bough_err err = journal_place_newest(journal, address, now);

    *lives = err == BOUGH_OK &&
             journal_segment_has_mark(&journal->segments, *now, JOURNAL_SEGMENT_LIVES);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Puts an object at the log's end anew. */
static enum bough_err put_anew(struct journal *journal, const struct bough_object *object,
                               uint8_t settled, uint64_t *moved)
{
    assert(settled <= JOURNAL_CHAIN_MAX + 1);
    assert((object->base == 0) == (object->patch.len == 0));
    BOUGH_TRY(journal_write_room(journal, journal_object_bytes_max(object), JOURNAL_WRITE_COPY));
    BOUGH_TRY(journal_object_put(
        journal, object, (struct journal_object_as){.settled = settled, .copy = true}, moved));
    journal->base.settled_count++;
    return BOUGH_OK;
}

/* Copies an object whole, since what it is a patch of does not live. */
static enum bough_err copy_whole(struct journal *journal, uint64_t address, bool settled,
                                 struct bough_arena *arena, uint64_t *moved)
{
    struct bough_object object;

    BOUGH_TRY(journal_object_get(journal, address, arena, &object));
    object.base = 0;
    BOUGH_TRY(put_anew(journal, &object, settled ? 1 : 0, moved));
    journal->whole_bytes += journal_object_bytes_max(&object);
    return BOUGH_OK;
}

static bool has_mark(const struct journal *journal, uint64_t address,
                     enum journal_segment_mark mark)
{
    return journal_segment_has_mark(&journal->segments, address, mark);
}

/* Whether a record is a node that is to be settled. */
static bool is_history(const struct journal *journal, uint64_t address,
                       const struct journal_record *record)
{
    enum bough_kind kind;

    if (!journal_format_is_object(record->kind, &kind) || kind != BOUGH_KIND_NODE ||
        record->settled > 0 || !has_mark(journal, address, JOURNAL_SEGMENT_LIVES))
        return false;
    /* What a newest node is a patch of is kept whole, and may as well begin a chain. */
    return !has_mark(journal, address, JOURNAL_SEGMENT_NEWEST) ||
           ((record->kind & JOURNAL_KIND_BASED) == 0 && journal->clean.settle &&
            has_mark(journal, address, JOURNAL_SEGMENT_NEEDED));
}

/* How far the node that was before is settled; 0 = not at all, or it does not live. */
static enum bough_err settled_before(struct journal *journal, uint64_t before,
                                     struct bough_arena *arena, uint8_t *settled)
{
    struct journal_object_front front;
    struct journal_record record;
    enum bough_kind kind;
    uint64_t now;
    bool lives;

    *settled = 0;
    if (before == 0)
        return BOUGH_OK;
    BOUGH_TRY(find_living(journal, before, &now, &lives));
    if (!lives)
        return BOUGH_OK;
    BOUGH_TRY(journal_object_read(journal, now, arena, &record, &front));
    if (journal_format_is_object(record.kind, &kind) && kind == BOUGH_KIND_NODE)
        *settled = record.settled;
    return BOUGH_OK;
}

/* Makes the object a patch of its base; object->patch stays empty if that is not worth it. */
static enum bough_err make_patch(struct journal *journal, struct bough_object *object,
                                 struct bough_arena *arena)
{
    size_t whole = object->bytes.len + object->address_count * sizeof(uint64_t);
    size_t room = whole * PATCH_NUMERATOR / PATCH_DENOMINATOR;
    struct encode out = encode_into(bough_arena_take(arena, room), room);
    struct bough_object base;

    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(journal_object_get(journal, object->base, arena, &base));
    BOUGH_TRY(journal_object_diff(&base, object, arena, &out));
    if (!out.overflow)
        object->patch = bough_bytes_of(out.at, out.len);
    return BOUGH_OK;
}

/* Settles a node of history; *moved stays 0 if it is to be copied as it is. */
static enum bough_err settle(struct journal *journal, uint64_t address, uint64_t before,
                             struct bough_arena *arena, uint64_t *moved)
{
    struct bough_object object;
    uint8_t settled;

    BOUGH_TRY(settled_before(journal, before, arena, &settled));
    /* It may be, at the next collection. */
    if (settled == 0 && !journal->clean.settle)
        return BOUGH_OK;
    BOUGH_TRY(journal_object_get(journal, address, arena, &object));
    assert(object.kind == BOUGH_KIND_NODE && !object.settled);
    object.base = 0;
    object.before = 0;
    if (settled > 0 && settled <= JOURNAL_CHAIN_MAX &&
        !has_mark(journal, address, JOURNAL_SEGMENT_NEWEST)) {
        object.base = before;
        BOUGH_TRY(make_patch(journal, &object, arena));
    }
    if (object.patch.len == 0) {
        object.base = 0;
        settled = 0;
    }
    return put_anew(journal, &object, (uint8_t)(settled + 1), moved);
}

/* Copies an object's record; *moved stays 0 if nothing but a copy as it is will do. */
static enum bough_err copy_otherwise(struct journal *journal, uint64_t address,
                                     const struct journal_record *record,
                                     struct bough_bytes payload, struct bough_arena *arena,
                                     uint64_t *moved)
{
    struct journal_object_front front;
    uint64_t now;
    bool lives = true;

    BOUGH_TRY(journal_object_front(record, payload, &front));
    if (is_history(journal, address, record))
        BOUGH_TRY(settle(journal, address, front.before, arena, moved));
    if (*moved == 0 && front.base != 0)
        BOUGH_TRY(find_living(journal, front.base, &now, &lives));
    return lives ? BOUGH_OK : copy_whole(journal, address, record->settled > 0, arena, moved);
}

/* Gives a copy the marks of what it is a copy of. */
static enum bough_err copy_marks(struct journal *journal, uint64_t address, uint64_t moved)
{
    static const enum journal_segment_mark marks[] = {JOURNAL_SEGMENT_LIVES, JOURNAL_SEGMENT_NEEDED,
                                                      JOURNAL_SEGMENT_NEWEST};
    bool fresh;

    assert(moved != 0 && moved != address);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (journal_segment_has_mark(&journal->segments, address, marks[i]))
            BOUGH_TRY(journal_segment_mark(&journal->segments, moved, marks[i], &fresh));
    }
    return BOUGH_OK;
}

enum bough_err journal_copy_record(struct journal *journal, uint64_t address,
                                   const struct journal_record *record, struct bough_bytes payload)
{
    struct bough_arena arena;
    enum bough_err err;
    uint64_t moved = 0;

    BOUGH_TRY(journal_write_room(journal, journal_format_record_bytes(record) + JOURNAL_ALIGNMENT,
                                 JOURNAL_WRITE_COPY));
    if (record->kind == JOURNAL_KIND_INDEX)
        return copy_part(journal, address, record, payload);
    assert(record->kind != 0 && address != 0);
    bough_arena_init(&arena, journal->env->heap, JOURNAL_COPY_ARENA_BYTES);
    err = copy_otherwise(journal, address, record, payload, &arena, &moved);
    bough_arena_release(&arena);
    if (err == BOUGH_CORRUPT || (err == BOUGH_OK && moved == 0)) { /* as it is, then */
        struct journal_record copy = *record;

        copy.copy = true;
        err = journal_write_record(journal, &copy, &payload, 1, &moved);
    }
    if (err == BOUGH_OK)
        err = journal_map_add(record->copy ? &journal->onward : &journal->moves, address, moved);
    return err == BOUGH_OK ? copy_marks(journal, address, moved) : err;
}
