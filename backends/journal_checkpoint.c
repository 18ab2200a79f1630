/* SPDX-License-Identifier: ISC
 *
 * journal_checkpoint.c - what recovery need not read again.
 *
 * A checkpoint is a group like any other: parts of the index, one CHECKPOINT record, ROOT.  It
 * counts from the moment that a superblock names it.  Only then are empty segments free: until then
 * a recovery would start from the checkpoint before, which counts on what they hold.
 */
#include "journal_checkpoint.h"
#include "decode.h"
#include "encode.h"
#include "journal_read.h"
#include "journal_super.h"
#include "journal_write.h"

#define PART_ENTRIES     8192u
#define ENTRY_BYTES      16u
#define INTERVAL_BYTES   ((uint64_t)64 << 20)
#define INDEX_SHARE      8u /* a checkpoint is written for every 8 times its index at most */
#define RECORD_FIXED     (8u + 32u + 8u + 8u + 4u) /* CHECKPOINT without parts and states */
#define LOAD_ARENA_BYTES ((size_t)64 << 20)

bool journal_checkpoint_is_due(const struct journal *journal)
{
    uint64_t index_bytes = (uint64_t)journal->index.used_count * ENTRY_BYTES;
    uint64_t interval =
        index_bytes * INDEX_SHARE > INTERVAL_BYTES ? index_bytes * INDEX_SHARE : INTERVAL_BYTES;
    uint64_t quarter = (uint64_t)journal->super.segment_count * journal->super.segment_bytes / 4;

    return journal->log_bytes >= (interval < quarter ? interval : quarter);
}

/* Writes the index in parts; their addresses go into `parts`. */
static enum bough_err save_parts(struct journal *journal, uint8_t *scratch, uint64_t *parts,
                                 uint32_t *part_count)
{
    size_t place = 0;
    bool more = true;

    *part_count = 0;
    while (more) {
        struct encode out = encode_into(scratch, (size_t)PART_ENTRIES * ENTRY_BYTES);
        uint64_t tag;
        uint64_t address;

        while (out.len < (size_t)PART_ENTRIES * ENTRY_BYTES &&
               (more = journal_index_next(&journal->index, &place, &tag, &address))) {
            encode_u64(&out, tag);
            encode_u64(&out, address);
        }
        assert(!out.overflow);
        if (out.len > 0)
            BOUGH_TRY(journal_write_record(journal, JOURNAL_KIND_INDEX, 0,
                                           bough_bytes_of(scratch, out.len),
                                           (struct bough_bytes){0}, &parts[(*part_count)++]));
    }
    return BOUGH_OK;
}

/* Writes the CHECKPOINT record itself. */
static enum bough_err save_record(struct journal *journal, const uint64_t *parts,
                                  uint32_t part_count, uint64_t *address)
{
    uint32_t segments = journal->super.segment_count;
    size_t len = RECORD_FIXED + (size_t)part_count * 8 + segments;
    struct bough_heap *heap = journal->env->heap;
    struct encode out = encode_into(bough_heap_take(heap, len), len);
    enum bough_err err;

    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_u64(&out, journal->root.generation);
    encode_hash(&out, &journal->root.state.name);
    encode_u64(&out, journal->root.state.address);
    encode_u64(&out, journal->segments.opening_count);
    encode_u32(&out, part_count);
    for (uint32_t i = 0; i < part_count; i++)
        encode_u64(&out, parts[i]);
    for (uint32_t i = 0; i < segments; i++)
        encode_u8(&out, journal->segments.at[i].state == JOURNAL_SEGMENT_USED);
    assert(!out.overflow && out.len == len);
    err = journal_write_record(journal, JOURNAL_KIND_CHECKPOINT, 0, bough_bytes_of(out.at, len),
                               (struct bough_bytes){0}, address);
    bough_heap_give(heap, out.at, len);
    return err;
}

/* Index and CHECKPOINT as one group. */
static enum bough_err save_group(struct journal *journal, uint64_t *address)
{
    size_t parts_max = journal->index.used_count / PART_ENTRIES + 1;
    size_t scratch_bytes = (size_t)PART_ENTRIES * ENTRY_BYTES;
    struct bough_heap *heap = journal->env->heap;
    uint64_t *parts = bough_heap_take(heap, parts_max * sizeof(*parts));
    uint8_t *scratch = bough_heap_take(heap, scratch_bytes);
    uint32_t part_count;
    enum bough_err err = BOUGH_NO_MEMORY;

    if (parts == NULL || scratch == NULL)
        goto out;
    err = save_parts(journal, scratch, parts, &part_count);
    /* A record may open a segment; the table must not be older than that. */
    if (err == BOUGH_OK)
        err = journal_write_room(
            journal, 64 + (uint64_t)journal->super.segment_count + 8 * (uint64_t)part_count,
            JOURNAL_WRITE_CHECKPOINT);
    if (err == BOUGH_OK)
        err = save_record(journal, parts, part_count, address);
    if (err == BOUGH_OK)
        err = journal_write_end(journal);
out:
    bough_heap_give(heap, scratch, scratch_bytes);
    bough_heap_give(heap, parts, parts_max * sizeof(*parts));
    return err;
}

/* Frees the segments that the checkpoint before still counted on. */
static enum bough_err free_empty(struct journal *journal)
{
    uint64_t blocks = journal->super.segment_bytes / journal->dev->block_size;

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
    err = save_group(journal, &super.checkpoint);
    if (err == BOUGH_NO_MEMORY || err == BOUGH_FULL)
        return err; /* nothing is lost: the checkpoint before still stands */
    assert(err != BOUGH_OK || (!journal->group_open && super.checkpoint != 0));
    super.count++;
    super.head = journal_log_at(&journal->log);
    super.sequence = journal->sequence;
    super.chain = journal->chain;
    if (err == BOUGH_OK)
        err = journal_super_write(journal->env, journal->dev, &super);
    if (err == BOUGH_OK) {
        journal->super = super;
        journal->log_bytes = 0;
        err = free_empty(journal);
    }
    return err == BOUGH_OK ? BOUGH_OK : journal_write_fail(journal, err);
}

/* Reads one part of the index. */
static enum bough_err load_part(struct journal *journal, uint64_t address,
                                struct bough_arena *arena)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct journal_record record;
    struct bough_bytes payload;
    struct decode in;

    BOUGH_TRY(journal_read_record(journal, address, arena, &record, &payload));
    in = decode_from(payload);
    if (record.kind != JOURNAL_KIND_INDEX || payload.len % ENTRY_BYTES != 0)
        return BOUGH_CORRUPT;
    while (in.left > 0) {
        uint64_t tag = decode_u64(&in);
        uint64_t object = decode_u64(&in);

        if (object == 0)
            return BOUGH_CORRUPT;
        BOUGH_TRY(journal_index_add(&journal->index, tag, object));
    }
    bough_arena_back(arena, mark);
    return BOUGH_OK;
}

static enum bough_err load(struct journal *journal, struct bough_arena *arena)
{
    struct journal_record record;
    struct bough_bytes payload;
    struct decode in;
    uint32_t part_count;

    BOUGH_TRY(journal_read_record(journal, journal->super.checkpoint, arena, &record, &payload));
    in = decode_from(payload);
    journal->root.generation = decode_u64(&in);
    journal->root.state.name = decode_hash(&in);
    journal->root.state.address = decode_u64(&in);
    journal->segments.opening_count = decode_u64(&in);
    part_count = decode_u32(&in);
    if (record.kind != JOURNAL_KIND_CHECKPOINT || in.bad ||
        payload.len != RECORD_FIXED + (uint64_t)part_count * 8 + journal->super.segment_count)
        return BOUGH_CORRUPT;
    for (uint32_t i = 0; i < part_count; i++)
        BOUGH_TRY(load_part(journal, decode_u64(&in), arena));
    for (uint32_t i = 0; i < journal->super.segment_count; i++) {
        if (decode_u8(&in) != 0)
            journal_segment_set(&journal->segments, i, JOURNAL_SEGMENT_USED);
    }
    /* The record may have opened the segment that it stands in after it was put together. */
    journal->segments.opening_count++;
    return BOUGH_OK;
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
