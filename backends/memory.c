/* SPDX-License-Identifier: ISC
 *
 * memory.c - a store in memory: a list of objects and a table by name.
 *
 *   (1) An address is a place's number + 1 and, above 32 bits, how often the place was freed: no
 *       address is used twice, since caches know objects by it. A place without an object is in the
 *       list of free ones.
 *   (2) Every object is in the table exactly once: its place + 1 at the first free entry from where
 *       its name's first bytes point to; at most half of the entries are taken.
 *   (3) An object is dead if collection has swept, did not mark it, and nobody has put it since. A
 *       dead object is not found by name; put again it gets a new address.
 *   (4) used_bytes is what the objects take, never more than capacity_bytes, which is three
 * quarters of the heap's limit; values stop at a sixteenth less, so that a full store can delete.
 */
#include "bough/memory.h"
#include "identity.h"

struct stored {
    struct bough_hash name;
    enum bough_kind kind;
    uint32_t address_count;
    size_t bytes_len;
    uint64_t born;   /* counts puts: the last one of this object */
    uint64_t epoch;  /* of the collection that marked it last */
    uint64_t data[]; /* the addresses, then the bytes */
};

struct place {
    struct stored *object; /* NULL = free */
    uint32_t next_free;    /* of a free place: the next one's number + 1, 0 = none */
    uint32_t freed_count;
};

struct memory {
    struct bough_backend base;
    struct bough_env *env;
    struct place *places;
    uint32_t first_free;
    size_t end; /* places above were never taken */
    size_t max; /* of places; the table has twice as many */
    uint32_t *table;
    struct bough_root root;
    uint64_t born_next;
    uint64_t epoch;
    uint64_t begun_at;  /* what is born later is no garbage of the collection under way */
    uint64_t held_from; /* the same for what is put during a hold */
    unsigned hold_count;
    bool swept;      /* invariant (3) */
    size_t clean_at; /* the next place to look at */
    uint64_t put_bytes;
    uint64_t swept_generation;
};

#define FIRST_MAX      1024u
#define OVERHEAD_BYTES 32u /* of an object: its places in the list and the table */

/* Collection is worth its time when more than half is used, and an eighth was put since the last.
 */
#define WANTED_DENOMINATOR 2u
#define PUT_DENOMINATOR    8u
#define VALUES_DENOMINATOR 16u

static struct memory *memory_of(struct bough_backend *backend)
{
    return (struct memory *)backend;
}

static size_t stored_size(const struct stored *object)
{
    return sizeof(*object) + object->address_count * sizeof(uint64_t) + object->bytes_len;
}

static size_t table_mask(const struct memory *memory)
{
    return 2 * memory->max - 1;
}

/* Where the search for a name begins. */
static size_t table_begin(const struct memory *memory, const struct bough_hash *name)
{
    size_t at;

    memcpy(&at, name->at, sizeof(at));
    return at & table_mask(memory);
}

/* The place in the table where `name` is, or would be. */
static uint32_t *place_of(struct memory *memory, const struct bough_hash *name)
{
    size_t at = table_begin(memory, name);

    for (; memory->table[at] != 0; at = (at + 1) & table_mask(memory)) {
        if (bough_hash_equal(&memory->places[memory->table[at] - 1].object->name, name))
            break;
    }
    return &memory->table[at];
}

/* Takes a name out of the table; those behind it that would not be found any more move up (Knuth,
 * The Art of Computer Programming 3, 6.4, algorithm R). */
static void forget(struct memory *memory, const struct bough_hash *name)
{
    size_t mask = table_mask(memory);
    size_t hole = (size_t)(place_of(memory, name) - memory->table);
    size_t at = hole;

    assert(memory->table[hole] != 0);
    for (;;) {
        size_t wanted;

        memory->table[hole] = 0;
        do {
            at = (at + 1) & mask;
            if (memory->table[at] == 0)
                return;
            wanted = table_begin(memory, &memory->places[memory->table[at] - 1].object->name);
        } while (((at - wanted) & mask) < ((at - hole) & mask));
        memory->table[hole] = memory->table[at];
        hole = at;
    }
}

/* Doubles the list and the table; on failure both are as before. */
static enum bough_err grow(struct memory *memory)
{
    struct bough_heap *heap = memory->env->heap;
    size_t max = memory->max == 0 ? FIRST_MAX : 2 * memory->max;
    struct place *places = bough_heap_take(heap, max * sizeof(*places));
    uint32_t *table = bough_heap_take(heap, 2 * max * sizeof(*table));

    assert((max & (max - 1)) == 0 && memory->end <= memory->max);
    if (places == NULL || table == NULL || max > UINT32_MAX / 2) {
        bough_heap_give(heap, places, max * sizeof(*places));
        bough_heap_give(heap, table, 2 * max * sizeof(*table));
        return BOUGH_NO_MEMORY;
    }
    memset(places, 0, max * sizeof(*places));
    if (memory->end > 0)
        memcpy(places, memory->places, memory->end * sizeof(*places));
    memset(table, 0, 2 * max * sizeof(*table));
    bough_heap_give(heap, memory->places, memory->max * sizeof(*places));
    bough_heap_give(heap, memory->table, 2 * memory->max * sizeof(*table));
    memory->places = places;
    memory->table = table;
    memory->max = max;
    for (size_t i = 0; i < memory->end; i++)
        if (places[i].object != NULL)
            *place_of(memory, &places[i].object->name) = (uint32_t)i + 1;
    return BOUGH_OK;
}

/* Invariant (3). */
static bool is_dead(const struct memory *memory, const struct stored *object)
{
    return memory->swept && object->epoch != memory->epoch && object->born < memory->begun_at;
}

/* Keeps the declared wish true. */
static void consider_collection(struct memory *memory)
{
    struct bough_backend *base = &memory->base;
    uint64_t capacity = base->capacity_bytes;

    base->wants_collection = (base->used_bytes > capacity / WANTED_DENOMINATOR &&
                              memory->put_bytes > capacity / PUT_DENOMINATOR) ||
                             (base->used_bytes > capacity - capacity / VALUES_DENOMINATOR * 2 &&
                              memory->root.generation != memory->swept_generation);
}

/* The address of the object in a place. */
static uint64_t address_of(const struct memory *memory, uint32_t number)
{
    return (uint64_t)memory->places[number].freed_count << 32 | (number + 1u);
}

/* The object at an address, NULL if there is none any more. */
static struct stored *object_at(const struct memory *memory, uint64_t address)
{
    uint32_t number = (uint32_t)address - 1;

    if ((uint32_t)address == 0 || number >= memory->end || address_of(memory, number) != address)
        return NULL;
    return memory->places[number].object;
}

/* Gives an object and its place back. */
static void bury(struct memory *memory, size_t number)
{
    struct place *place = &memory->places[number];
    size_t size = stored_size(place->object);

    assert(place->object != NULL && number < memory->end);
    forget(memory, &place->object->name);
    bough_heap_give(memory->env->heap, place->object, size);
    place->object = NULL;
    place->freed_count++;
    place->next_free = memory->first_free;
    memory->first_free = (uint32_t)number + 1;
    assert(memory->base.used_bytes >= size + OVERHEAD_BYTES);
    memory->base.used_bytes -= size + OVERHEAD_BYTES;
}

/* Whether there is room for an object of `size` bytes. */
static bool has_room(const struct memory *memory, enum bough_kind kind, size_t size)
{
    uint64_t limit = memory->base.capacity_bytes;

    if (kind == BOUGH_KIND_VALUE || kind == BOUGH_KIND_CHUNKS)
        limit -= limit / VALUES_DENOMINATOR;
    return memory->base.used_bytes <= limit && size <= limit - memory->base.used_bytes;
}

/* A free place for an object; there is one. */
static uint32_t take_place(struct memory *memory)
{
    uint32_t number = memory->first_free - 1;

    if (memory->first_free == 0)
        return (uint32_t)memory->end++;
    memory->first_free = memory->places[number].next_free;
    return number;
}

/* Whether an object of that name is there, and alive; its address.  A dead one is buried. */
static bool find_alive(struct memory *memory, const struct bough_hash *name, uint64_t *address)
{
    uint32_t found = *place_of(memory, name);

    if (found == 0)
        return false;
    if (is_dead(memory, memory->places[found - 1].object)) {
        bury(memory, found - 1);
        return false;
    }
    memory->places[found - 1].object->born = memory->born_next++;
    *address = address_of(memory, found - 1);
    return true;
}

static enum bough_err memory_put(struct bough_backend *backend, const struct bough_hash *name,
                                 const struct bough_object *object, struct bough_place *where)
{
    struct memory *memory = memory_of(backend);
    size_t addresses_size = object->address_count * sizeof(uint64_t);
    size_t size = sizeof(struct stored) + addresses_size + object->bytes.len;
    struct stored *stored;
    uint32_t number;

    *where = (struct bough_place){0};
    if (find_alive(memory, name, &where->address))
        return BOUGH_OK;
    if (!has_room(memory, object->kind, size + OVERHEAD_BYTES))
        return BOUGH_FULL;
    if (memory->first_free == 0 && memory->end == memory->max)
        BOUGH_TRY(grow(memory));
    stored = bough_heap_take(memory->env->heap, size);
    if (stored == NULL)
        return BOUGH_NO_MEMORY;
    *stored = (struct stored){.name = *name,
                              .kind = object->kind,
                              .address_count = object->address_count,
                              .bytes_len = object->bytes.len,
                              .born = memory->born_next++};
    if (addresses_size > 0)
        memcpy(stored->data, object->addresses, addresses_size);
    if (object->bytes.len > 0)
        memcpy(stored->data + object->address_count, object->bytes.at, object->bytes.len);
    number = take_place(memory);
    assert(memory->places[number].object == NULL && number < memory->max);
    memory->places[number].object = stored;
    *place_of(memory, name) = number + 1;
    where->address = address_of(memory, number);
    memory->put_bytes += size;
    memory->base.used_bytes += size + OVERHEAD_BYTES;
    memory->base.object_count++;
    consider_collection(memory);
    return BOUGH_OK;
}

static enum bough_err memory_get(struct bough_backend *backend, const struct bough_link *link,
                                 struct bough_arena *arena, struct bough_object *object)
{
    struct memory *memory = memory_of(backend);
    const struct stored *stored;
    size_t data_len;
    uint64_t *data;

    stored = object_at(memory, link->address);
    if (stored == NULL || !bough_hash_equal(&stored->name, &link->name))
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
    struct memory *memory = memory_of(backend);
    uint32_t found = *place_of(memory, name);

    *address = found == 0 || is_dead(memory, memory->places[found - 1].object)
                   ? 0
                   : address_of(memory, found - 1);
    return *address == 0 ? BOUGH_NOT_FOUND : BOUGH_OK;
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
    consider_collection(memory);
    return BOUGH_OK;
}

static enum bough_err memory_sync(struct bough_backend *backend)
{
    (void)backend; /* nothing survives the process anyway: durability says so */
    return BOUGH_OK;
}

static void memory_hold(struct bough_backend *backend, bool on)
{
    struct memory *memory = memory_of(backend);

    assert(on || memory->hold_count > 0);
    if (on && memory->hold_count++ == 0)
        memory->held_from = memory->born_next;
    if (!on)
        memory->hold_count--;
}

static void memory_begin(struct bough_backend *backend)
{
    struct memory *memory = memory_of(backend);

    memory->epoch++;
    memory->begun_at = memory->born_next;
    memory->swept = false;
}

static enum bough_err memory_mark(struct bough_backend *backend, const struct bough_link *link,
                                  bool *fresh)
{
    struct memory *memory = memory_of(backend);
    uint64_t address = link->address;
    struct stored *object;

    if (address == 0)
        BOUGH_TRY(memory_find(backend, &link->name, &address));
    object = object_at(memory, address);
    if (object == NULL || !bough_hash_equal(&object->name, &link->name))
        return BOUGH_CORRUPT;
    assert(!memory->swept);
    *fresh = object->epoch != memory->epoch;
    object->epoch = memory->epoch;
    return BOUGH_OK;
}

/* From now on what was not marked is dead. */
static enum bough_err memory_sweep(struct bough_backend *backend)
{
    struct memory *memory = memory_of(backend);

    if (memory->hold_count > 0 && memory->held_from < memory->begun_at)
        memory->begun_at = memory->held_from;
    memory->swept = true;
    memory->clean_at = 0;
    memory->put_bytes = 0;
    memory->swept_generation = memory->root.generation;
    consider_collection(memory);
    return BOUGH_OK;
}

/* Gives the dead back: looks at one place for each KiB of `max_bytes`. */
static enum bough_err memory_clean(struct bough_backend *backend, uint64_t max_bytes, bool *done)
{
    struct memory *memory = memory_of(backend);
    uint64_t left = 1 + (max_bytes >> 10);

    assert(memory->swept);
    for (; memory->clean_at < memory->end && left > 0; memory->clean_at++, left--) {
        const struct stored *object = memory->places[memory->clean_at].object;

        if (object != NULL && is_dead(memory, object))
            bury(memory, memory->clean_at);
    }
    *done = memory->clean_at == memory->end;
    memory->swept = !*done;
    consider_collection(memory);
    return BOUGH_OK;
}

static void memory_close(struct bough_backend *backend)
{
    struct memory *memory = memory_of(backend);
    struct bough_heap *heap = memory->env->heap;

    for (size_t i = 0; i < memory->end; i++)
        if (memory->places[i].object != NULL)
            bough_heap_give(heap, memory->places[i].object, stored_size(memory->places[i].object));
    bough_heap_give(heap, memory->places, memory->max * sizeof(*memory->places));
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
    .hold = memory_hold,
    .collect_begin = memory_begin,
    .collect_mark = memory_mark,
    .collect_sweep = memory_sweep,
    .collect_clean = memory_clean,
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
        .base = {.ops = &memory_ops,
                 .identity = chosen,
                 .durability = BOUGH_SURVIVES_NOTHING,
                 .capacity_bytes = env->heap->limit_bytes / 4 * 3},
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
