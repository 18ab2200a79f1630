/* SPDX-License-Identifier: ISC
 *
 * cache.c - objects in memory by address: a hash table of lists, and two lists by age.
 *
 *   (1) used_bytes is the table plus the sum of all entries' sizes.  It passes budget_bytes only by
 *       what is pinned.
 *   (2) A kept entry is in exactly one bucket and once in one list by age: `active`, or `retired`.
 *   (3) An entry that is not kept lives only while it is pinned.
 *   (4) `retired` holds at most a RETIRED_SHARE of the budget.
 * Nothing that is pinned is dropped, so a reader needs no copy.  Who goes is decided by the second
 * chance: the oldest entry goes unless it was used since it was last looked at; then it becomes the
 * newest.  So a use costs one flag, not the upkeep of a list.  What an edit has replaced is
 * retired: it is kept a little for those who still read the old state, in a share so small that the
 * memory of nodes that nobody needs is soon used again, while the processor's caches still have it.
 */
#include "cache.h"

/* One entry may take a sixteenth of the budget at most, so that a single large chunk cannot push
 * out the inner nodes that every request needs. */
#define ENTRY_SHARE   16u
#define RETIRED_SHARE 64u
#define BUCKET_BYTES  2048u /* of budget for each bucket: about one entry a bucket */

struct entry {
    struct cache_object object; /* first, so that a pin leads back here */
    struct entry *next_in_bucket;
    uint32_t pin_count;
    bool kept;
    bool used; /* since it was last looked at for dropping */
    bool replaced;
    struct ages *ages; /* the list it is in, if it is kept */
    struct entry *newer;
    struct entry *older;
    size_t size_bytes;
    uint64_t data[]; /* addresses, items, bytes */
};

/* A list by age. */
struct ages {
    struct entry *newest;
    struct entry *oldest;
    size_t bytes;
};

struct cache {
    struct bough_heap *heap;
    size_t budget_bytes;
    size_t used_bytes;
    struct ages active;
    struct ages retired;
    size_t entry_count;  /* kept ones */
    size_t bucket_count; /* a power of two */
    struct entry **buckets;
};

enum bough_err cache_open(struct bough_heap *heap, size_t budget_bytes, struct cache **cache)
{
    size_t bucket_count = 16;
    struct cache *new_cache = bough_heap_take(heap, sizeof(*new_cache));
    size_t table_bytes;

    while (bucket_count < budget_bytes / BUCKET_BYTES)
        bucket_count *= 2;
    table_bytes = bucket_count * sizeof(struct entry *);
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

/* The start of the list in which `address` would be.  Addresses are not chosen by clients, so any
 * mixing will do. */
static struct entry **bucket_of(struct cache *cache, uint64_t address)
{
    uint64_t mixed = address * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio (Knuth 6.4) */

    return &cache->buckets[(mixed >> 32) & (cache->bucket_count - 1)];
}

/* Takes an entry out of its list by age. */
static void unlink_age(struct entry *entry)
{
    struct ages *ages = entry->ages;

    *(entry->newer != NULL ? &entry->newer->older : &ages->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &ages->oldest) = entry->newer;
    assert(ages->bytes >= entry->size_bytes);
    ages->bytes -= entry->size_bytes;
}

/* Puts an entry at the newest end of a list. */
static void link_age(struct ages *ages, struct entry *entry)
{
    entry->ages = ages;
    entry->newer = NULL;
    entry->older = ages->newest;
    *(ages->newest != NULL ? &ages->newest->newer : &ages->oldest) = entry;
    ages->newest = entry;
    ages->bytes += entry->size_bytes;
}

/* Gives an entry's memory back; it is in no list. */
static void release(struct cache *cache, struct entry *entry)
{
    assert(entry->pin_count == 0 && cache->used_bytes >= entry->size_bytes);
    cache->used_bytes -= entry->size_bytes;
    bough_heap_give(cache->heap, entry, entry->size_bytes);
}

/* Stops keeping an entry; it goes at once unless it is pinned. */
static void drop(struct cache *cache, struct entry *entry)
{
    struct entry **at = bucket_of(cache, entry->object.link.address);

    while (*at != entry) {
        assert(*at != NULL);
        at = &(*at)->next_in_bucket;
    }
    *at = entry->next_in_bucket;
    unlink_age(entry);
    entry->kept = false;
    cache->entry_count--;
    if (entry->pin_count == 0)
        release(cache, entry);
}

void cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->active.oldest != NULL)
        drop(cache, cache->active.oldest);
    while (cache->retired.oldest != NULL)
        drop(cache, cache->retired.oldest);
    assert(cache->active.bytes == 0 && cache->retired.bytes == 0);
    assert(cache->used_bytes == sizeof(*cache) + cache->bucket_count * sizeof(struct entry *));
    bough_heap_give(cache->heap, cache->buckets, cache->bucket_count * sizeof(struct entry *));
    bough_heap_give(cache->heap, cache, sizeof(*cache));
}

const struct cache_object *cache_pin(struct cache *cache, const struct bough_link *link)
{
    struct entry *entry = *bucket_of(cache, link->address);

    /* By both: collection gives addresses to other objects. */
    while (entry != NULL && (entry->object.link.address != link->address ||
                             !bough_hash_equal(&entry->object.link.name, &link->name)))
        entry = entry->next_in_bucket;
    if (entry == NULL)
        return NULL;
    entry->pin_count++;
    entry->used = true;
    return &entry->object;
}

/* Looks at the oldest of a list: it goes, or becomes the newest of the active. */
static void look_at_oldest(struct cache *cache, struct ages *ages)
{
    struct entry *entry = ages->oldest;

    if (entry->pin_count == 0 && !entry->used) {
        drop(cache, entry);
        return;
    }
    entry->used = false;
    unlink_age(entry);
    link_age(&cache->active, entry);
}

/* Drops entries until `size` more fit the budget.  Each is looked at twice at most, so it ends also
 * where everything is pinned. */
static void make_room(struct cache *cache, size_t size)
{
    size_t looks = 2 * cache->entry_count;

    for (; looks > 0 && cache->entry_count > 0 && cache->used_bytes + size > cache->budget_bytes;
         looks--) {
        if (cache->retired.oldest != NULL)
            look_at_oldest(cache, &cache->retired);
        else
            look_at_oldest(cache, &cache->active);
    }
}

/* Copies an object and its items into an entry's own room. */
static void fill(struct entry *entry, const struct bough_link *link,
                 const struct bough_object *object, const struct cache_item *items,
                 uint32_t item_count)
{
    struct cache_item *own_items = (struct cache_item *)(entry->data + object->address_count);
    uint8_t *own_bytes =
        (uint8_t *)own_items + (items == NULL ? 0 : item_count + 1) * sizeof(struct cache_item);

    if (object->address_count > 0)
        memcpy(entry->data, object->addresses, object->address_count * sizeof(uint64_t));
    if (items != NULL)
        memcpy(own_items, items, (item_count + 1) * sizeof(*items));
    if (object->bytes.len > 0)
        memcpy(own_bytes, object->bytes.at, object->bytes.len);
    entry->object = (struct cache_object){
        .link = *link,
        .kind = object->kind,
        .level = items == NULL ? 0 : object->bytes.at[0],
        .bytes = bough_bytes_of(own_bytes, object->bytes.len),
        .addresses = entry->data,
        .address_count = object->address_count,
        .item_count = items == NULL ? 0 : item_count,
        .items = own_items,
    };
}

enum bough_err cache_add(struct cache *cache, const struct bough_link *link,
                         const struct bough_object *object, const struct cache_item *items,
                         uint32_t item_count, const struct cache_object **pinned)
{
    size_t size = sizeof(struct entry) + object->address_count * sizeof(uint64_t) +
                  (items == NULL ? 0 : (item_count + 1) * sizeof(*items)) + object->bytes.len;
    struct entry **bucket = bucket_of(cache, link->address);
    struct entry *entry;

    *pinned = cache_pin(cache, link);
    if (*pinned != NULL)
        return BOUGH_OK;
    make_room(cache, size);
    entry = bough_heap_take(cache->heap, size);
    if (entry == NULL)
        return BOUGH_NO_MEMORY;
    *entry = (struct entry){.size_bytes = size, .pin_count = 1};
    fill(entry, link, object, items, item_count);
    cache->used_bytes += size;
    if (size <= cache->budget_bytes / ENTRY_SHARE && cache->used_bytes <= cache->budget_bytes) {
        entry->kept = true;
        entry->next_in_bucket = *bucket;
        *bucket = entry;
        link_age(&cache->active, entry);
        cache->entry_count++;
    }
    *pinned = &entry->object;
    return BOUGH_OK;
}

void cache_retire(const struct cache_object *pinned)
{
    struct entry *entry = (struct entry *)pinned;

    assert(entry->pin_count > 0);
    entry->replaced = true;
    entry->used = false;
}

/* Moves an entry that nobody has asked for since it was replaced to the retired. */
static void retire(struct cache *cache, struct entry *entry)
{
    entry->replaced = false;
    if (entry->used || entry->ages == &cache->retired)
        return;
    unlink_age(entry);
    link_age(&cache->retired, entry);
    while (cache->retired.bytes > cache->budget_bytes / RETIRED_SHARE)
        look_at_oldest(cache, &cache->retired);
}

void cache_unpin(struct cache *cache, const struct cache_object *pinned)
{
    struct entry *entry = (struct entry *)pinned;

    assert(entry->pin_count > 0);
    entry->pin_count--;
    if (entry->pin_count > 0)
        return;
    if (!entry->kept)
        release(cache, entry);
    else if (entry->replaced)
        retire(cache, entry);
}

size_t cache_bytes(const struct cache *cache)
{
    return cache->used_bytes;
}
