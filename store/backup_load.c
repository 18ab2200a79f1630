/* SPDX-License-Identifier: ISC
 *
 * backup_load.c - a dump becomes a store's state.
 *
 * Owns the bytes of the record that is not whole yet, a map of all objects that the stream may lead
 * to, and the state under construction.
 *   (1) An object is put only if its bytes have its name, and everything that it leads to is in the
 *       map: here before, or put.
 *   (2) Nothing of it can be seen: the state is a tree that no root names, until end.
 *   (3) `hash` has seen exactly the stream up to the record in `pending`.
 * The moment that matters is in bough_backup_load_end: one move of the root, after the hash of the
 * whole stream was compared.
 */
#include "backup_format.h"
#include "backup_map.h"
#include "backup_walk.h"
#include "bough/collect.h"
#include "decode.h"
#include "hash.h"
#include "object_links.h"

#define PENDING_FIRST   (64u << 10)
#define PENDING_MAX     (BOUGH_BACKUP_OBJECT_BYTES_MAX + 4096u)
#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define EDITS_MAX       256u /* of the state, applied at once */

struct bough_backup_load {
    struct bough_store *store;
    struct bough_collect_pin pin; /* of what was there: the stream may build on it */
    bool replace;
    bool has_head;
    bool ended; /* END was read, and the hash is right */
    enum bough_err failed;
    struct bough_backup_head head;
    struct bough_backup_report report;
    struct hash_state hash;
    uint8_t *pending;
    size_t pending_len;
    size_t pending_max;
    struct backup_map map;
    struct name_set targets;  /* of the present branches and tags: 1 = met in the stream */
    struct bough_arena arena; /* scratch of one record */
    struct bough_arena edit_arena;
    struct bough_edit *edits;
    size_t edit_count;
    struct bough_tree state; /* so far */
};

/* Logs what is wrong with the stream; gives `err` back. */
static enum bough_err refuse(struct bough_backup_load *load, enum bough_err err, const char *what)
{
    bough_log(load->store->env->log, BOUGH_ERROR, "backup", "byte %llu of the dump: %s",
              (unsigned long long)load->report.byte_count, what);
    return err;
}

enum bough_err bough_backup_load_open(struct bough_store *store, bool replace,
                                      struct bough_backup_load **load)
{
    struct bough_heap *heap = store->env->heap;
    struct bough_backup_load *opened;

    if (store->backend->read_only)
        return BOUGH_READ_ONLY;
    opened = bough_heap_take(heap, sizeof(*opened));
    if (opened == NULL)
        return BOUGH_NO_MEMORY;
    *opened = (struct bough_backup_load){.store = store, .replace = replace};
    hash_begin(&opened->hash, BACKUP_FORMAT_HASH_DOMAIN);
    backup_map_init(&opened->map, heap);
    name_set_init(&opened->targets, heap, BOUGH_BACKUP_BYTES_MAX);
    bough_arena_init(&opened->arena, heap, ARENA_BYTES_MAX);
    bough_arena_init(&opened->edit_arena, heap, ARENA_BYTES_MAX);
    bough_backend_hold(store->backend, true);
    bough_collect_pin_state(store, &opened->pin);
    *load = opened;
    return BOUGH_OK;
}

void bough_backup_load_close(struct bough_backup_load *load)
{
    struct bough_heap *heap;

    if (load == NULL)
        return;
    heap = load->store->env->heap;
    bough_collect_pin_end(&load->pin);
    bough_backend_hold(load->store->backend, false);
    bough_arena_release(&load->edit_arena);
    bough_arena_release(&load->arena);
    name_set_release(&load->targets);
    backup_map_release(&load->map);
    bough_heap_give(heap, load->pending, load->pending_max);
    bough_heap_give(heap, load, sizeof(*load));
}

struct bough_backup_report bough_backup_load_report(const struct bough_backup_load *load)
{
    return load->report;
}

/* ---- the head ---- */

static enum bough_err remember(void *context, const struct bough_link *link,
                               const struct bough_object *object)
{
    struct bough_backup_load *load = context;

    (void)object;
    return backup_map_add(&load->map, link);
}

/* Calls `one` for each branch, tag and other link of the present state. */
static enum bough_err each_present(struct bough_backup_load *load,
                                   enum bough_err (*one)(struct bough_backup_load *load,
                                                         struct bough_bytes path,
                                                         const struct bough_entry *entry))
{
    struct bough_tree_walk walk;
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, load->store->env->heap, ARENA_BYTES_MAX);
    err = bough_tree_walk_open(&walk, load->store, &load->store->state, (struct bough_bytes){0},
                               (struct bough_bytes){0}, &arena);
    while (err == BOUGH_OK) {
        struct bough_bytes path;
        struct bough_entry entry;

        err = bough_tree_walk_next(&walk, &path, &entry);
        if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_LINK)
            err = one(load, path, &entry);
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

static enum bough_err note_target(struct bough_backup_load *load, struct bough_bytes path,
                                  const struct bough_entry *entry)
{
    uint32_t *met;
    bool is_new;

    (void)path;
    return name_set_add(&load->targets, &entry->link.name, &met, &is_new);
}

/* Learns where everything is that the stream may lead to: below the commits it builds on; or, if it
 * is whole, all that is here, which is then not put again. */
static enum bough_err survey(struct bough_backup_load *load, const uint8_t *since)
{
    struct backup_walk walk = {.store = load->store, .visit = remember, .context = load};
    enum bough_err err = backup_walk_init(&walk);

    if (err == BOUGH_OK && load->head.since_count == 0)
        err = backup_walk_all(&walk);
    for (uint32_t i = 0; i < load->head.since_count && err == BOUGH_OK; i++) {
        struct bough_link link;

        memcpy(link.name.at, since + (size_t)i * BOUGH_HASH_BYTES, BOUGH_HASH_BYTES);
        err = bough_store_find(load->store, &link.name, &link);
        if (err == BOUGH_NOT_FOUND)
            (void)refuse(load, err, "it builds on a commit that is not here");
        if (err == BOUGH_OK)
            err = backup_map_add(&load->map, &link);
        if (err == BOUGH_OK)
            err = backup_walk_tree(&walk, &link);
    }
    backup_walk_release(&walk);
    return err;
}

/* The head and the commits behind it; *used = 0: more is needed. */
static enum bough_err take_head(struct bough_backup_load *load, struct bough_bytes in, size_t *used)
{
    const struct bough_identity *own = &load->store->backend->identity;
    const struct bough_identity *its = &load->head.identity;

    *used = 0;
    if (in.len < BOUGH_BACKUP_HEAD_BYTES)
        return BOUGH_OK;
    BOUGH_TRY(backup_format_head_get(in.at, &load->head));
    if (in.len < BOUGH_BACKUP_HEAD_BYTES + (size_t)load->head.since_count * BOUGH_HASH_BYTES)
        return BOUGH_OK;
    if (memcmp(own->salt, its->salt, sizeof(own->salt)) != 0 ||
        own->leaf_window_bytes != its->leaf_window_bytes ||
        own->inner_window_bytes != its->inner_window_bytes)
        return refuse(load, BOUGH_CONFLICT,
                      "it is of a store with another salt or other windows: equal contents have "
                      "other names there");
    BOUGH_TRY(each_present(load, note_target));
    BOUGH_TRY(survey(load, in.at + BOUGH_BACKUP_HEAD_BYTES));
    *used = BOUGH_BACKUP_HEAD_BYTES + (size_t)load->head.since_count * BOUGH_HASH_BYTES;
    load->has_head = true;
    return BOUGH_OK;
}

/* ---- objects ---- */

/* Where a name is: in the map, or known to the backend. */
static enum bough_err address_of(struct bough_backup_load *load, const struct bough_hash *name,
                                 uint64_t *address)
{
    enum bough_err err;

    *address = 0;
    if (bough_hash_is_none(name) || backup_map_find(&load->map, name, address))
        return BOUGH_OK;
    err = bough_backend_find(load->store->backend, name, address);
    if (err != BOUGH_NOT_FOUND)
        return err;
    return refuse(load, BOUGH_CORRUPT, "an object leads to one that is neither in it nor here");
}

static enum bough_err put_object(struct bough_backup_load *load, const struct bough_hash *name,
                                 struct bough_object *object)
{
    struct bough_link link = {.name = *name};
    struct bough_place place;
    struct object_links_item *items = NULL;
    uint64_t *addresses;
    uint32_t count;
    enum bough_err err;

    err = object_links(object->kind, object->bytes, &load->arena, &items, &count);
    if (err == BOUGH_CORRUPT)
        return refuse(load, err, "an object makes no sense");
    BOUGH_TRY(err);
    addresses = bough_arena_zeros(&load->arena, count, sizeof(*addresses));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        BOUGH_TRY(address_of(load, &items[i].name, &addresses[i]));
    assert(load->has_head && !load->ended);
    object->addresses = addresses;
    object->address_count = count;
    BOUGH_TRY(bough_backend_put(load->store->backend, name, object, &place));
    link.address = place.address;
    return backup_map_add(&load->map, &link);
}

/* Invariant (1). */
static enum bough_err take_object(struct bough_backup_load *load, struct decode *in)
{
    struct bough_object object = {.kind = (enum bough_kind)decode_u8(in)};
    struct bough_hash name = decode_hash(in);
    struct bough_hash found;
    uint32_t *met;
    uint64_t address;

    object.bytes = decode_raw(in, decode_u32(in));
    assert(!in->bad && in->left == 0);
    if (object.kind < BOUGH_KIND_VALUE || object.kind > BOUGH_KIND_CHUNKS)
        return refuse(load, BOUGH_CORRUPT, "an object of no kind");
    hash_of((uint32_t)object.kind, object.bytes, &found);
    if (!bough_hash_equal(&found, &name))
        return refuse(load, BOUGH_CORRUPT, "an object is not what its name says");
    load->report.object_count++;
    met = name_set_find(&load->targets, &name);
    if (met != NULL)
        *met = 1;
    if (backup_map_find(&load->map, &name, &address)) {
        load->report.skipped_count++;
        return BOUGH_OK;
    }
    return put_object(load, &name, &object);
}

/* ---- the state ---- */

/* Puts the edits that wait into the state. */
static enum bough_err apply_edits(struct bough_backup_load *load)
{
    struct bough_tree next;

    if (load->edit_count == 0)
        return BOUGH_OK;
    assert(load->edit_count <= EDITS_MAX);
    BOUGH_TRY(bough_tree_edit(load->store, &load->state, load->edits, load->edit_count,
                              &load->edit_arena, NULL, &next));
    load->state = next;
    bough_arena_release(&load->edit_arena);
    load->edits = NULL;
    load->edit_count = 0;
    return BOUGH_OK;
}

/* Adds an edit, whose path is copied. */
static enum bough_err add_edit(struct bough_backup_load *load, struct bough_bytes path,
                               const struct bough_entry *entry)
{
    struct bough_edit *edit;

    if (load->edits == NULL)
        load->edits = bough_arena_zeros(&load->edit_arena, EDITS_MAX, sizeof(*load->edits));
    if (load->edits == NULL)
        return BOUGH_NO_MEMORY;
    edit = &load->edits[load->edit_count];
    edit->path = bough_arena_copy(&load->edit_arena, path);
    edit->entry = *entry;
    if (edit->path.at == NULL)
        return BOUGH_NO_MEMORY;
    return ++load->edit_count == EDITS_MAX ? apply_edits(load) : BOUGH_OK;
}

static enum bough_err take_link(struct bough_backup_load *load, struct decode *in)
{
    static const char refs[] = "refs/";
    struct bough_entry entry = {.kind = BOUGH_ENTRY_LINK,
                                .link_kind = (enum bough_kind)decode_u8(in)};
    struct bough_object object;
    struct bough_bytes path;
    enum bough_err err;

    entry.link.name = decode_hash(in);
    path = decode_raw(in, decode_u16(in));
    assert(!in->bad && in->left == 0);
    if (bough_tree_path_check(path) != BOUGH_OK || path.len == 0 ||
        (bough_bytes_starts(path, bough_bytes_text(refs)) &&
         bough_ref_name_check(bough_bytes_of(path.at + sizeof(refs) - 1,
                                             path.len - (sizeof(refs) - 1))) != BOUGH_OK))
        return refuse(load, BOUGH_CORRUPT, "a branch or tag with a bad name");
    if (bough_hash_is_none(&entry.link.name))
        return refuse(load, BOUGH_CORRUPT, "a branch or tag that points nowhere");
    BOUGH_TRY(address_of(load, &entry.link.name, &entry.link.address));
    err = object_read(load->store, &entry.link, &load->arena, &object);
    if (err != BOUGH_OK)
        return err;
    if (object.kind != entry.link_kind &&
        !(object.kind == BOUGH_KIND_CHUNKS && entry.link_kind == BOUGH_KIND_VALUE))
        return refuse(load, BOUGH_CORRUPT, "a branch or tag of another kind than its target");
    load->report.link_count++;
    return add_edit(load, path, &entry);
}

static enum bough_err take_setting(struct bough_backup_load *load, struct decode *in)
{
    struct bough_entry entry = {.kind = BOUGH_ENTRY_VALUE, .mode = decode_u32(in)};
    uint16_t path_len = decode_u16(in);
    uint32_t len = decode_u32(in);
    struct bough_bytes path = decode_raw(in, path_len);
    struct bough_bytes data = decode_raw(in, len);

    assert(!in->bad && in->left == 0);
    if (bough_tree_path_check(path) != BOUGH_OK || path.len == 0)
        return refuse(load, BOUGH_CORRUPT, "a setting with a bad name");
    BOUGH_TRY(bough_value_put(load->store, data, &load->edit_arena, &entry.value));
    return add_edit(load, path, &entry);
}

/* ---- records ---- */

/* The hash in the record's last bytes is that of the stream up to there. */
static bool hash_is_right(const struct bough_backup_load *load, struct bough_bytes record)
{
    struct hash_state copy = load->hash;
    struct bough_hash hash;

    hash_add(&copy, bough_bytes_of(record.at, record.len - BOUGH_HASH_BYTES));
    hash_end(&copy, &hash);
    return memcmp(hash.at, record.at + record.len - BOUGH_HASH_BYTES, BOUGH_HASH_BYTES) == 0;
}

static enum bough_err take_end(struct bough_backup_load *load, struct decode *in)
{
    uint64_t objects = decode_u64(in);
    uint64_t links = decode_u64(in);

    if (objects != load->report.object_count || links != load->report.link_count)
        return refuse(load, BOUGH_CORRUPT, "its end counts something else");
    BOUGH_TRY(apply_edits(load));
    if (!bough_hash_equal(&load->state.root.name, &load->head.state))
        return refuse(load, BOUGH_CORRUPT, "its state is not the one its head names");
    load->ended = true;
    return BOUGH_OK;
}

/* How long the record is that `in` begins with; 0 = not known yet. */
static enum bough_err measure(struct bough_backup_load *load, struct bough_bytes in, size_t *size)
{
    struct decode head = decode_from(in);
    uint8_t type = decode_u8(&head);

    *size = 0;
    switch (type) {
    case BACKUP_FORMAT_OBJECT:
        (void)decode_raw(&head, 1 + BOUGH_HASH_BYTES);
        *size = BACKUP_FORMAT_OBJECT_BYTES + (size_t)decode_u32(&head);
        break;
    case BACKUP_FORMAT_CHECK:
        *size = BACKUP_FORMAT_CHECK_RECORD;
        break;
    case BACKUP_FORMAT_LINK:
        (void)decode_raw(&head, 1 + BOUGH_HASH_BYTES);
        *size = BACKUP_FORMAT_LINK_BYTES + (size_t)decode_u16(&head);
        break;
    case BACKUP_FORMAT_SETTING:
        (void)decode_u32(&head);
        *size = BACKUP_FORMAT_SETTING_BYTES + (size_t)decode_u16(&head);
        *size += decode_u32(&head);
        break;
    case BACKUP_FORMAT_END:
        *size = BACKUP_FORMAT_END_BYTES;
        break;
    default:
        return refuse(load, BOUGH_CORRUPT, "no record");
    }
    if (head.bad)
        *size = 0;
    return *size > PENDING_MAX ? refuse(load, BOUGH_TOO_BIG, "a record that long") : BOUGH_OK;
}

/* Takes one whole record. */
static enum bough_err take_record(struct bough_backup_load *load, struct bough_bytes record)
{
    struct decode in = decode_from(record);
    uint8_t type = decode_u8(&in);
    enum bough_err err = BOUGH_OK;

    if ((type == BACKUP_FORMAT_CHECK || type == BACKUP_FORMAT_END) && !hash_is_right(load, record))
        return refuse(load, BOUGH_CORRUPT, "what came before was damaged, or of another dump");
    if (type == BACKUP_FORMAT_OBJECT)
        err = take_object(load, &in);
    else if (type == BACKUP_FORMAT_LINK)
        err = take_link(load, &in);
    else if (type == BACKUP_FORMAT_SETTING)
        err = take_setting(load, &in);
    else if (type == BACKUP_FORMAT_END)
        err = take_end(load, &in);
    bough_arena_release(&load->arena);
    return err;
}

/* Takes what is whole of `in`; *used says how much. */
static enum bough_err take(struct bough_backup_load *load, struct bough_bytes in, size_t *used)
{
    *used = 0;
    while (*used < in.len) {
        struct bough_bytes rest = bough_bytes_of(in.at + *used, in.len - *used);
        size_t size = 0;

        if (load->ended)
            return refuse(load, BOUGH_CORRUPT, "something behind its end");
        if (!load->has_head) {
            BOUGH_TRY(take_head(load, rest, &size));
        } else {
            BOUGH_TRY(measure(load, rest, &size));
            size = size <= rest.len ? size : 0;
            if (size > 0)
                BOUGH_TRY(take_record(load, bough_bytes_of(rest.at, size)));
        }
        if (size == 0)
            return BOUGH_OK;
        hash_add(&load->hash, bough_bytes_of(rest.at, size));
        load->report.byte_count += size;
        *used += size;
    }
    return BOUGH_OK;
}

/* Makes room for `more` bytes behind those that wait. */
static enum bough_err make_room(struct bough_backup_load *load, size_t more)
{
    struct bough_heap *heap = load->store->env->heap;
    size_t max = load->pending_max == 0 ? PENDING_FIRST : load->pending_max;
    uint8_t *pending;

    while (max < load->pending_len + more)
        max *= 2;
    if (max == load->pending_max)
        return BOUGH_OK;
    pending = bough_heap_take(heap, max);
    if (pending == NULL)
        return BOUGH_NO_MEMORY;
    if (load->pending_len > 0)
        memcpy(pending, load->pending, load->pending_len);
    bough_heap_give(heap, load->pending, load->pending_max);
    load->pending = pending;
    load->pending_max = max;
    return BOUGH_OK;
}

/* A piece of at most PENDING_FIRST bytes. */
static enum bough_err add_piece(struct bough_backup_load *load, struct bough_bytes piece)
{
    size_t used;

    BOUGH_TRY(make_room(load, piece.len));
    memcpy(load->pending + load->pending_len, piece.at, piece.len);
    load->pending_len += piece.len;
    BOUGH_TRY(take(load, bough_bytes_of(load->pending, load->pending_len), &used));
    load->pending_len -= used;
    if (used > 0 && load->pending_len > 0)
        memmove(load->pending, load->pending + used, load->pending_len);
    assert(load->pending_len <= PENDING_MAX);
    return BOUGH_OK;
}

enum bough_err bough_backup_load_add(struct bough_backup_load *load, struct bough_bytes bytes)
{
    assert(load->failed == BOUGH_OK);
    while (bytes.len > 0 && load->failed == BOUGH_OK) {
        size_t some = bytes.len < PENDING_FIRST ? bytes.len : PENDING_FIRST;

        load->failed = add_piece(load, bough_bytes_of(bytes.at, some));
        bytes = bough_bytes_of(bytes.at + some, bytes.len - some);
    }
    return load->failed;
}

/* ---- the end ---- */

/* Whether an entry of the present state can go: the new one has it, or what it leads to is in the
 * stream or among what the stream builds on. */
static enum bough_err check_kept(struct bough_backup_load *load, struct bough_bytes path,
                                 const struct bough_entry *entry)
{
    const uint32_t *met = name_set_find(&load->targets, &entry->link.name);
    struct bough_entry found;
    uint64_t address;
    enum bough_err err;

    if (met != NULL && *met != 0)
        return BOUGH_OK;
    err = bough_tree_find(load->store, &load->state, path, &load->arena, &found);
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    if (err == BOUGH_OK && found.kind == BOUGH_ENTRY_LINK &&
        bough_hash_equal(&found.link.name, &entry->link.name))
        return BOUGH_OK;
    if (load->head.since_count > 0 && backup_map_find(&load->map, &entry->link.name, &address))
        return BOUGH_OK;
    bough_log(load->store->env->log, BOUGH_ERROR, "backup",
              "%.*s points at what the dump neither contains nor builds on", (int)path.len,
              (const char *)path.at);
    return BOUGH_STALE;
}

enum bough_err bough_backup_load_end(struct bough_backup_load *load)
{
    struct bough_store *store = load->store;

    assert(load->failed == BOUGH_OK);
    if (!load->ended || load->pending_len > 0)
        return refuse(load, BOUGH_CORRUPT, "it was cut short");
    if (!load->replace)
        BOUGH_TRY(each_present(load, check_kept));
    if (bough_hash_equal(&load->state.root.name, &store->state.root.name))
        return BOUGH_OK; /* nothing is new */
    BOUGH_TRY(bough_backend_root_move(store->backend, store->generation, &load->state.root));
    store->state = load->state;
    store->generation++;
    store->unsynced = true;
    return BOUGH_OK;
}
