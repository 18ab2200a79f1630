/* SPDX-License-Identifier: ISC
 *
 * journal_checkpoint.c - what recovery need not read again.
 *
 * A checkpoint is a group like any other: new runs of the maps, one CHECKPOINT record, ROOT.  It
 * counts from the moment that a superblock names it.  Only then are empty segments free: until then
 * a recovery would start from the checkpoint before, which counts on what they hold.
 */
#include "journal_checkpoint.h"
#include "decode.h"
#include "encode.h"
#include "journal_read.h"
#include "journal_super.h"
#include "journal_write.h"

#define INTERVAL_BYTES   ((uint64_t)64 << 20)
#define RECORD_FIXED     (8u + 32u + 8u + 1u + 4u) /* CHECKPOINT without openings and maps */
#define SEGMENT_ENTRY    (8u + 4u)
#define LOAD_ARENA_BYTES ((size_t)64 << 20)

bool journal_checkpoint_is_due(const struct journal *journal)
{
    uint64_t quarter = (uint64_t)journal->super.segment_count * journal->super.segment_bytes / 4;

    return journal->replaced ||
           journal->log_bytes >= (INTERVAL_BYTES < quarter ? INTERVAL_BYTES : quarter);
}

/* What stands for a segment in a checkpoint.  As long as EMPTY ones cannot become free, they count
 * as used. */
static uint64_t opening_of(const struct journal *journal, uint32_t segment)
{
    const struct journal_segment *one = &journal->segments.at[segment];
    bool used = one->state == JOURNAL_SEGMENT_USED ||
                (one->state == JOURNAL_SEGMENT_EMPTY && journal->filtering);

    return used ? one->opening : 0;
}

/* Writes the CHECKPOINT record itself; *at is its offset. */
static enum bough_err save_record(struct journal *journal, uint64_t *at)
{
    uint32_t segments = journal->super.segment_count;
    size_t len = RECORD_FIXED + SEGMENT_ENTRY * (size_t)segments +
                 journal_map_save_bytes(&journal->moves) + journal_map_save_bytes(&journal->names) +
                 journal_map_save_bytes(&journal->onward);
    const struct journal_record shape = {.kind = JOURNAL_KIND_CHECKPOINT,
                                         .payload_len = (uint32_t)len};
    uint64_t record_bytes = journal_format_record_bytes(&shape);
    struct bough_heap *heap = journal->env->heap;
    struct encode out;
    struct bough_bytes part;
    uint64_t address;
    enum bough_err err;

    /* The table must know the segment that the record stands in. */
    BOUGH_TRY(journal_write_room(journal, record_bytes, JOURNAL_WRITE_CHECKPOINT));
    BOUGH_TRY(journal_write_fit(journal, record_bytes));
    out = encode_into(bough_heap_take(heap, len), len);
    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_u64(&out, journal->root.generation);
    encode_hash(&out, &journal->root.state.name);
    encode_u64(&out, journal->root.state.address);
    encode_u8(&out, journal->mended ? 1 : 0);
    encode_u32(&out, segments);
    for (uint32_t i = 0; i < segments; i++) {
        encode_u64(&out, opening_of(journal, i));
        encode_u32(&out, (uint32_t)journal->segments.at[i].excess_bytes);
    }
    journal_map_save(&journal->moves, &out);
    journal_map_save(&journal->names, &out);
    journal_map_save(&journal->onward, &out);
    assert(!out.overflow && out.len == len);
    *at = journal_log_at(&journal->log);
    part = bough_bytes_of(out.at, len);
    err = journal_write_record(journal, &shape, &part, 1, &address);
    bough_heap_give(heap, out.at, len);
    return err;
}

/* What the maps have in memory only, and CHECKPOINT, as one group. */
static enum bough_err save_group(struct journal *journal, uint64_t *at)
{
    BOUGH_TRY(journal_map_flush(journal, &journal->moves, JOURNAL_WRITE_CHECKPOINT));
    BOUGH_TRY(journal_map_flush(journal, &journal->names, JOURNAL_WRITE_CHECKPOINT));
    BOUGH_TRY(journal_map_flush(journal, &journal->onward, JOURNAL_WRITE_CHECKPOINT));
    BOUGH_TRY(save_record(journal, at));
    return journal_write_end(journal);
}

/* Frees the segments that the checkpoint before still counted on. */
static enum bough_err free_empty(struct journal *journal)
{
    uint64_t blocks = journal->super.segment_bytes / journal->dev->block_size;

    if (journal->filtering)
        return BOUGH_OK; /* rule (5) of journal_state.h */
    for (uint32_t i = 0; i < journal->super.segment_count; i++) {
        if (journal->segments.at[i].state != JOURNAL_SEGMENT_EMPTY)
            continue;
        journal_segment_set(&journal->segments, i, JOURNAL_SEGMENT_FREE);
        BOUGH_TRY(bough_block_discard(
            journal->dev, journal_format_segment_at(&journal->super, i) / journal->dev->block_size,
            blocks));
    }
    return BOUGH_OK;
}

enum bough_err journal_checkpoint_save(struct journal *journal)
{
    struct journal_super super = journal->super;
    enum bough_err err;

    assert(!journal->group_open);
    /* After an error nothing is lost: the checkpoint before still stands. */
    BOUGH_TRY(save_group(journal, &super.checkpoint));
    assert(!journal->group_open && super.checkpoint != 0);
    super.count++;
    super.head = journal_log_at(&journal->log);
    super.opening = journal->segments.at[journal->segments.current].opening;
    super.sequence = journal->sequence;
    super.chain = journal->chain;
    err = journal_super_write(journal->env, journal->dev, &super);
    if (err == BOUGH_NO_MEMORY)
        return err; /* before anything was written */
    if (err == BOUGH_OK) {
        journal->super = super;
        journal->log_bytes = 0;
        journal->replaced = false;
        err = free_empty(journal);
    }
    return err == BOUGH_OK ? BOUGH_OK : journal_write_fail(journal, err);
}

/* Takes over the table of segments. */
static enum bough_err load_segments(struct journal *journal, struct decode *in)
{
    uint32_t count = decode_u32(in);

    /* The device may have grown since. */
    if (in->bad || count > journal->super.segment_count)
        return BOUGH_CORRUPT;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t opening = decode_u64(in);
        uint32_t excess_bytes = decode_u32(in);

        if (opening == 0)
            continue;
        journal_segment_use(&journal->segments, i, opening);
        journal->segments.at[i].excess_bytes = excess_bytes;
    }
    return BOUGH_OK;
}

static enum bough_err load(struct journal *journal, struct bough_arena *arena)
{
    const struct journal_super *super = &journal->super;
    uint64_t segment = journal_format_segment_of(super, super->checkpoint);
    struct journal_record record;
    struct bough_bytes payload;
    struct decode in;
    uint8_t mended;

    if (segment >= super->segment_count || super->checkpoint % JOURNAL_ALIGNMENT != 0)
        return BOUGH_CORRUPT;
    journal_segment_use(&journal->segments, (uint32_t)segment, super->opening);
    BOUGH_TRY(journal_read_at(journal, super->checkpoint, arena, &record, &payload));
    if (record.kind != JOURNAL_KIND_CHECKPOINT)
        return BOUGH_CORRUPT;
    in = decode_from(payload);
    journal->root.generation = decode_u64(&in);
    journal->root.state.name = decode_hash(&in);
    journal->root.state.address = decode_u64(&in);
    mended = decode_u8(&in);
    if (mended > 1)
        return BOUGH_CORRUPT;
    journal->mended = mended == 1;
    BOUGH_TRY(load_segments(journal, &in));
    BOUGH_TRY(journal_map_load(&journal->moves, &in));
    BOUGH_TRY(journal_map_load(&journal->names, &in));
    BOUGH_TRY(journal_map_load(&journal->onward, &in));
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

enum bough_err journal_checkpoint_load(struct journal *journal)
{
    struct bough_arena arena;
    enum bough_err err;

    if (journal->super.checkpoint == 0)
        return BOUGH_OK;
    bough_arena_init(&arena, journal->env->heap, LOAD_ARENA_BYTES);
    err = load(journal, &arena);
    bough_arena_release(&arena);
    return err;
}
