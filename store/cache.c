/* SPDX-License-Identifier: ISC
 *
 * cache.c - objects in memory by address: a table, and two lists by age.
 *
 *   (1) used_bytes is the table plus the sum of all entries' sizes.  It passes budget_bytes only by
 *       what is pinned.
 *   (2) A kept entry is once in the table and once in one list by age: `active`, or `retired`.
 *   (3) An entry that is not kept lives only while it is pinned.
 *   (4) `retired` holds at most a RETIRED_SHARE of the budget, and RETIRED_BYTES_MAX.
 * Nothing that is pinned is dropped, so a reader needs no copy.  Who goes is decided by the second
 * chance: the oldest entry goes unless it was used since it was last looked at; then it becomes the
 * newest.  So a use costs one flag, not the upkeep of a list.  What an edit has replaced is
 * retired: it is kept a little for those who still read the old state, in a share so small that the
 * memory of nodes that nobody needs is soon used again, while the processor's caches still have it.
 */
#include "cache.h"
#include "cache_table.h"

/* One entry may take a sixteenth of the budget at most, so that a single large chunk cannot push
 * out the inner nodes that every request needs. */
#define ENTRY_SHARE 16u

/* What was replaced has a 64th of the budget, but no more than stays in a processor's cache. */
#define RETIRED_SHARE     64u
#define RETIRED_BYTES_MAX ((size_t)1 << 20)

/* What cache_warm touches: lines of the processor's cache, up to a node of usual size. */
#define LINE_BYTES     64u
#define WARM_BYTES_MAX 2048u

/* What of an entry is called as soon as one knows where it is: of most nodes all.  Measured in one
 * process, turn about: updates take 4 to 9 % less than without, gets 1 %; 512 bytes do less. */
#define NEAR_BYTES 1024u

/* How far ahead cache_soon looks: each step needs what the one before it has brought. */
#define PLACE_AHEAD  8u
#define HEADER_AHEAD 5u
#define DATA_AHEAD   3u

struct cache_entry {
    struct cache_object object; /* first, so that a pin leads back here */
    uint32_t pin_count;
    bool kept;
    bool used; /* since it was last looked at for dropping */
    bool replaced;
    struct ages *ages; /* the list it is in, if it is kept */
    struct cache_entry *newer;
    struct cache_entry *older;
    size_t size_bytes;
    uint64_t data[]; /* items, addresses, bytes */
};

/* A list by age. */
struct ages {
    struct cache_entry *newest;
    struct cache_entry *oldest;
    size_t bytes;
};

struct cache {
    struct bough_heap *heap;
    size_t budget_bytes;
    size_t used_bytes;
    struct ages active;
    struct ages retired;
    struct cache_table table; /* of the kept ones */
};

enum bough_err cache_open(struct bough_heap *heap, size_t budget_bytes, struct cache **cache)
{
    struct cache *new_cache = bough_heap_take(heap, sizeof(*new_cache));

    if (new_cache == NULL)
        return BOUGH_NO_MEMORY;
    *new_cache = (struct cache){.heap = heap, .budget_bytes = budget_bytes};
    if (cache_table_init(&new_cache->table, heap) != BOUGH_OK) {
        bough_heap_give(heap, new_cache, sizeof(*new_cache));
        return BOUGH_NO_MEMORY;
    }
    new_cache->used_bytes = sizeof(*new_cache) + cache_table_bytes(&new_cache->table);
    *cache = new_cache;
    return BOUGH_OK;
}

/* Takes an entry out of its list by age. */
static void unlink_age(struct cache_entry *entry)
{
    struct ages *ages = entry->ages;

    *(entry->newer != NULL ? &entry->newer->older : &ages->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &ages->oldest) = entry->newer;
    assert(ages->bytes >= entry->size_bytes);
    ages->bytes -= entry->size_bytes;
}

/* Puts an entry at the newest end of a list. */
static void link_age(struct ages *ages, struct cache_entry *entry)
{
    entry->ages = ages;
    entry->newer = NULL;
    entry->older = ages->newest;
    *(ages->newest != NULL ? &ages->newest->newer : &ages->oldest) = entry;
    ages->newest = entry;
    ages->bytes += entry->size_bytes;
}

/* Gives an entry's memory back; it is in no list. */
static void release(struct cache *cache, struct cache_entry *entry)
{
    assert(entry->pin_count == 0 && cache->used_bytes >= entry->size_bytes);
    cache->used_bytes -= entry->size_bytes;
    bough_heap_give(cache->heap, entry, entry->size_bytes);
}

/* Stops keeping an entry; it goes at once unless it is pinned. */
static void drop(struct cache *cache, struct cache_entry *entry)
{
    cache_table_remove(&cache->table, entry->object.link.address, entry);
    unlink_age(entry);
    entry->kept = false;
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
    assert(cache->active.bytes == 0 && cache->retired.bytes == 0 && cache->table.used_count == 0);
    assert(cache->used_bytes == sizeof(*cache) + cache_table_bytes(&cache->table));
    cache_table_release(&cache->table);
    bough_heap_give(cache->heap, cache, sizeof(*cache));
}

/* Asks for every line of some bytes, and does not wait for them.  As far as the second level only:
 * more can be on their way there (measured on a scan: 29 ns a key so, 38 with all levels). */
static void call(const void *from, size_t len)
{
#ifdef __GNUC__
    for (size_t i = 0; i < len; i += LINE_BYTES)
        __builtin_prefetch((const uint8_t *)from + i, 0, 2);
#else
    (void)from;
    (void)len;
#endif
}

const struct cache_object *cache_pin(struct cache *cache, const struct bough_link *link)
{
    struct cache_search search = cache_table_search(&cache->table, link->address);
    struct cache_entry *entry;

    /* By both: collection gives addresses to other objects. */
    do {
        entry = cache_table_next(&search);
        if (entry != NULL)
            call(entry, NEAR_BYTES);
    } while (entry != NULL && !bough_hash_equal(&entry->object.link.name, &link->name));
    if (entry == NULL)
        return NULL;
    entry->pin_count++;
    entry->used = true;
    return &entry->object;
}

const struct cache_object *cache_pin_at(struct cache *cache, uint64_t address)
{
    struct cache_search search = cache_table_search(&cache->table, address);
    struct cache_entry *entry = cache_table_next(&search);

    if (entry == NULL)
        return NULL;
    entry->pin_count++;
    entry->used = true;
    return &entry->object;
}

/* Reads every line of some bytes, for nothing but to have them near. */
static void touch(const void *from, size_t len)
{
    const volatile uint8_t *bytes = from;

    for (size_t i = 0; i < len; i += LINE_BYTES)
        (void)bytes[i];
}

/* In two rounds, headers and contents, so that no read waits for another of its round; and nobody
 * waits for the contents. */
static void touch_entries(const struct cache_entry *const *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        touch(entries[i], sizeof(*entries[i]));
    for (size_t i = 0; i < count; i++) {
        size_t len = entries[i]->size_bytes - sizeof(*entries[i]);

        call(entries[i]->data, len < WARM_BYTES_MAX ? len : WARM_BYTES_MAX);
    }
}

/* The table in a round of its own, for the same reason. */
void cache_warm(const struct cache *cache, const uint64_t *addresses, size_t count)
{
    const struct cache_entry *entries[CACHE_WARM_MAX];
    size_t found = 0;

    assert(count <= CACHE_WARM_MAX);
    for (size_t i = 0; i < count; i++)
        touch(cache_table_place(&cache->table, addresses[i]), 1);
    for (size_t i = 0; i < count; i++) {
        struct cache_search search = cache_table_search(&cache->table, addresses[i]);
        const struct cache_entry *entry = cache_table_next(&search);

        if (entry == NULL)
            continue;
        entries[found++] = entry;
    }
    touch_entries(entries, found);
}

void cache_warm_pinned(const struct cache_object *const *pinned, size_t count)
{
    const struct cache_entry *entries[CACHE_WARM_MAX];

    assert(count <= CACHE_WARM_MAX);
    for (size_t i = 0; i < count; i++)
        entries[i] = (const struct cache_entry *)pinned[i];
    touch_entries(entries, count);
}

/* The first entry of an address, NULL when there is none. */
static const struct cache_entry *entry_of(const struct cache *cache, uint64_t address)
{
    struct cache_search search = cache_table_search(&cache->table, address);

    return cache_table_next(&search);
}

void cache_soon(const struct cache *cache, const uint64_t *addresses, size_t count, bool all)
{
    const struct cache_entry *entry;

    for (size_t i = all ? 0 : PLACE_AHEAD; i < count && i <= PLACE_AHEAD; i++)
        call(cache_table_place(&cache->table, addresses[i]), 1);
    for (size_t i = all ? 0 : HEADER_AHEAD; i < count && i <= HEADER_AHEAD; i++) {
        entry = entry_of(cache, addresses[i]);
        if (entry != NULL)
            call(entry, sizeof(*entry));
    }
    for (size_t i = all ? 0 : DATA_AHEAD; i < count && i <= DATA_AHEAD; i++) {
        entry = entry_of(cache, addresses[i]);
        if (entry != NULL)
            call(entry->data, entry->size_bytes - sizeof(*entry) < WARM_BYTES_MAX
                                  ? entry->size_bytes - sizeof(*entry)
                                  : WARM_BYTES_MAX);
    }
}

/* Looks at the oldest of a list: it goes, or becomes the newest of the active. */
static void look_at_oldest(struct cache *cache, struct ages *ages)
{
    struct cache_entry *entry = ages->oldest;

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
    size_t looks = 2 * cache->table.used_count;

    for (;
         looks > 0 && cache->table.used_count > 0 && cache->used_bytes + size > cache->budget_bytes;
         looks--) {
        if (cache->retired.oldest != NULL)
            look_at_oldest(cache, &cache->retired);
        else
            look_at_oldest(cache, &cache->active);
    }
}

/* Copies an object and its items into an entry's own room.  Items come first, since a search begins
 * there. */
static void fill(struct cache_entry *entry, const struct bough_link *link,
                 const struct bough_object *object, const struct cache_item *items,
                 uint32_t item_count)
{
    size_t items_len = items == NULL ? 0 : (item_count + 1) * sizeof(struct cache_item);
    struct cache_item *own_items = (struct cache_item *)entry->data;
    uint64_t *own_addresses = (uint64_t *)((uint8_t *)entry->data + items_len);
    uint8_t *own_bytes = (uint8_t *)(own_addresses + object->address_count);

    if (items != NULL)
        memcpy(own_items, items, items_len);
    if (object->address_count > 0)
        memcpy(own_addresses, object->addresses, object->address_count * sizeof(uint64_t));
    if (object->bytes.len > 0)
        memcpy(own_bytes, object->bytes.at, object->bytes.len);
    entry->object = (struct cache_object){
        .link = *link,
        .kind = object->kind,
        .level = items == NULL ? 0 : object->bytes.at[0],
        .bytes = bough_bytes_of(own_bytes, object->bytes.len),
        .addresses = own_addresses,
        .address_count = object->address_count,
        .base = object->base,
        .settled = object->settled,
        .settled_count = object->settled_count,
        .item_count = items == NULL ? 0 : item_count,
        .items = own_items,
    };
}

/* Keeps a new entry, if it fits. */
static void keep(struct cache *cache, struct cache_entry *entry)
{
    size_t table_bytes = cache_table_bytes(&cache->table);

    if (entry->size_bytes > cache->budget_bytes / ENTRY_SHARE ||
        cache->used_bytes > cache->budget_bytes ||
        cache_table_grow(&cache->table, entry->object.link.address) != BOUGH_OK)
        return;
    cache->used_bytes += cache_table_bytes(&cache->table) - table_bytes;
    make_room(cache, 0);
    cache_table_add(&cache->table, entry->object.link.address, entry);
    entry->kept = true;
    link_age(&cache->active, entry);
}

enum bough_err cache_add(struct cache *cache, const struct bough_link *link,
                         const struct bough_object *object, const struct cache_item *items,
                         uint32_t item_count, const struct cache_object **pinned)
{
    size_t size = sizeof(struct cache_entry) + object->address_count * sizeof(uint64_t) +
                  (items == NULL ? 0 : (item_count + 1) * sizeof(*items)) + object->bytes.len;
    struct cache_entry *entry;

    *pinned = cache_pin(cache, link);
    if (*pinned != NULL)
        return BOUGH_OK;
    make_room(cache, size);
    entry = bough_heap_take(cache->heap, size);
    if (entry == NULL)
        return BOUGH_NO_MEMORY;
    *entry = (struct cache_entry){.size_bytes = size, .pin_count = 1};
    fill(entry, link, object, items, item_count);
    cache->used_bytes += size;
    keep(cache, entry);
    *pinned = &entry->object;
    return BOUGH_OK;
}

void cache_retire(const struct cache_object *pinned)
{
    struct cache_entry *entry = (struct cache_entry *)pinned;

    assert(entry->pin_count > 0);
    entry->replaced = true;
    entry->used = false;
}

/* Moves an entry that nobody has asked for since it was replaced to the retired. */
static void retire(struct cache *cache, struct cache_entry *entry)
{
    entry->replaced = false;
    if (entry->used || entry->ages == &cache->retired)
        return;
    unlink_age(entry);
    link_age(&cache->retired, entry);
    while (cache->retired.bytes > RETIRED_BYTES_MAX ||
           cache->retired.bytes > cache->budget_bytes / RETIRED_SHARE)
        look_at_oldest(cache, &cache->retired);
}

void cache_unpin(struct cache *cache, const struct cache_object *pinned)
{
    struct cache_entry *entry = (struct cache_entry *)pinned;

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
