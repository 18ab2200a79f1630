/* SPDX-License-Identifier: ISC
 *
 * object.c - objects by link: named when written, checked when read.
 *
 * The moment that matters is in object_read: bytes leave it only if they hash to the name that the
 * caller asked for.  What the cache holds has passed there before.
 */
#include "object.h"
#include "hash.h"

/* Keeps an object in the cache, if that has room. */
static void keep(struct bough_store *store, const struct bough_link *link,
                 const struct bough_object *object)
{
    const struct cache_object *pinned;

    if (cache_add(store->cache, link, object, NULL, 0, &pinned) == BOUGH_OK)
        cache_unpin(store->cache, pinned);
}

enum bough_err object_put(struct bough_store *store, enum bough_kind kind, struct bough_bytes bytes,
                          const uint64_t *addresses, uint32_t address_count,
                          struct bough_link *link)
{
    struct bough_object object = {
        .kind = kind, .bytes = bytes, .addresses = addresses, .address_count = address_count};
    struct bough_place place;

    assert(address_count == 0 || addresses != NULL);
    hash_of((uint32_t)kind, bytes, &link->name);
    BOUGH_TRY(bough_backend_put(store->backend, &link->name, &object, &place));
    link->address = place.address;
    if (kind == BOUGH_KIND_COMMIT) /* the next one asks what its parent says */
        keep(store, link, &object);
    return BOUGH_OK;
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

enum bough_err object_read(struct bough_store *store, const struct bough_link *link,
                           struct bough_arena *arena, struct bough_object *object)
{
    struct bough_hash found;

    assert(link->address != 0);
    BOUGH_TRY(bough_backend_get(store->backend, link, arena, object));
    hash_of((uint32_t)object->kind, object->bytes, &found);
    if (!bough_hash_equal(&found, &link->name))
        return object_corrupt(store, link, "its bytes do not hash to its name");
    return BOUGH_OK;
}

/* A copy of a pinned object in `arena`. */
static enum bough_err copy(const struct cache_object *pinned, struct bough_arena *arena,
                           struct bough_object *object)
{
    size_t addresses_len = pinned->address_count * sizeof(uint64_t);
    uint64_t *data = bough_arena_take(arena, addresses_len + pinned->bytes.len);

    if (data == NULL)
        return BOUGH_NO_MEMORY;
    if (addresses_len > 0)
        memcpy(data, pinned->addresses, addresses_len);
    if (pinned->bytes.len > 0)
        memcpy(data + pinned->address_count, pinned->bytes.at, pinned->bytes.len);
    *object = (struct bough_object){
        .kind = pinned->kind,
        .bytes = bough_bytes_of(data + pinned->address_count, pinned->bytes.len),
        .addresses = data,
        .address_count = pinned->address_count,
    };
    return BOUGH_OK;
}

enum bough_err object_get(struct bough_store *store, const struct bough_link *link,
                          struct bough_arena *arena, struct bough_object *object)
{
    struct bough_link found = *link;
    const struct cache_object *pinned;
    enum bough_err err;

    if (found.address == 0)
        BOUGH_TRY(bough_backend_find(store->backend, &found.name, &found.address));
    pinned = cache_pin(store->cache, &found);
    if (pinned != NULL) {
        err = copy(pinned, arena, object);
        cache_unpin(store->cache, pinned);
        return err;
    }
    BOUGH_TRY(object_read(store, &found, arena, object));
    if (object->kind != BOUGH_KIND_NODE) /* node_page.c keeps those, laid out */
        keep(store, &found, object);
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
