/* SPDX-License-Identifier: ISC
 *
 * journal.c - the log-structured backend: objects are appended, roots are the commit points.
 *
 *   (1) A group is open iff something was put since the last sync; it starts on a unit.
 *   (2) root is the newest root, staged or not; synced_generation that of the last ROOT record.
 *   (3) After a failed write or flush the backend is read-only for good: what the device holds is
 *       not known, and a second flush would prove nothing.
 * The moment that matters is journal_sync: one ROOT record, one write, one flush.
 */
#include "bough/journal.h"
#include "hash.h"
#include "identity.h"
#include "journal_recover.h"
#include "journal_super.h"

/* What a sync needs at most: a GROUP and a ROOT record, and padding to a unit. */
#define SYNC_RESERVE_BYTES(unit) (256u + 2u * (unit))

struct journal {
    struct bough_backend base;
    struct bough_env *env;
    struct bough_block *dev;
    struct journal_super super;
    struct journal_log log;
    struct journal_index index;
    struct journal_recent recent;
    struct bough_root root;
    uint64_t synced_generation;
    uint64_t sequence; /* of the last ended group */
    struct bough_hash chain;
    uint32_t group_records;
    uint32_t group_crc; /* over the crc fields of the open group's objects */
    bool group_open;
    uint32_t crc_begin;
};

static struct journal *journal_of(struct bough_backend *backend)
{
    return (struct journal *)backend;
}

/* Appends one record; `parts` are its payload. */
static enum bough_err append_record(struct journal *journal, uint8_t kind, uint16_t address_count,
                                    struct bough_bytes first, struct bough_bytes second)
{
    struct journal_record record = {
        .payload_len = (uint32_t)(first.len + second.len),
        .kind = kind,
        .address_count = address_count,
        .sequence = (uint32_t)(journal->sequence + 1),
    };
    uint8_t header[JOURNAL_RECORD_HEADER];

    journal_format_record_put(&record, header);
    record.crc =
        journal_format_crc_add(journal->crc_begin, bough_bytes_of(header + 4, sizeof(header) - 4));
    record.crc = journal_format_crc_add(record.crc, first);
    record.crc = journal_format_crc_add(record.crc, second);
    journal_format_record_put(&record, header);
    journal->group_crc = journal_format_crc_add(journal->group_crc, bough_bytes_of(header, 4));
    BOUGH_TRY(journal_log_append(&journal->log, bough_bytes_of(header, sizeof(header))));
    BOUGH_TRY(journal_log_append(&journal->log, first));
    BOUGH_TRY(journal_log_append(&journal->log, second));
    return journal_log_pad(&journal->log, JOURNAL_ALIGNMENT);
}

/* Begins a group unless one is open. */
static enum bough_err open_group(struct journal *journal)
{
    uint8_t payload[JOURNAL_GROUP_BYTES];

    if (journal->group_open)
        return BOUGH_OK;
    assert(journal_log_at(&journal->log) % journal->super.unit_bytes == 0);
    for (unsigned i = 0; i < 8; i++)
        payload[i] = (uint8_t)((journal->sequence + 1) >> (8 * i));
    memcpy(payload + 8, journal->chain.at, BOUGH_HASH_BYTES);
    BOUGH_TRY(append_record(journal, JOURNAL_KIND_GROUP, 0,
                            bough_bytes_of(payload, sizeof(payload)), (struct bough_bytes){0}));
    journal->group_open = true;
    journal->group_records = 0;
    journal->group_crc = 0;
    return BOUGH_OK;
}

/* After an error of the device: rule (3). */
static enum bough_err fail(struct journal *journal, enum bough_err err)
{
    journal->base.read_only = true;
    bough_log(journal->env->log, BOUGH_ERROR, "journal",
              "read-only from now on: %s; what was not acknowledged may be lost",
              bough_err_name(err));
    return err;
}

/* Appends an object to the open group. */
static enum bough_err append_object(struct journal *journal, const struct bough_object *object,
                                    const uint8_t *addresses)
{
    BOUGH_TRY(open_group(journal));
    return append_record(journal, (uint8_t)object->kind, (uint16_t)object->address_count,
                         object->bytes,
                         bough_bytes_of(addresses, object->address_count * sizeof(uint64_t)));
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

static enum bough_err journal_put(struct bough_backend *backend, const struct bough_hash *name,
                                  const struct bough_object *object, uint64_t *address)
{
    struct journal *journal = journal_of(backend);
    size_t addresses_len = object->address_count * sizeof(uint64_t);
    struct journal_record shape = {.payload_len = (uint32_t)(object->bytes.len + addresses_len)};
    uint64_t record_bytes = journal_format_record_bytes(&shape);
    uint64_t at = journal_log_at(&journal->log);
    struct bough_link link = {.name = *name};
    uint8_t small[64 * sizeof(uint64_t)];
    uint8_t *addresses;
    enum bough_err err;

    *address = journal_index_recent_find(&journal->recent, name);
    if (*address != 0)
        return BOUGH_OK;
    if (object->bytes.len + addresses_len > JOURNAL_RECORD_BYTES_MAX - JOURNAL_RECORD_HEADER - 8 ||
        object->address_count > UINT16_MAX)
        return BOUGH_TOO_BIG;
    if (record_bytes + SYNC_RESERVE_BYTES(journal->super.unit_bytes) > journal->log.end - at)
        return BOUGH_FULL;
    addresses = encode_addresses(journal, object, small, sizeof(small));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    err = append_object(journal, object, addresses);
    if (addresses != small)
        bough_heap_give(journal->env->heap, addresses, addresses_len);
    if (err != BOUGH_OK)
        return fail(journal, err);
    at = journal_log_at(&journal->log) - record_bytes;
    assert(at >= journal->super.log_start && at % JOURNAL_ALIGNMENT == 0);
    link.address = journal_format_address(at, record_bytes);
    journal->group_records++;
    journal->base.object_count++;
    journal->base.used_bytes = journal_log_at(&journal->log) - journal->super.log_start;
    journal_index_recent_add(&journal->recent, &link);
    *address = link.address;
    if (object->kind == BOUGH_KIND_COMMIT || object->kind == BOUGH_KIND_TAG)
        return journal_index_add(&journal->index, name, link.address);
    return BOUGH_OK;
}

/* Checks a record that was read and lays it out as an object. */
static enum bough_err open_record(struct journal *journal, const uint8_t *bytes, uint64_t len,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct journal_record record;
    uint64_t *addresses;
    uint32_t crc;
    size_t own_len;

    journal_format_record_get(bytes, &record);
    if (journal_format_record_bytes(&record) != len ||
        record.address_count * 8u > record.payload_len)
        return BOUGH_CORRUPT;
    crc = journal_format_crc_add(
        journal->crc_begin,
        bough_bytes_of(bytes + 4, JOURNAL_RECORD_HEADER - 4 + (size_t)record.payload_len));
    if (crc != record.crc)
        return BOUGH_CORRUPT;
    own_len = record.payload_len - record.address_count * 8u;
    addresses = bough_arena_zeros(arena, record.address_count, sizeof(*addresses));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < record.address_count * (size_t)8; i++)
        addresses[i / 8] |= (uint64_t)bytes[JOURNAL_RECORD_HEADER + own_len + i] << (8 * (i % 8));
    *object = (struct bough_object){
        .kind = (enum bough_kind)record.kind,
        .bytes = bough_bytes_of(bytes + JOURNAL_RECORD_HEADER, own_len),
        .addresses = addresses,
        .address_count = record.address_count,
    };
    return BOUGH_OK;
}

static enum bough_err journal_get(struct bough_backend *backend, const struct bough_link *link,
                                  struct bough_arena *arena, struct bough_object *object)
{
    struct journal *journal = journal_of(backend);
    uint64_t offset = journal_format_address_offset(link->address);
    uint64_t len = journal_format_address_bytes(link->address);
    const uint8_t *bytes;
    enum bough_err err = BOUGH_CORRUPT;

    if (offset >= journal->super.log_start && len >= JOURNAL_RECORD_HEADER)
        err = journal_log_read(&journal->log, offset, len, arena, &bytes);
    if (err == BOUGH_OK)
        err = open_record(journal, bytes, len, arena, object);
    if (err == BOUGH_CORRUPT)
        bough_log(journal->env->log, BOUGH_ERROR, "journal", "bad record at %llu, %llu bytes",
                  (unsigned long long)offset, (unsigned long long)len);
    if (err == BOUGH_OK)
        journal_index_recent_add(&journal->recent, link);
    return err;
}

static enum bough_err journal_find(struct bough_backend *backend, const struct bough_hash *name,
                                   uint64_t *address)
{
    return journal_index_find(&journal_of(backend)->index, name, address);
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
    journal->root.state = *state;
    journal->root.generation++;
    return BOUGH_OK;
}

/* Ends the open group with the newest root and makes it durable. */
static enum bough_err end_group(struct journal *journal)
{
    struct journal_root root = {.root = journal->root,
                                .record_count = journal->group_records,
                                .objects_crc = journal->group_crc};
    uint8_t payload[JOURNAL_ROOT_BYTES];

    assert(journal->group_open && journal->root.generation > journal->synced_generation);
    journal_format_root_put(&root, payload);
    BOUGH_TRY(append_record(journal, JOURNAL_KIND_ROOT, 0, bough_bytes_of(payload, sizeof(payload)),
                            (struct bough_bytes){0}));
    BOUGH_TRY(journal_log_pad(&journal->log, journal->super.unit_bytes));
    BOUGH_TRY(journal_log_flush(&journal->log));
    hash_of(JOURNAL_DOMAIN_CHAIN, bough_bytes_of(payload, sizeof(payload)), &journal->chain);
    assert(journal_log_at(&journal->log) % journal->super.unit_bytes == 0);
    journal->sequence++;
    journal->group_open = false;
    journal->synced_generation = journal->root.generation;
    journal->base.used_bytes = journal_log_at(&journal->log) - journal->super.log_start;
    return BOUGH_OK;
}

static enum bough_err journal_sync(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    uint64_t left = journal->log.end - journal_log_at(&journal->log);
    enum bough_err err;

    if (journal->root.generation == journal->synced_generation)
        return BOUGH_OK;
    if (left < SYNC_RESERVE_BYTES(journal->super.unit_bytes) - journal->super.unit_bytes)
        return fail(journal, BOUGH_FULL);
    err = open_group(journal);
    if (err == BOUGH_OK)
        err = end_group(journal);
    return err == BOUGH_OK ? BOUGH_OK : fail(journal, err);
}

static void journal_close(struct bough_backend *backend)
{
    struct journal *journal = journal_of(backend);
    struct bough_heap *heap = journal->env->heap;

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
};

/* Reads super and log. */
static enum bough_err open_log(struct journal *journal)
{
    struct bough_env *env = journal->env;
    struct journal_found found;

    BOUGH_TRY(journal_super_read(env, journal->dev, &journal->super));
    BOUGH_TRY(journal_log_init(&journal->log, env, journal->dev, journal->super.unit_bytes));
    BOUGH_TRY(journal_index_recent_init(&journal->recent, env->heap));
    BOUGH_TRY(journal_recover(&journal->log, &journal->super, &journal->index, &found));
    /* The newest group may stand in the device's cache only, when a process was killed before its
     * flush: what is shown from now on, and answered with "unchanged", must stay. */
    if (!journal->dev->read_only)
        BOUGH_TRY(bough_block_flush(journal->dev));
    journal->log.base = found.head;
    journal->log.end = journal->super.log_end;
    journal->root = found.root;
    journal->synced_generation = found.root.generation;
    journal->sequence = found.sequence;
    journal->chain = found.chain;
    journal->crc_begin = journal_format_crc_begin(&journal->super.identity);
    journal->base.identity = journal->super.identity;
    journal->base.durability = journal->dev->flush_survives;
    journal->base.read_only = journal->dev->read_only || found.damaged;
    journal->base.damaged = found.damaged || found.spoiled_count > 0;
    journal->base.capacity_bytes = journal->super.log_end - journal->super.log_start;
    journal->base.used_bytes = found.head - journal->super.log_start;
    bough_log(env->log, BOUGH_INFO, "journal", "root %llu, %llu of %llu KiB used",
              (unsigned long long)found.root.generation,
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
