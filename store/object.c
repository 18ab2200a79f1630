/* SPDX-License-Identifier: ISC
 *
 * object.c - objects by link: named when written, checked when read.
 *
 * The moment that matters is in read_checked: bytes leave it only if they hash to the name that the
 * caller asked for.  What the cache holds has passed there before.
 */
#include "object.h"
#include "cache.h"
#include "hash.h"

enum bough_err object_put(struct bough_store *store, enum bough_kind kind, struct bough_bytes bytes,
                          const struct bough_link *links, uint32_t link_count,
                          struct bough_link *link)
{
    uint64_t small[64];
    size_t heap_bytes = link_count * sizeof(uint64_t);
    uint64_t *addresses = small;
    struct bough_object object = {.kind = kind, .bytes = bytes, .address_count = link_count};
    enum bough_err err;

    if (heap_bytes > sizeof(small)) {
        addresses = bough_heap_take(store->env->heap, heap_bytes);
        if (addresses == NULL)
            return BOUGH_NO_MEMORY;
    }
    assert(link_count == 0 || links != NULL);
    for (uint32_t i = 0; i < link_count; i++)
        addresses[i] = links[i].address;
    object.addresses = addresses;
    hash_of((uint32_t)kind, bytes, &link->name);
    err = bough_backend_put(store->backend, &link->name, &object, &link->address);
    if (err == BOUGH_OK && store->cache != NULL)
        cache_keep(store->cache, link, &object);
    if (addresses != small)
        bough_heap_give(store->env->heap, addresses, heap_bytes);
    return err;
}

enum bough_err object_corrupt(struct bough_store *store, const struct bough_link *link,
                              const char *what)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(&link->name, hex);
    bough_log(store->env->log, BOUGH_ERROR, "store", "object %s at %llx: %s", hex,
              (unsigned long long)link->address, what);
    return BOUGH_CORRUPT;
}

/* Reads from the backend and compares the hash. */
static enum bough_err read_checked(struct bough_store *store, const struct bough_link *link,
                                   struct bough_arena *arena, struct bough_object *object)
{
    struct bough_hash found;

    BOUGH_TRY(bough_backend_get(store->backend, link, arena, object));
    hash_of((uint32_t)object->kind, object->bytes, &found);
    if (!bough_hash_equal(&found, &link->name))
        return object_corrupt(store, link, "its bytes do not hash to its name");
    return BOUGH_OK;
}

enum bough_err object_get(struct bough_store *store, const struct bough_link *link,
                          struct bough_arena *arena, struct bough_object *object)
{
    struct bough_link found = *link;
    bool hit = false;

    if (found.address == 0)
        BOUGH_TRY(bough_backend_find(store->backend, &found.name, &found.address));
    if (store->cache != NULL)
        BOUGH_TRY(cache_find(store->cache, &found, arena, object, &hit));
    if (hit)
        return BOUGH_OK;
    assert(found.address != 0);
    BOUGH_TRY(read_checked(store, &found, arena, object));
    if (store->cache != NULL)
        cache_keep(store->cache, &found, object);
    return BOUGH_OK;
}

enum bough_err object_get_kind(struct bough_store *store, const struct bough_link *link,
                               enum bough_kind kind, struct bough_arena *arena,
                               struct bough_object *object)
{
    BOUGH_TRY(object_get(store, link, arena, object));
    return object->kind == kind ? BOUGH_OK
                                : object_corrupt(store, link, "it is of another kind than needed");
}
