/* SPDX-License-Identifier: ISC
 *
 * cache.c - objects kept in memory by address: a hash table of lists, and one list by last use.
 *
 *   (1) used_bytes is the table plus the sum of all entries' sizes, and never passes budget_bytes.
 *   (2) Every entry is in exactly one bucket and once in the list from `newest` to `oldest`.
 * Readers get copies: an entry may be dropped while a request still works with what it read.
 */
#include "cache.h"

/* One entry may take a sixteenth of the budget at most, so that a single large chunk cannot push
 * out the inner nodes that every request needs. */
#define ENTRY_SHARE  16u
#define BUCKET_BYTES 2048u /* of budget for each bucket: about one entry a bucket */

struct entry {
    struct entry *next_in_bucket;
    struct entry *newer;
    struct entry *older;
    struct bough_link link;
    enum bough_kind kind;
    uint32_t address_count;
    size_t bytes_len;
    uint64_t data[]; /* the addresses, then the bytes */
};

struct cache {
    struct bough_heap *heap;
    size_t budget_bytes;
    size_t used_bytes;
    struct entry *newest;
    struct entry *oldest;
    size_t bucket_count; /* a power of two */
    struct entry **buckets;
};

enum bough_err cache_open(struct bough_heap *heap, size_t budget_bytes, struct cache **cache)
{
    size_t bucket_count = 16;
    struct cache *new_cache;
    size_t table_bytes;

    while (bucket_count < budget_bytes / BUCKET_BYTES)
        bucket_count *= 2;
    table_bytes = bucket_count * sizeof(struct entry *);
    if (budget_bytes < sizeof(*new_cache) + table_bytes)
        return BOUGH_NO_MEMORY;
    new_cache = bough_heap_take(heap, sizeof(*new_cache));
    if (new_cache == NULL)
        return BOUGH_NO_MEMORY;
    *new_cache = (struct cache){
        .heap = heap,
        .budget_bytes = budget_bytes,
        .used_bytes = sizeof(*new_cache) + table_bytes,
        .bucket_count = bucket_count,
        .buckets = bough_heap_take(heap, table_bytes),
    };
    if (new_cache->buckets == NULL) {
        bough_heap_give(heap, new_cache, sizeof(*new_cache));
        return BOUGH_NO_MEMORY;
    }
    memset(new_cache->buckets, 0, table_bytes);
    *cache = new_cache;
    return BOUGH_OK;
}

static size_t entry_size(size_t bytes_len, uint32_t address_count)
{
    return sizeof(struct entry) + address_count * sizeof(uint64_t) + bytes_len;
}

/* The start of the list in which `address` would be.  Addresses are not chosen by clients, so any
 * mixing will do. */
static struct entry **bucket_of(struct cache *cache, uint64_t address)
{
    uint64_t mixed = address * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio (Knuth 6.4) */

    return &cache->buckets[(mixed >> 32) & (cache->bucket_count - 1)];
}

/* Takes an entry out of the list by last use. */
static void unlink_use(struct cache *cache, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

/* Puts an entry at the newest end. */
static void link_use(struct cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void drop(struct cache *cache, struct entry *entry)
{
    struct entry **at = bucket_of(cache, entry->link.address);
    size_t size = entry_size(entry->bytes_len, entry->address_count);

    while (*at != entry) {
        assert(*at != NULL);
        at = &(*at)->next_in_bucket;
    }
    *at = entry->next_in_bucket;
    unlink_use(cache, entry);
    assert(cache->used_bytes >= size);
    cache->used_bytes -= size;
    bough_heap_give(cache->heap, entry, size);
}

void cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->oldest != NULL)
        drop(cache, cache->oldest);
    assert(cache->newest == NULL);
    bough_heap_give(cache->heap, cache->buckets, cache->bucket_count * sizeof(struct entry *));
    bough_heap_give(cache->heap, cache, sizeof(*cache));
}

/* The entry at `address`, or NULL. */
static struct entry *look_up(struct cache *cache, uint64_t address)
{
    struct entry *entry = *bucket_of(cache, address);

    while (entry != NULL && entry->link.address != address)
        entry = entry->next_in_bucket;
    return entry;
}

void cache_keep(struct cache *cache, const struct bough_link *link,
                const struct bough_object *object)
{
    size_t size = entry_size(object->bytes.len, object->address_count);
    struct entry **bucket = bucket_of(cache, link->address);
    struct entry *entry;

    if (size > cache->budget_bytes / ENTRY_SHARE || look_up(cache, link->address) != NULL)
        return;
    while (cache->used_bytes + size > cache->budget_bytes && cache->oldest != NULL)
        drop(cache, cache->oldest);
    if (cache->used_bytes + size > cache->budget_bytes)
        return;
    entry = bough_heap_take(cache->heap, size);
    if (entry == NULL)
        return;
    *entry = (struct entry){
        .next_in_bucket = *bucket,
        .link = *link,
        .kind = object->kind,
        .address_count = object->address_count,
        .bytes_len = object->bytes.len,
    };
    if (object->address_count > 0)
        memcpy(entry->data, object->addresses, object->address_count * sizeof(uint64_t));
    if (object->bytes.len > 0)
        memcpy(entry->data + object->address_count, object->bytes.at, object->bytes.len);
    *bucket = entry;
    link_use(cache, entry);
    cache->used_bytes += size;
    assert(cache->used_bytes <= cache->budget_bytes);
}

enum bough_err cache_find(struct cache *cache, const struct bough_link *link,
                          struct bough_arena *arena, struct bough_object *object, bool *hit)
{
    struct entry *entry = look_up(cache, link->address);
    size_t data_len;
    uint64_t *data;

    *hit = entry != NULL && bough_hash_equal(&entry->link.name, &link->name);
    if (!*hit)
        return BOUGH_OK;
    data_len = entry->address_count * sizeof(uint64_t) + entry->bytes_len;
    data = bough_arena_take(arena, data_len);
    if (data == NULL)
        return BOUGH_NO_MEMORY;
    if (data_len > 0)
        memcpy(data, entry->data, data_len);
    *object = (struct bough_object){
        .kind = entry->kind,
        .bytes = bough_bytes_of(data + entry->address_count, entry->bytes_len),
        .addresses = data,
        .address_count = entry->address_count,
    };
    unlink_use(cache, entry);
    link_use(cache, entry);
    return BOUGH_OK;
}

size_t cache_bytes(const struct cache *cache)
{
    return cache->used_bytes;
}
