/* SPDX-License-Identifier: ISC
 *
 * backup.c - a whole store, or what is new in it, as a stream of bytes.
 *
 * The order is that of backup_walk.c, which follows from the state alone, and nothing else that
 * changes is written: so the same state gives the same bytes, and a dump from an offset on is made
 * by making it all and leaving out the beginning.
 *   (1) `hash` has seen exactly the first report->byte_count bytes of the stream.
 *   (2) An object is written after all that it leads to, or they were left out because of `since`.
 */
#include "backup_format.h"
#include "backup_walk.h"
#include "encode.h"
#include "hash.h"

#define ARENA_BYTES_MAX ((size_t)16 << 20)

struct dump {
    struct bough_store *store;
    const struct bough_backup_dump_options *options;
    struct bough_backup_report *report;
    struct hash_state hash;
    uint64_t checked_at; /* the stream's size at the last CHECK */
};

/* Invariant (1). */
static enum bough_err emit(struct dump *dump, struct bough_bytes bytes)
{
    uint64_t offset = dump->options->offset_bytes;
    uint64_t begin = dump->report->byte_count;

    assert(bytes.len > 0 && dump->checked_at <= begin);
    hash_add(&dump->hash, bytes);
    dump->report->byte_count += bytes.len;
    if (dump->report->byte_count <= offset)
        return BOUGH_OK;
    if (begin < offset)
        bytes = bough_bytes_of(bytes.at + (offset - begin), bytes.len - (size_t)(offset - begin));
    return dump->options->write(dump->options->context, bytes, dump->report);
}

/* The hash of everything so far. */
static void running(const struct dump *dump, struct bough_hash *hash)
{
    struct hash_state copy = dump->hash;

    hash_end(&copy, hash);
}

static enum bough_err emit_hash(struct dump *dump)
{
    struct bough_hash hash;

    running(dump, &hash);
    return emit(dump, bough_bytes_of(hash.at, sizeof(hash.at)));
}

static enum bough_err emit_head(struct dump *dump)
{
    uint8_t bytes[BOUGH_BACKUP_HEAD_BYTES];
    const struct bough_backup_head head = {
        .identity = dump->store->backend->identity,
        .generation = dump->store->generation,
        .state = dump->store->state.root.name,
        .since_count = (uint32_t)dump->options->since_count,
    };

    backup_format_head_put(&head, bytes);
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    for (size_t i = 0; i < dump->options->since_count; i++)
        BOUGH_TRY(emit(dump, bough_bytes_of(dump->options->since[i].at, BOUGH_HASH_BYTES)));
    return BOUGH_OK;
}

static enum bough_err emit_object(void *context, const struct bough_link *link,
                                  const struct bough_object *object)
{
    struct dump *dump = context;
    uint8_t bytes[BACKUP_FORMAT_OBJECT_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));
    const uint8_t check = BACKUP_FORMAT_CHECK;

    assert(object != NULL);
    if (object->bytes.len > BOUGH_BACKUP_OBJECT_BYTES_MAX)
        return BOUGH_TOO_BIG;
    encode_u8(&out, BACKUP_FORMAT_OBJECT);
    encode_u8(&out, (uint8_t)object->kind);
    encode_hash(&out, &link->name);
    encode_u32(&out, (uint32_t)object->bytes.len);
    assert(!out.overflow && out.len == sizeof(bytes));
    dump->report->object_count++;
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    if (object->bytes.len > 0)
        BOUGH_TRY(emit(dump, object->bytes));
    if (dump->report->byte_count - dump->checked_at < BACKUP_FORMAT_CHECK_BYTES)
        return BOUGH_OK;
    dump->checked_at = dump->report->byte_count;
    BOUGH_TRY(emit(dump, bough_bytes_of(&check, 1)));
    return emit_hash(dump);
}

static enum bough_err emit_link(struct dump *dump, struct bough_bytes path,
                                const struct bough_entry *entry)
{
    uint8_t bytes[BACKUP_FORMAT_LINK_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));

    encode_u8(&out, BACKUP_FORMAT_LINK);
    encode_u8(&out, (uint8_t)entry->link_kind);
    encode_hash(&out, &entry->link.name);
    encode_u16(&out, (uint16_t)path.len);
    assert(!out.overflow && path.len <= BOUGH_PATH_BYTES_MAX);
    dump->report->link_count++;
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    return emit(dump, path);
}

static enum bough_err emit_setting(struct dump *dump, struct bough_bytes path,
                                   const struct bough_entry *entry, struct bough_arena *arena)
{
    uint8_t bytes[BACKUP_FORMAT_SETTING_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));
    struct bough_bytes data;

    BOUGH_TRY(bough_value_get(dump->store, &entry->value, BACKUP_FORMAT_SETTING_MAX, arena, &data));
    encode_u8(&out, BACKUP_FORMAT_SETTING);
    encode_u32(&out, entry->mode);
    encode_u16(&out, (uint16_t)path.len);
    encode_u32(&out, (uint32_t)data.len);
    assert(!out.overflow && path.len <= BOUGH_PATH_BYTES_MAX);
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    BOUGH_TRY(emit(dump, path));
    return data.len > 0 ? emit(dump, data) : BOUGH_OK;
}

/* The state's own entries, in order. */
static enum bough_err emit_state(struct dump *dump)
{
    struct bough_tree_walk walk;
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, dump->store->env->heap, ARENA_BYTES_MAX);
    err = bough_tree_walk_open(&walk, dump->store, &dump->store->state, (struct bough_bytes){0},
                               (struct bough_bytes){0}, &arena);
    while (err == BOUGH_OK) {
        struct bough_bytes path;
        struct bough_entry entry;

        err = bough_tree_walk_next(&walk, &path, &entry);
        if (err == BOUGH_OK)
            err = entry.kind == BOUGH_ENTRY_LINK ? emit_link(dump, path, &entry)
                                                 : emit_setting(dump, path, &entry, &arena);
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

static enum bough_err emit_end(struct dump *dump)
{
    uint8_t bytes[BACKUP_FORMAT_END_BYTES - BOUGH_HASH_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));

    encode_u8(&out, BACKUP_FORMAT_END);
    encode_u64(&out, dump->report->object_count);
    encode_u64(&out, dump->report->link_count);
    assert(!out.overflow && out.len == sizeof(bytes));
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    return emit_hash(dump);
}

static enum bough_err run(struct dump *dump, struct backup_walk *walk)
{
    BOUGH_TRY(backup_walk_init(walk));
    for (size_t i = 0; i < dump->options->since_count; i++) {
        struct bough_link link = {.name = dump->options->since[i]};

        BOUGH_TRY(bough_backend_find(dump->store->backend, &link.name, &link.address));
        BOUGH_TRY(backup_walk_exclude(walk, &link));
    }
    BOUGH_TRY(emit_head(dump));
    BOUGH_TRY(backup_walk_all(walk));
    BOUGH_TRY(emit_state(dump));
    BOUGH_TRY(emit_end(dump));
    return dump->report->byte_count < dump->options->offset_bytes ? BOUGH_INVALID : BOUGH_OK;
}

enum bough_err bough_backup_head_read(const uint8_t *at, struct bough_backup_head *head)
{
    return backup_format_head_get(at, head);
}

enum bough_err bough_backup_dump(struct bough_store *store,
                                 const struct bough_backup_dump_options *options,
                                 struct bough_backup_report *report)
{
    struct dump dump = {.store = store, .options = options, .report = report};
    struct backup_walk walk = {
        .store = store, .visit = emit_object, .context = &dump, .reads_values = true};
    enum bough_err err;

    *report = (struct bough_backup_report){0};
    if (options->since_count > BOUGH_BACKUP_SINCE_MAX)
        return BOUGH_TOO_BIG;
    hash_begin(&dump.hash, BACKUP_FORMAT_HASH_DOMAIN);
    err = run(&dump, &walk);
    backup_walk_release(&walk);
    return err;
}
