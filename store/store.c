/* SPDX-License-Identifier: ISC
 *
 * store.c - open a store, make its writes durable, ask how it is.
 */
#include "bough/store.h"
#include "cache.h"
#include "collect.h"
#include "object.h"

/* Scratch to check one object by name: as large as a commit may be. */
#define FIND_ARENA_BYTES_MAX (4u << 20)

enum bough_err bough_store_open(struct bough_env *env, struct bough_backend *backend,
                                size_t cache_bytes, struct bough_store **store)
{
    struct bough_store *new_store = bough_heap_take(env->heap, sizeof(*new_store));
    struct bough_root root;
    enum bough_err err;

    if (new_store == NULL) {
        bough_backend_close(backend);
        return BOUGH_NO_MEMORY;
    }
    bough_backend_root_get(backend, &root);
    *new_store = (struct bough_store){
        .env = env,
        .backend = backend,
        .state = {.root = root.state},
        .generation = root.generation,
    };
    err = cache_open(env->heap, cache_bytes, &new_store->cache);
    if (err != BOUGH_OK) {
        bough_store_close(new_store);
        return err;
    }
    *store = new_store;
    return BOUGH_OK;
}

void bough_store_close(struct bough_store *store)
{
    if (store == NULL)
        return;
    collect_release(store);
    cache_close(store->cache);
    bough_backend_close(store->backend);
    bough_heap_give(store->env->heap, store, sizeof(*store));
}

enum bough_err bough_store_sync(struct bough_store *store)
{
    enum bough_err err;

    if (!store->unsynced)
        return BOUGH_OK;
    assert(store->generation > 0); /* something was staged, so the root has moved */
    err = bough_backend_sync(store->backend);
    if (err == BOUGH_OK)
        store->unsynced = false;
    return err;
}

void bough_store_info(const struct bough_store *store, struct bough_store_info *info)
{
    const struct bough_backend *backend = store->backend;

    *info = (struct bough_store_info){
        .identity = backend->identity,
        .durability = backend->durability,
        .read_only = backend->read_only,
        .unsynced = store->unsynced,
        .generation = store->generation,
        .capacity_bytes = backend->capacity_bytes,
        .used_bytes = backend->used_bytes,
        .cache_bytes = cache_bytes(store->cache),
        .settled_count = backend->settled_count,
    };
}

struct bough_env *bough_store_env(const struct bough_store *store)
{
    return store->env;
}

enum bough_err bough_store_find(struct bough_store *store, const struct bough_hash *name,
                                struct bough_link *link)
{
    struct bough_link found = {.name = *name};
    struct bough_arena arena;
    struct bough_object object;
    enum bough_err err;

    BOUGH_TRY(bough_backend_find(store->backend, name, &found.address));
    bough_arena_init(&arena, store->env->heap, FIND_ARENA_BYTES_MAX);
    err = object_get(store, &found, &arena, &object);
    bough_arena_release(&arena);
    if (err == BOUGH_OK)
        *link = found;
    return err;
}
