/* SPDX-License-Identifier: ISC
 *
 * backup.c - a whole store, or what is new in it, as a stream of bytes.
 *
 * The order is that of backup_walk.c, which follows from the state alone, and nothing else that
 * changes is written: so the same state gives the same bytes, and a dump from an offset on is made
 * by making it all and leaving out the beginning.
 *   (1) `hash` has seen exactly the first report.byte_count bytes of the stream.
 *   (2) An object is written after all that it leads to, or they were left out because of `since`.
 *   (3) The state is that of the beginning, and is pinned: what is written, deleted or collected
 *       between two steps changes nothing.
 * A dump goes on in steps, each of which reads about one object; what a step has made waits in
 * `made` until it is taken.
 */
#include "backup_format.h"
#include "backup_walk.h"
#include "bough/collect.h"
#include "encode.h"
#include "hash.h"

#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define MADE_BYTES_MIN  65536u
#define READ_STEPS_MAX  128u /* of one bough_backup_dump_read */

enum dump_stage { DUMP_SINCE, DUMP_EXCLUDING, DUMP_WALK, DUMP_STATE, DUMP_END, DUMP_DONE };

struct bough_backup_dump {
    struct bough_store *store;
    struct bough_hash *since;
    size_t since_count;
    size_t since_at; /* those before it are left out */
    uint64_t offset_bytes;
    uint64_t generation;
    struct bough_collect_pin pin;
    struct backup_walk walk;
    struct bough_tree_walk entries; /* of the state */
    struct bough_arena arena;       /* of `entries` */
    struct bough_backup_report report;
    struct hash_state hash;
    uint64_t checked_at; /* the stream's size at the last CHECK */
    enum dump_stage stage;
    uint8_t *made; /* made_at..made_len were not taken yet */
    size_t made_at;
    size_t made_len;
    size_t made_max;
};

/* Makes room for `len` more bytes. */
static enum bough_err reserve(struct bough_backup_dump *dump, size_t len)
{
    struct bough_heap *heap = dump->store->env->heap;
    size_t max = dump->made_len + len;
    uint8_t *more;

    if (max <= dump->made_max)
        return BOUGH_OK;
    max = max < MADE_BYTES_MIN ? MADE_BYTES_MIN : 2 * max;
    more = bough_heap_take(heap, max);
    if (more == NULL)
        return BOUGH_NO_MEMORY;
    if (dump->made_len > 0)
        memcpy(more, dump->made, dump->made_len);
    bough_heap_give(heap, dump->made, dump->made_max);
    dump->made = more;
    dump->made_max = max;
    return BOUGH_OK;
}

/* Invariant (1). */
static enum bough_err emit(struct bough_backup_dump *dump, struct bough_bytes bytes)
{
    uint64_t begin = dump->report.byte_count;

    assert(bytes.len > 0 && dump->checked_at <= begin);
    hash_add(&dump->hash, bytes);
    dump->report.byte_count += bytes.len;
    if (dump->report.byte_count <= dump->offset_bytes)
        return BOUGH_OK;
    if (begin < dump->offset_bytes) {
        size_t had = (size_t)(dump->offset_bytes - begin);

        bytes = bough_bytes_of(bytes.at + had, bytes.len - had);
    }
    BOUGH_TRY(reserve(dump, bytes.len));
    memcpy(dump->made + dump->made_len, bytes.at, bytes.len);
    dump->made_len += bytes.len;
    return BOUGH_OK;
}

/* The hash of everything so far. */
static void running(const struct bough_backup_dump *dump, struct bough_hash *hash)
{
    struct hash_state copy = dump->hash;

    hash_end(&copy, hash);
}

static enum bough_err emit_hash(struct bough_backup_dump *dump)
{
    struct bough_hash hash;

    running(dump, &hash);
    return emit(dump, bough_bytes_of(hash.at, sizeof(hash.at)));
}

static enum bough_err emit_head(struct bough_backup_dump *dump)
{
    uint8_t bytes[BOUGH_BACKUP_HEAD_BYTES];
    const struct bough_backup_head head = {
        .identity = dump->store->backend->identity,
        .generation = dump->generation,
        .state = dump->walk.state.root.name,
        .since_count = (uint32_t)dump->since_count,
    };

    backup_format_head_put(&head, bytes);
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    for (size_t i = 0; i < dump->since_count; i++)
        BOUGH_TRY(emit(dump, bough_bytes_of(dump->since[i].at, BOUGH_HASH_BYTES)));
    return BOUGH_OK;
}

static enum bough_err emit_object(void *context, const struct bough_link *link,
                                  const struct bough_object *object)
{
    struct bough_backup_dump *dump = context;
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
    dump->report.object_count++;
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    if (object->bytes.len > 0)
        BOUGH_TRY(emit(dump, object->bytes));
    if (dump->report.byte_count - dump->checked_at < BACKUP_FORMAT_CHECK_BYTES)
        return BOUGH_OK;
    dump->checked_at = dump->report.byte_count;
    BOUGH_TRY(emit(dump, bough_bytes_of(&check, 1)));
    return emit_hash(dump);
}

static enum bough_err emit_link(struct bough_backup_dump *dump, struct bough_bytes path,
                                const struct bough_entry *entry)
{
    uint8_t bytes[BACKUP_FORMAT_LINK_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));

    encode_u8(&out, BACKUP_FORMAT_LINK);
    encode_u8(&out, (uint8_t)entry->link_kind);
    encode_hash(&out, &entry->link.name);
    encode_u16(&out, (uint16_t)path.len);
    assert(!out.overflow && path.len <= BOUGH_PATH_BYTES_MAX);
    dump->report.link_count++;
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    return emit(dump, path);
}

static enum bough_err emit_setting(struct bough_backup_dump *dump, struct bough_bytes path,
                                   const struct bough_entry *entry)
{
    uint8_t bytes[BACKUP_FORMAT_SETTING_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));
    struct bough_bytes data;

    BOUGH_TRY(bough_value_get(dump->store, &entry->value, BACKUP_FORMAT_SETTING_MAX, &dump->arena,
                              &data));
    encode_u8(&out, BACKUP_FORMAT_SETTING);
    encode_u32(&out, entry->mode);
    encode_u16(&out, (uint16_t)path.len);
    encode_u32(&out, (uint32_t)data.len);
    assert(!out.overflow && path.len <= BOUGH_PATH_BYTES_MAX);
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    BOUGH_TRY(emit(dump, path));
    return data.len > 0 ? emit(dump, data) : BOUGH_OK;
}

/* The next of the state's own entries. */
static enum bough_err emit_entry(struct bough_backup_dump *dump, bool *done)
{
    struct bough_bytes path;
    struct bough_entry entry;
    enum bough_err err = bough_tree_walk_next(&dump->entries, &path, &entry);

    *done = err == BOUGH_NOT_FOUND;
    if (err != BOUGH_OK)
        return *done ? BOUGH_OK : err;
    return entry.kind == BOUGH_ENTRY_LINK ? emit_link(dump, path, &entry)
                                          : emit_setting(dump, path, &entry);
}

static enum bough_err emit_end(struct bough_backup_dump *dump)
{
    uint8_t bytes[BACKUP_FORMAT_END_BYTES - BOUGH_HASH_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));

    encode_u8(&out, BACKUP_FORMAT_END);
    encode_u64(&out, dump->report.object_count);
    encode_u64(&out, dump->report.link_count);
    assert(!out.overflow && out.len == sizeof(bytes));
    BOUGH_TRY(emit(dump, bough_bytes_of(bytes, sizeof(bytes))));
    return emit_hash(dump);
}

/* Begins to leave out what the next commit of `since` has; behind the last one the walk begins. */
static enum bough_err since_step(struct bough_backup_dump *dump)
{
    struct bough_link link;

    if (dump->since_at == dump->since_count) {
        dump->stage = DUMP_WALK;
        return backup_walk_begin(&dump->walk);
    }
    link = (struct bough_link){.name = dump->since[dump->since_at++]};
    BOUGH_TRY(bough_backend_find(dump->store->backend, &link.name, &link.address));
    dump->stage = DUMP_EXCLUDING;
    return backup_walk_exclude(&dump->walk, &link);
}

/* Goes on with the walk; `next` is what comes after it. */
static enum bough_err walk_step(struct bough_backup_dump *dump, enum dump_stage next)
{
    bool done;

    BOUGH_TRY(backup_walk_step(&dump->walk, &done));
    if (done)
        dump->stage = next;
    return done && next == DUMP_STATE
               ? bough_tree_walk_open(&dump->entries, dump->store, &dump->walk.state,
                                      (struct bough_bytes){0}, (struct bough_bytes){0},
                                      &dump->arena)
               : BOUGH_OK;
}

/* About one object's worth of work. */
static enum bough_err step(struct bough_backup_dump *dump)
{
    bool done;

    switch (dump->stage) {
    case DUMP_SINCE:
        return since_step(dump);
    case DUMP_EXCLUDING:
        return walk_step(dump, DUMP_SINCE);
    case DUMP_WALK:
        return walk_step(dump, DUMP_STATE);
    case DUMP_STATE:
        BOUGH_TRY(emit_entry(dump, &done));
        dump->stage = done ? DUMP_END : DUMP_STATE;
        return BOUGH_OK;
    case DUMP_END:
        BOUGH_TRY(emit_end(dump));
        dump->stage = DUMP_DONE;
        return dump->report.byte_count < dump->offset_bytes ? BOUGH_INVALID : BOUGH_OK;
    case DUMP_DONE:
        break;
    }
    return BOUGH_OK;
}

/* Takes what it needs of memory, and checks what it was asked for. */
static enum bough_err begin(struct bough_backup_dump *dump, const struct bough_hash *since)
{
    struct bough_heap *heap = dump->store->env->heap;

    BOUGH_TRY(backup_walk_init(&dump->walk));
    if (dump->since_count > 0) {
        dump->since = bough_heap_take(heap, dump->since_count * sizeof(*dump->since));
        if (dump->since == NULL)
            return BOUGH_NO_MEMORY;
        memcpy(dump->since, since, dump->since_count * sizeof(*dump->since));
    }
    for (size_t i = 0; i < dump->since_count; i++) {
        uint64_t address;

        BOUGH_TRY(bough_backend_find(dump->store->backend, &dump->since[i], &address));
    }
    return emit_head(dump);
}

enum bough_err bough_backup_dump_open(struct bough_store *store, const struct bough_hash *since,
                                      size_t since_count, uint64_t offset_bytes,
                                      struct bough_backup_dump **dump)
{
    struct bough_backup_dump *new_dump;
    enum bough_err err;

    if (since_count > BOUGH_BACKUP_SINCE_MAX)
        return BOUGH_TOO_BIG;
    new_dump = bough_heap_take(store->env->heap, sizeof(*new_dump));
    if (new_dump == NULL)
        return BOUGH_NO_MEMORY;
    *new_dump = (struct bough_backup_dump){
        .store = store,
        .since_count = since_count,
        .offset_bytes = offset_bytes,
        .generation = store->generation,
        .walk = {.store = store, .visit = emit_object, .context = new_dump, .reads_values = true},
    };
    bough_collect_pin_state(store, &new_dump->pin);
    bough_arena_init(&new_dump->arena, store->env->heap, ARENA_BYTES_MAX);
    hash_begin(&new_dump->hash, BACKUP_FORMAT_HASH_DOMAIN);
    err = begin(new_dump, since);
    if (err != BOUGH_OK) {
        bough_backup_dump_close(new_dump);
        return err;
    }
    *dump = new_dump;
    return BOUGH_OK;
}

void bough_backup_dump_close(struct bough_backup_dump *dump)
{
    struct bough_heap *heap;

    if (dump == NULL)
        return;
    heap = dump->store->env->heap;
    bough_collect_pin_end(&dump->pin);
    backup_walk_release(&dump->walk);
    bough_arena_release(&dump->arena);
    bough_heap_give(heap, dump->made, dump->made_max);
    if (dump->since != NULL)
        bough_heap_give(heap, dump->since, dump->since_count * sizeof(*dump->since));
    bough_heap_give(heap, dump, sizeof(*dump));
}

enum bough_err bough_backup_dump_read(struct bough_backup_dump *dump, void *into, size_t max,
                                      size_t *got)
{
    unsigned steps = 0;

    *got = 0;
    while (*got < max) {
        size_t some = dump->made_len - dump->made_at;

        if (some == 0 && (dump->stage == DUMP_DONE || steps++ == READ_STEPS_MAX))
            break;
        if (some == 0) {
            dump->made_at = dump->made_len = 0;
            BOUGH_TRY(step(dump));
            continue;
        }
        some = some < max - *got ? some : max - *got;
        memcpy((uint8_t *)into + *got, dump->made + dump->made_at, some);
        dump->made_at += some;
        *got += some;
    }
    return *got == 0 && dump->stage != DUMP_DONE ? BOUGH_NOT_READY : BOUGH_OK;
}

struct bough_backup_report bough_backup_dump_report(const struct bough_backup_dump *dump)
{
    return dump->report;
}

enum bough_err bough_backup_head_read(const uint8_t *at, struct bough_backup_head *head)
{
    return backup_format_head_get(at, head);
}

enum bough_err bough_backup_dump(struct bough_store *store,
                                 const struct bough_backup_dump_options *options,
                                 struct bough_backup_report *report)
{
    struct bough_backup_dump *dump;
    enum bough_err err = BOUGH_OK;
    bool done = false;

    *report = (struct bough_backup_report){0};
    BOUGH_TRY(bough_backup_dump_open(store, options->since, options->since_count,
                                     options->offset_bytes, &dump));
    while (err == BOUGH_OK && !done) {
        *report = dump->report;
        if (dump->made_len > 0)
            err = options->write(options->context, bough_bytes_of(dump->made, dump->made_len),
                                 report);
        dump->made_len = 0;
        done = dump->stage == DUMP_DONE;
        if (err == BOUGH_OK)
            err = step(dump);
    }
    bough_backup_dump_close(dump);
    return err;
}
