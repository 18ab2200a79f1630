/* SPDX-License-Identifier: ISC
 *
 * memory.c - a store in memory: a list of objects and a table by name.
 *
 *   (1) objects[i] has the address i + 1.
 *   (2) Every object is in the table exactly once: an index + 1 at the first free place from where
 *       its name's first bytes point to; at most half of the places are taken.
 * The reference model of the tests: nothing here is clever.
 */
#include "bough/memory.h"
#include "identity.h"

struct stored {
    struct bough_hash name;
    enum bough_kind kind;
    uint32_t address_count;
    size_t bytes_len;
    uint64_t data[]; /* the addresses, then the bytes */
};

struct memory {
    struct bough_backend base;
    struct bough_env *env;
    struct stored **objects;
    size_t count;
    size_t max; /* of objects; the table has twice as many places */
    uint32_t *table;
    struct bough_root root;
};

#define FIRST_MAX 1024u

static struct memory *memory_of(struct bough_backend *backend)
{
    return (struct memory *)backend;
}

static size_t stored_size(const struct stored *object)
{
    return sizeof(*object) + object->address_count * sizeof(uint64_t) + object->bytes_len;
}

/* The place in the table where `name` is, or would be. */
static uint32_t *place_of(struct memory *memory, const struct bough_hash *name)
{
    size_t mask = 2 * memory->max - 1;
    size_t at;

    memcpy(&at, name->at, sizeof(at));
    for (at &= mask; memory->table[at] != 0; at = (at + 1) & mask) {
        if (bough_hash_equal(&memory->objects[memory->table[at] - 1]->name, name))
            break;
    }
    return &memory->table[at];
}

/* Doubles the list and the table; on failure both are as before. */
static enum bough_err grow(struct memory *memory)
{
    struct bough_heap *heap = memory->env->heap;
    size_t max = memory->max == 0 ? FIRST_MAX : 2 * memory->max;
    struct stored **objects = bough_heap_take(heap, max * sizeof(struct stored *));
    uint32_t *table = bough_heap_take(heap, 2 * max * sizeof(*table));

    if (objects == NULL || table == NULL || max > UINT32_MAX / 2) {
        bough_heap_give(heap, objects, max * sizeof(struct stored *));
        bough_heap_give(heap, table, 2 * max * sizeof(*table));
        return BOUGH_NO_MEMORY;
    }
    if (memory->count > 0)
        memcpy(objects, memory->objects, memory->count * sizeof(struct stored *));
    memset(table, 0, 2 * max * sizeof(*table));
    bough_heap_give(heap, memory->objects, memory->max * sizeof(struct stored *));
    bough_heap_give(heap, memory->table, 2 * memory->max * sizeof(*table));
    memory->objects = objects;
    memory->table = table;
    memory->max = max;
    assert((max & (max - 1)) == 0 && memory->count < max);
    for (size_t i = 0; i < memory->count; i++)
        *place_of(memory, &objects[i]->name) = (uint32_t)i + 1;
    return BOUGH_OK;
}

static enum bough_err memory_put(struct bough_backend *backend, const struct bough_hash *name,
                                 const struct bough_object *object, struct bough_place *where)
{
    struct memory *memory = memory_of(backend);
    size_t addresses_size = object->address_count * sizeof(uint64_t);
    size_t size = sizeof(struct stored) + addresses_size + object->bytes.len;
    uint32_t *place = place_of(memory, name);
    struct stored *stored;

    *where = (struct bough_place){.address = *place};
    if (*place != 0)
        return BOUGH_OK;
    if (memory->count == memory->max)
        BOUGH_TRY(grow(memory));
    stored = bough_heap_take(memory->env->heap, size);
    if (stored == NULL)
        return BOUGH_NO_MEMORY;
    *stored = (struct stored){.name = *name,
                              .kind = object->kind,
                              .address_count = object->address_count,
                              .bytes_len = object->bytes.len};
    if (addresses_size > 0)
        memcpy(stored->data, object->addresses, addresses_size);
    if (object->bytes.len > 0)
        memcpy(stored->data + object->address_count, object->bytes.at, object->bytes.len);
    memory->objects[memory->count++] = stored;
    *place_of(memory, name) = (uint32_t)memory->count;
    where->address = memory->count;
    memory->base.used_bytes += size;
    memory->base.object_count++;
    return BOUGH_OK;
}

static enum bough_err memory_get(struct bough_backend *backend, const struct bough_link *link,
                                 struct bough_arena *arena, struct bough_object *object)
{
    struct memory *memory = memory_of(backend);
    const struct stored *stored;
    size_t data_len;
    uint64_t *data;

    if (link->address == 0 || link->address > memory->count)
        return BOUGH_CORRUPT;
    stored = memory->objects[link->address - 1];
    assert(stored != NULL);
    if (!bough_hash_equal(&stored->name, &link->name))
        return BOUGH_CORRUPT;
    data_len = stored->address_count * sizeof(uint64_t) + stored->bytes_len;
    data = bough_arena_take(arena, data_len);
    if (data == NULL)
        return BOUGH_NO_MEMORY;
    if (data_len > 0)
        memcpy(data, stored->data, data_len);
    *object = (struct bough_object){
        .kind = stored->kind,
        .bytes = bough_bytes_of(data + stored->address_count, stored->bytes_len),
        .addresses = data,
        .address_count = stored->address_count,
    };
    return BOUGH_OK;
}

static enum bough_err memory_find(struct bough_backend *backend, const struct bough_hash *name,
                                  uint64_t *address)
{
    uint32_t found = *place_of(memory_of(backend), name);

    *address = found;
    return found == 0 ? BOUGH_NOT_FOUND : BOUGH_OK;
}

static void memory_root_get(struct bough_backend *backend, struct bough_root *root)
{
    *root = memory_of(backend)->root;
}

static enum bough_err memory_root_move(struct bough_backend *backend, uint64_t expected,
                                       const struct bough_link *state)
{
    struct memory *memory = memory_of(backend);

    if (memory->root.generation != expected)
        return BOUGH_STALE;
    memory->root.state = *state;
    memory->root.generation++;
    return BOUGH_OK;
}

static enum bough_err memory_sync(struct bough_backend *backend)
{
    (void)backend; /* nothing survives the process anyway: durability says so */
    return BOUGH_OK;
}

static void memory_close(struct bough_backend *backend)
{
    struct memory *memory = memory_of(backend);
    struct bough_heap *heap = memory->env->heap;

    for (size_t i = 0; i < memory->count; i++)
        bough_heap_give(heap, memory->objects[i], stored_size(memory->objects[i]));
    bough_heap_give(heap, memory->objects, memory->max * sizeof(struct stored *));
    bough_heap_give(heap, memory->table, 2 * memory->max * sizeof(*memory->table));
    bough_heap_give(heap, memory, sizeof(*memory));
}

static const struct bough_backend_ops memory_ops = {
    .put = memory_put,
    .get = memory_get,
    .find = memory_find,
    .root_get = memory_root_get,
    .root_move = memory_root_move,
    .sync = memory_sync,
    .close = memory_close,
};

enum bough_err bough_memory_open(struct bough_env *env, const struct bough_identity *identity,
                                 struct bough_backend **backend)
{
    struct bough_identity chosen;
    struct memory *memory;
    enum bough_err err;

    BOUGH_TRY(identity_choose(env, identity, &chosen));
    memory = bough_heap_take(env->heap, sizeof(*memory));
    if (memory == NULL)
        return BOUGH_NO_MEMORY;
    *memory = (struct memory){
        .base = {.ops = &memory_ops, .identity = chosen, .durability = BOUGH_SURVIVES_NOTHING},
        .env = env,
    };
    err = grow(memory);
    if (err != BOUGH_OK) {
        memory_close(&memory->base);
        return err;
    }
    *backend = &memory->base;
    return BOUGH_OK;
}
