/* SPDX-License-Identifier: ISC
 *
 * journal.c - the log-structured backend: objects are appended, roots are the commit points.
 *
 * This file is what the store sees; the invariants stand in journal_state.h.  The moment that
 * matters is journal_sync: one ROOT record, one write, one flush (journal_write.c).
 */
#include "bough/journal.h"
#include "journal_checkpoint.h"
#include "journal_collect.h"
#include "journal_read.h"
#include "journal_recover.h"
#include "journal_super.h"
#include "journal_write.h"

/* Collection is wanted when less than this share of the segments is free, and that much of the
 * device was written since the last. */
#define FREE_DENOMINATOR  3u
#define SWEPT_DENOMINATOR 8u

static struct journal *journal_of(struct bough_backend *backend)
{
    return (struct journal *)backend;
}

/* Keeps the declared facts true. */
static void count_space(struct journal *journal)
{
    const struct journal_segments *segments = &journal->segments;
    uint32_t count = segments->super.segment_count;
    uint64_t segment_bytes = segments->super.segment_bytes;
    uint64_t used = (uint64_t)(count - segments->free_count) * segment_bytes;

    journal->base.capacity_bytes = count * segment_bytes;
    journal->base.used_bytes = used - (journal->log.end - journal_log_at(&journal->log));
    /* When space is short, after much was written; when there is none, after any change at all. */
    journal->base.wants_collection =
        (segments->free_count < count / FREE_DENOMINATOR &&
         journal->swept_bytes > journal->base.capacity_bytes / SWEPT_DENOMINATOR) ||
        (segments->free_count <= JOURNAL_WRITE_VALUES &&
         journal->root.generation != journal->swept_generation);
}

/* The addresses as they stand on the device, in `small` or from the heap. */
static uint8_t *encode_addresses(struct journal *journal, const struct bough_object *object,
                                 uint8_t *small, size_t small_len)
{
    size_t len = object->address_count * sizeof(uint64_t);
    uint8_t *into = len <= small_len ? small : bough_heap_take(journal->env->heap, len);

    for (uint32_t i = 0; into != NULL && i < object->address_count; i++) {
        for (unsigned k = 0; k < 8; k++)
            into[8 * i + k] = (uint8_t)(object->addresses[i] >> (8 * k));
    }
    return into;
}

/* Appends an object's record. */
static enum bough_err append_object(struct journal *journal, const struct bough_object *object,
                                    uint64_t *address)
{
    size_t addresses_len = object->address_count * sizeof(uint64_t);
    uint8_t small[64 * sizeof(uint64_t)];
    uint8_t *addresses = encode_addresses(journal, object, small, sizeof(small));
    enum bough_err err;

    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    err = journal_write_record(journal, (uint8_t)object->kind, (uint16_t)object->address_count,
                               object->bytes, bough_bytes_of(addresses, addresses_len), address);
    if (addresses != small)
        bough_heap_give(journal->env->heap, addresses, addresses_len);
    return err == BOUGH_IO || err == BOUGH_READ_ONLY ? journal_write_fail(journal, err) : err;
}

static enum bough_err journal_put(struct bough_backend *backend, const struct bough_hash *name,
                                  const struct bough_object *object, uint64_t *address)
{
    struct journal *journal = journal_of(backend);
    bool is_value = object->kind == BOUGH_KIND_VALUE || object->kind == BOUGH_KIND_CHUNKS;
    uint64_t payload_len = object->bytes.len + object->address_count * sizeof(uint64_t);
    struct bough_link link = {.name = *name};

    *address = journal_index_recent_find(&journal->recent, name);
    if (*address != 0 && journal_collect_may_reuse(journal, *address))
        return BOUGH_OK;
    if (object->address_count > UINT16_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(journal_write_room(journal, JOURNAL_RECORD_HEADER + JOURNAL_ALIGNMENT + payload_len,
                                 is_value ? JOURNAL_WRITE_VALUES : JOURNAL_WRITE_NODES));
    BOUGH_TRY(append_object(journal, object, address));
    journal->base.object_count++;
    count_space(journal);
    link.address = *address;
    journal_index_recent_add(&journal->recent, &link);
    if (object->kind == BOUGH_KIND_COMMIT || object->kind == BOUGH_KIND_TAG)
        return journal_index_add(&journal->index, journal_state_tag(journal, name), *address);
    return BOUGH_OK;
}

/* Reads and checks one record as an object. */
static enum bough_err get_at(struct journal *journal, uint64_t address, struct bough_arena *arena,
                             struct bough_object *object)
{
    struct journal_record record;
    struct bough_bytes payload;

    BOUGH_TRY(journal_read_record(journal, address, arena, &record, &payload));
    return journal_read_object(&record, payload, arena, object);
}

static enum bough_err journal_get(struct bough_backend *backend, const struct bough_link *link,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct journal *journal = journal_of(backend);
    struct bough_link found = *link;
    uint64_t moved = journal_index_find(&journal->index, journal_state_tag(journal, &link->name));
    enum bough_err err;

    if (moved != 0)
        found.address = moved;
    err = get_at(journal, found.address, arena, object);
    if (err == BOUGH_CORRUPT)
        bough_log(journal->env->log, BOUGH_ERROR, "journal", "bad record at %llu, %llu bytes",
                  (unsigned long long)journal_format_address_offset(found.address),
                  (unsigned long long)journal_format_address_bytes(found.address));
    if (err == BOUGH_OK)
        journal_index_recent_add(&journal->recent, &found);
    return err;
}

static enum bough_err journal_find(struct bough_backend *backend, const struct bough_hash *name,
                                   uint64_t *address)
{
    struct journal *journal = journal_of(backend);

    *address = journal_index_find(&journal->index, journal_state_tag(journal, name));
    return *address == 0 ? BOUGH_NOT_FOUND : BOUGH_OK;
}

static void journal_root_get(struct bough_backend *backend, struct bough_root *root)
{
    *root = journal_of(backend)->root;
}

static enum bough_err journal_root_move(struct bough_backend *backend, uint64_t expected,
                                        const struct bough_link *state)
{
    struct journal *journal = journal_of(backend);

    if (journal->root.generation != expected)
        return BOUGH_STALE;
    /* A move that needed no put has not asked for room yet; its sync must not fail for want of it.
     */
    if (!journal_write_can_end(journal))
        return BOUGH_FULL;
    journal->root.state = *state;
    journal->root.generation++;
    return BOUGH_OK;
}

/* A checkpoint, if it is time; that there is no room for one now is no error of the sync. */
static enum bough_err maybe_checkpoint(struct journal *journal)
{
    enum bough_err err = BOUGH_OK;

    if (journal_checkpoint_is_due(journal))
        err = journal_checkpoint_save(journal);
    return err == BOUGH_FULL || err == BOUGH_NO_MEMORY ? BOUGH_OK : err;
}

static enum bough_err journal_sync(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    enum bough_err err;

    if (journal->root.generation == journal->synced_generation)
        return BOUGH_OK;
    err = journal_write_end(journal);
    if (err != BOUGH_OK)
        return journal_write_fail(journal, err);
    err = maybe_checkpoint(journal);
    count_space(journal);
    return err;
}

static void journal_hold(struct bough_backend *backend, bool on)
{
    struct journal *journal = journal_of(backend);

    assert(on || journal->hold_count > 0);
    if (on && journal->hold_count++ == 0)
        journal->hold_opening = journal->segments.at[journal->segments.current].opening;
    if (!on)
        journal->hold_count--;
}

static void journal_begin(struct bough_backend *backend)
{
    journal_collect_begin(journal_of(backend));
}

static enum bough_err journal_mark(struct bough_backend *backend, const struct bough_link *link,
                                   bool *fresh)
{
    return journal_collect_mark(journal_of(backend), link, fresh);
}

/* Makes freed segments free at once: the group under way is ended, and a checkpoint taken. */
static enum bough_err settle(struct journal *journal)
{
    enum bough_err err;

    if (journal->group_open) {
        err = journal_write_end(journal);
        if (err != BOUGH_OK)
            return journal_write_fail(journal, err);
    }
    err = journal_checkpoint_save(journal);
    count_space(journal);
    return err;
}

static enum bough_err journal_sweep(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);

    BOUGH_TRY(journal_collect_sweep(journal));
    return settle(journal);
}

static enum bough_err journal_clean(struct bough_backend *backend, uint64_t max_bytes, bool *done)
{
    struct journal *journal = journal_of(backend);
    bool was_active = journal->clean.active;
    enum bough_err err = journal_collect_clean(journal, max_bytes, done);

    if (err != BOUGH_OK)
        return err;
    return was_active && !journal->clean.active ? settle(journal) : BOUGH_OK;
}

static void journal_close(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    struct bough_heap *heap = journal->env->heap;

    if (journal->segments.heap != NULL)
        journal_segment_release(&journal->segments);
    journal_log_release(&journal->log);
    journal_index_release(&journal->index);
    if (journal->recent.links != NULL)
        journal_index_recent_release(&journal->recent);
    bough_block_close(journal->dev);
    bough_heap_give(heap, journal, sizeof(*journal));
}

static const struct bough_backend_ops journal_ops = {
    .put = journal_put,
    .get = journal_get,
    .find = journal_find,
    .root_get = journal_root_get,
    .root_move = journal_root_move,
    .sync = journal_sync,
    .close = journal_close,
    .hold = journal_hold,
    .collect_begin = journal_begin,
    .collect_mark = journal_mark,
    .collect_sweep = journal_sweep,
    .collect_clean = journal_clean,
};

/* Opens the log from one super; on BOUGH_CORRUPT an older one may still do. */
static enum bough_err open_from(struct journal *journal, const struct journal_super *super)
{
    struct bough_env *env = journal->env;

    if (journal->segments.heap != NULL)
        journal_segment_release(&journal->segments);
    journal_index_release(&journal->index);
    journal->super = *super;
    journal->base.identity = super->identity;
    journal->crc_begin = journal_format_crc_begin(&super->identity);
    journal->log_bytes = 0;
    journal->root = (struct bough_root){0};
    BOUGH_TRY(journal_segment_init(&journal->segments, env->heap, super));
    BOUGH_TRY(journal_checkpoint_load(journal));
    return journal_recover(journal);
}

/* Reads supers and log. */
static enum bough_err open_log(struct journal *journal)
{
    struct bough_env *env = journal->env;
    struct journal_super supers[3];
    unsigned count;
    enum bough_err err = BOUGH_CORRUPT;

    BOUGH_TRY(journal_super_read(env, journal->dev, supers, &count));
    BOUGH_TRY(journal_log_init(&journal->log, env, journal->dev, supers[0].unit_bytes));
    BOUGH_TRY(journal_index_recent_init(&journal->recent, env->heap));
    journal->base.durability = journal->dev->flush_survives;
    journal->base.read_only = journal->dev->read_only;
    for (unsigned i = 0; i < count && err == BOUGH_CORRUPT; i++) {
        err = open_from(journal, &supers[i]);
        if (err == BOUGH_CORRUPT)
            bough_log(env->log, BOUGH_ERROR, "journal", "checkpoint %llu cannot be used",
                      (unsigned long long)supers[i].count);
    }
    if (err != BOUGH_OK)
        return err;
    /* The newest group may stand in the device's cache only, when a process was killed before its
     * flush: what is shown from now on, and answered with "unchanged", must stay. */
    if (!journal->dev->read_only)
        BOUGH_TRY(bough_block_flush(journal->dev));
    count_space(journal);
    bough_log(env->log, BOUGH_INFO, "journal", "root %llu, %llu of %llu KiB used",
              (unsigned long long)journal->root.generation,
              (unsigned long long)(journal->base.used_bytes >> 10),
              (unsigned long long)(journal->base.capacity_bytes >> 10));
    return BOUGH_OK;
}

enum bough_err bough_journal_open(struct bough_env *env, struct bough_block *dev,
                                  struct bough_backend **backend)
{
    struct journal *journal = bough_heap_take(env->heap, sizeof(*journal));
    enum bough_err err;

    if (journal == NULL) {
        bough_block_close(dev);
        return BOUGH_NO_MEMORY;
    }
    *journal = (struct journal){
        .base = {.ops = &journal_ops}, .env = env, .dev = dev, .log = {.env = env}};
    journal_index_init(&journal->index, env->heap);
    err = open_log(journal);
    if (err != BOUGH_OK) {
        journal_close(&journal->base);
        return err;
    }
    *backend = &journal->base;
    return BOUGH_OK;
}
