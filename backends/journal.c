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
#include "journal_object.h"
#include "journal_place.h"
#include "journal_recover.h"
#include "journal_scrub.h"
#include "journal_super.h"
#include "journal_write.h"

/* Collection is wanted when less than this share of the segments is free, and that much of the
 * device was written since the last. */
#define FREE_DENOMINATOR  3u
#define SWEPT_DENOMINATOR 8u
#define WHOLE_SHARE_SHORT 8u
#define WHOLE_SHARE_ROOM  32u

/* Entries of a map that are merged at a sync, some milliseconds' worth at most; all of them, when
 * merging falls behind. */
#define MERGE_ENTRIES  8192u
#define MERGE_HURRY    4u
#define FILTER_ENTRIES 16384u

#define FIND_ARENA_BYTES ((size_t)32 << 20) /* a commit or tag, of a few MiB at most */

/* How objects are kept that are put, not copied. */
static const struct journal_object_as put_as = {0};

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
    /* When space is short, after much was written; when there is none, after any change at all; and
     * after a collection that left much for the next one. */
    journal->base.wants_collection =
        (segments->free_count < count / FREE_DENOMINATOR &&
         journal->swept_bytes > journal->base.capacity_bytes / SWEPT_DENOMINATOR) ||
        (segments->free_count <= JOURNAL_WRITE_VALUES &&
         journal->root.generation != journal->swept_generation) ||
        journal->whole_bytes > used / (journal->thorough ? WHOLE_SHARE_ROOM : WHOLE_SHARE_SHORT);
}

static enum bough_err journal_put(struct bough_backend *backend, const struct bough_hash *name,
                                  const struct bough_object *object, struct bough_place *place)
{
    struct journal *journal = journal_of(backend);
    bool is_value = object->kind == BOUGH_KIND_VALUE || object->kind == BOUGH_KIND_CHUNKS;
    struct bough_object kept = *object;

    if (journal_recent_find(&journal->recent, name, object, place) &&
        journal_collect_may_reuse(journal, place->address, is_value && object->address_count == 0))
        return BOUGH_OK;
    if (object->address_count > UINT16_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(journal_write_room(journal, journal_object_bytes_max(object),
                                 is_value ? JOURNAL_WRITE_VALUES : JOURNAL_WRITE_NODES));
    if (kept.patch.len > 0 && !journal_collect_may_base(journal, kept.base))
        kept.patch = (struct bough_bytes){0};
    BOUGH_TRY(journal_object_put(journal, &kept, put_as, &place->address));
    place->base = kept.patch.len > 0 ? kept.base : 0;
    place->settled = false;
    place->settled_count = journal->base.settled_count;
    journal->base.object_count++;
    count_space(journal);
    /* What cannot be found by name was not put: the next attempt must not find it among the recent.
     */
    if (object->kind == BOUGH_KIND_COMMIT || object->kind == BOUGH_KIND_TAG)
        BOUGH_TRY(
            journal_map_add(&journal->names, journal_state_tag(journal, name), place->address));
    journal_recent_add(&journal->recent, name, object, place);
    return BOUGH_OK;
}

static enum bough_err journal_replace(struct bough_backend *backend,
                                      const struct bough_link *damaged,
                                      const struct bough_object *object, struct bough_place *place)
{
    struct journal *journal = journal_of(backend);
    struct bough_object whole = *object;

    whole.base = 0; /* others may be differences from it */
    whole.before = 0;
    whole.patch = (struct bough_bytes){0};
    if (object->address_count > UINT16_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(journal_write_room(journal, journal_object_bytes_max(&whole), JOURNAL_WRITE_NODES));
    BOUGH_TRY(journal_object_put(journal, &whole, put_as, &place->address));
    journal->base.object_count++;
    journal->base.settled_count++;
    place->base = 0;
    place->settled = false;
    place->settled_count = journal->base.settled_count;
    count_space(journal);
    journal_recent_add(&journal->recent, &damaged->name, object, place);
    if (damaged->address != 0)
        BOUGH_TRY(journal_place_replace(journal, damaged->address, place->address));
    /* Where recovery met it damaged, it could not be named. */
    if (whole.kind == BOUGH_KIND_COMMIT || whole.kind == BOUGH_KIND_TAG)
        return journal_map_add(&journal->names, journal_state_tag(journal, &damaged->name),
                               place->address);
    return BOUGH_OK;
}

static enum bough_err journal_get(struct bough_backend *backend, const struct bough_link *link,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct journal *journal = journal_of(backend);
    enum bough_err err = journal_object_get(journal, link->address, arena, object);

    if (err == BOUGH_NOT_FOUND)
        err = BOUGH_CORRUPT; /* what a link leads to is never collected */
    if (err == BOUGH_CORRUPT)
        bough_log(journal->env->log, BOUGH_ERROR, "journal", "bad record at address %llx",
                  (unsigned long long)link->address);
    if (err == BOUGH_OK)
        journal_recent_add(&journal->recent, &link->name, object,
                           &(struct bough_place){.address = link->address,
                                                 .base = object->base,
                                                 .settled = object->settled,
                                                 .settled_count = object->settled_count});
    return err;
}

/* Whether the object at an address has this name. */
static enum bough_err has_name(struct journal *journal, uint64_t address,
                               const struct bough_hash *name, bool *has)
{
    struct bough_arena arena;
    struct bough_object object;
    struct bough_hash found;
    enum bough_err err;

    *has = false;
    bough_arena_init(&arena, journal->env->heap, FIND_ARENA_BYTES);
    err = journal_object_get(journal, address, &arena, &object);
    if (err == BOUGH_OK) {
        hash_of((uint32_t)object.kind, object.bytes, &found);
        *has = bough_hash_equal(&found, name);
    }
    bough_arena_release(&arena);
    return err;
}

static enum bough_err journal_find(struct bough_backend *backend, const struct bough_hash *name,
                                   uint64_t *address)
{
    struct journal *journal = journal_of(backend);
    uint64_t tag = journal_state_tag(journal, name);
    bool has = false;

    for (uint32_t nth = 0; !has; nth++) {
        enum bough_err err;
        uint64_t now;

        BOUGH_TRY(journal_map_find(journal, &journal->names, tag, nth, address));
        if (*address == 0)
            return BOUGH_NOT_FOUND;
        err = journal_place_find(journal, *address, &now);
        if (err == BOUGH_NOT_FOUND || (err == BOUGH_OK && journal_place_is_garbage(journal, now)))
            continue;
        if (err == BOUGH_OK)
            err = has_name(journal, now, name, &has); /* a tag is but 64 bits of it */
        if (err != BOUGH_OK)
            return err;
    }
    return BOUGH_OK;
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

/* Moves what the maps have in memory to the device, and merges their runs, a little at a time. That
 * there is no room or memory for it now is no error of the sync. */
static enum bough_err tend_map(struct journal *journal, struct journal_map *map,
                               journal_map_settle *settle)
{
    uint32_t due;
    enum bough_err err = BOUGH_OK;

    if (map->fresh.used_count >= JOURNAL_MAP_FRESH_MAX)
        err = journal_map_flush(journal, map, JOURNAL_WRITE_COPY);
    due = journal_map_merge_due(map);
    if (err == BOUGH_OK && due < map->run_count)
        err = journal_map_merge_begin(map, due);
    if (err == BOUGH_OK && map->merge.count > 0 && !journal->filtering)
        err = journal_map_merge_step(
            journal, map, JOURNAL_WRITE_COPY,
            map->run_count + MERGE_HURRY > JOURNAL_MAP_RUNS_MAX ? UINT32_MAX : MERGE_ENTRIES,
            settle);
    if (err == BOUGH_CORRUPT)
        return journal_write_fail(journal, err);
    return journal->base.read_only ? err : BOUGH_OK;
}

static enum bough_err tend_maps(struct journal *journal)
{
    BOUGH_TRY(tend_map(journal, &journal->moves, journal_place_settle_move));
    BOUGH_TRY(tend_map(journal, &journal->onward, journal_place_settle_move));
    return tend_map(journal, &journal->names, journal_place_settle_name);
}

/* A checkpoint, if it is time; that there is no room for one now is no error of the sync. */
static enum bough_err maybe_checkpoint(struct journal *journal)
{
    enum bough_err err = BOUGH_OK;

    if (journal_checkpoint_is_due(journal))
        err = journal_checkpoint_save(journal);
    if (journal->replaced)
        bough_log(journal->env->log, BOUGH_WARN, "journal",
                  "what was replaced does not count yet: no checkpoint could be taken: %s",
                  bough_err_name(err));
    return err == BOUGH_FULL || err == BOUGH_NO_MEMORY ? BOUGH_OK : err;
}

static enum bough_err journal_sync(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    enum bough_err err;

    if (journal->root.generation == journal->synced_generation)
        return BOUGH_OK;
    BOUGH_TRY(tend_maps(journal));
    BOUGH_TRY(journal_write_end(journal));
    err = maybe_checkpoint(journal);
    count_space(journal);
    return err;
}

static void journal_hold(struct bough_backend *backend, bool on)
{
    journal_collect_hold(journal_of(backend), on);
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

    BOUGH_TRY(tend_maps(journal));
    if (journal->group_open)
        BOUGH_TRY(journal_write_end(journal));
    err = journal_checkpoint_save(journal);
    count_space(journal);
    return err;
}

static enum bough_err journal_node(struct bough_backend *backend, const struct bough_place *place,
                                   bool newest)
{
    return journal_collect_node(journal_of(backend), place, newest);
}

static enum bough_err journal_sweep(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);

    BOUGH_TRY(journal_collect_sweep(journal));
    return journal->filtering ? BOUGH_OK : settle(journal);
}

static enum bough_err journal_clean(struct bough_backend *backend, uint64_t max_bytes, bool *done)
{
    struct journal *journal = journal_of(backend);

    if (journal->filtering) {
        *done = false;
        BOUGH_TRY(journal_collect_filter(journal, FILTER_ENTRIES));
        return journal->filtering ? BOUGH_OK : settle(journal);
    }
    BOUGH_TRY(journal_collect_clean(journal, max_bytes, done));
    /* Moves come faster here than syncs would take care of. */
    BOUGH_TRY(tend_maps(journal));
    return !journal->clean.active && journal->segments.empty_count > 0 ? settle(journal) : BOUGH_OK;
}

static enum bough_err journal_scrub(struct bough_backend *backend, uint64_t max_bytes,
                                    struct bough_scrub_report *report)
{
    return journal_scrub_step(journal_of(backend), max_bytes, report);
}

static void journal_close(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    struct bough_heap *heap = journal->env->heap;

    if (journal->segments.heap != NULL)
        journal_segment_release(&journal->segments);
    journal_log_release(&journal->log);
    journal_map_release(&journal->moves);
    journal_map_release(&journal->onward);
    journal_map_release(&journal->names);
    journal_recent_release(&journal->recent);
    journal_collect_release(journal);
    journal_page_release(&journal->pages);
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
    .replace = journal_replace,
    .scrub = journal_scrub,
    .collect_begin = journal_begin,
    .collect_mark = journal_mark,
    .collect_node = journal_node,
    .collect_sweep = journal_sweep,
    .collect_clean = journal_clean,
};

/* Opens the log from one super; on BOUGH_CORRUPT an older one may still do. */
static enum bough_err open_from(struct journal *journal, const struct journal_super *super)
{
    struct bough_env *env = journal->env;

    if (journal->segments.heap != NULL)
        journal_segment_release(&journal->segments);
    journal_map_release(&journal->moves);
    journal_map_release(&journal->onward);
    journal_map_release(&journal->names);
    journal->super = *super;
    journal->base.identity = super->identity;
    journal->crc_begin = journal_format_crc_begin(&super->identity);
    journal->log_bytes = 0;
    journal->mended = false;
    journal->root = (struct bough_root){0};
    BOUGH_TRY(journal_segment_init(&journal->segments, env->heap, super));
    BOUGH_TRY(journal_checkpoint_load(journal));
    return journal_recover(journal);
}

/* Takes up what the device has grown by. */
static enum bough_err grow(struct journal *journal)
{
    struct journal_super super = journal->super;

    super.device_bytes = journal_format_device_bytes(journal->dev);
    super.segment_count = journal_format_segment_count(&super);
    if (super.segment_count <= journal->super.segment_count)
        return BOUGH_OK;
    super.count++;
    BOUGH_TRY(journal_segment_grow(&journal->segments, &super));
    BOUGH_TRY(journal_super_write(journal->env, journal->dev, &super));
    bough_log(journal->env->log, BOUGH_INFO, "journal",
              "the device has grown: %u segments, were %u", super.segment_count,
              journal->super.segment_count);
    journal->super = super;
    return BOUGH_OK;
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
    BOUGH_TRY(journal_recent_init(&journal->recent, env->heap));
    BOUGH_TRY(journal_page_init(&journal->pages, env->heap));
    journal->base.durability = journal->dev->flush_survives;
    journal->base.read_only = journal->dev->read_only;
    journal->doubtful = count < 3;
    for (unsigned i = 0; i < count && err == BOUGH_CORRUPT; i++) {
        err = open_from(journal, &supers[i]);
        if (err == BOUGH_CORRUPT) /* one read that came from elsewhere must not decide it */
            err = open_from(journal, &supers[i]);
        if (err != BOUGH_CORRUPT)
            continue;
        /* What an older one counts on may have been written over since; nothing more must be. */
        bough_log(env->log, BOUGH_ERROR, "journal",
                  "checkpoint %llu cannot be used: opened read-only",
                  (unsigned long long)supers[i].count);
        journal->base.read_only = true;
        journal->base.damaged = true;
    }
    if (err != BOUGH_OK)
        return err;
    if (!journal->base.read_only)
        BOUGH_TRY(grow(journal));
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
    *journal = (struct journal){.base = {.ops = &journal_ops, .keeps_differences = true},
                                .env = env,
                                .dev = dev,
                                .log = {.env = env}};
    journal_map_init(&journal->moves, env->heap, true);
    journal_map_init(&journal->onward, env->heap, true);
    journal_map_init(&journal->names, env->heap, false);
    err = open_log(journal);
    if (err != BOUGH_OK) {
        journal_close(&journal->base);
        return err;
    }
    *backend = &journal->base;
    return BOUGH_OK;
}
