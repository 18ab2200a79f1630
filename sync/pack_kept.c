/* SPDX-License-Identifier: ISC
 *
 * pack_kept.c - compressed pack entries that are kept: a hash table and a list by last use.
 *
 * Owns one run of bytes for each entry, its data behind it, and the table of chains.
 *   (1) An entry is in exactly one chain, and once in the list.
 *   (2) bytes <= limit_bytes, the table included.
 */
#include "pack_kept.h"
#include "hash.h"
#include <assert.h>

#define BUCKETS_FIRST 256u
#define TURNS_KEPT    4u
#define HASHED_BYTES  16u

struct item {
    struct pack_kept_entry entry;
    struct item *chain;
    struct item *newer;
    struct item *older;
    uint64_t used_at;
    uint8_t data[];
};

struct pack_kept {
    struct bough_heap *heap;
    uint8_t key[16];
    size_t limit_bytes;
    size_t bytes;
    uint64_t turn;
    struct item **buckets;
    uint32_t bucket_count; /* a power of two, or 0 */
    uint32_t count;
    struct item *newest;
    struct item *oldest;
};

enum bough_err pack_kept_open(struct bough_heap *heap, const uint8_t key[16], size_t limit_bytes,
                              struct pack_kept **kept)
{
    *kept = bough_heap_take(heap, sizeof(**kept));
    if (*kept == NULL)
        return BOUGH_NO_MEMORY;
    **kept = (struct pack_kept){.heap = heap, .limit_bytes = limit_bytes, .turn = TURNS_KEPT};
    memcpy((*kept)->key, key, sizeof((*kept)->key));
    return BOUGH_OK;
}

static size_t item_bytes(size_t len)
{
    return sizeof(struct item) + len;
}

static struct item **bucket_of(struct pack_kept *kept, const struct bough_hash *name)
{
    uint64_t hash = hash_keyed(kept->key, name->at, HASHED_BYTES);

    assert(kept->bucket_count > 0);
    return &kept->buckets[hash & (kept->bucket_count - 1)];
}

/* Where the chain points at the item of this name, or at its end. */
static struct item **place_of(struct pack_kept *kept, const struct bough_hash *name)
{
    struct item **place = bucket_of(kept, name);

    while (*place != NULL && !bough_hash_equal(&(*place)->entry.name, name))
        place = &(*place)->chain;
    return place;
}

static void unlist(struct pack_kept *kept, struct item *item)
{
    *(item->newer == NULL ? &kept->newest : &item->newer->older) = item->older;
    *(item->older == NULL ? &kept->oldest : &item->older->newer) = item->newer;
}

static void list_newest(struct pack_kept *kept, struct item *item)
{
    item->newer = NULL;
    item->older = kept->newest;
    *(kept->newest == NULL ? &kept->oldest : &kept->newest->newer) = item;
    kept->newest = item;
    item->used_at = kept->turn;
}

static void drop(struct pack_kept *kept, struct item **place)
{
    struct item *item = *place;
    size_t bytes = item_bytes(item->entry.bytes.len);

    assert(kept->bytes >= bytes && kept->count > 0);
    *place = item->chain;
    unlist(kept, item);
    kept->bytes -= bytes;
    kept->count--;
    bough_heap_give(kept->heap, item, bytes);
}

void pack_kept_erase(struct pack_kept *kept)
{
    while (kept->oldest != NULL)
        drop(kept, place_of(kept, &kept->oldest->entry.name));
    bough_heap_give(kept->heap, kept->buckets, kept->bucket_count * sizeof(*kept->buckets));
    kept->bytes -= kept->bucket_count * sizeof(*kept->buckets);
    kept->buckets = NULL;
    kept->bucket_count = 0;
    assert(kept->bytes == 0 && kept->count == 0);
}

void pack_kept_close(struct pack_kept *kept)
{
    if (kept == NULL)
        return;
    pack_kept_erase(kept);
    bough_heap_give(kept->heap, kept, sizeof(*kept));
}

void pack_kept_turn(struct pack_kept *kept)
{
    kept->turn++;
}

const struct pack_kept_entry *pack_kept_find(struct pack_kept *kept, const struct bough_hash *name)
{
    struct item *item = kept->bucket_count == 0 ? NULL : *place_of(kept, name);

    if (item == NULL)
        return NULL;
    unlist(kept, item);
    list_newest(kept, item);
    return &item->entry;
}

/* Doubles the table when chains get long; where there is no memory for it, they do. */
static void grow(struct pack_kept *kept)
{
    uint32_t count = kept->bucket_count == 0 ? BUCKETS_FIRST : kept->bucket_count * 2;
    size_t before = kept->bucket_count * sizeof(*kept->buckets);
    size_t bytes = count * sizeof(*kept->buckets);
    struct item **buckets;

    if (kept->count < kept->bucket_count || bytes > kept->limit_bytes - kept->bytes)
        return;
    buckets = bough_heap_take(kept->heap, bytes);
    if (buckets == NULL)
        return;
    bough_heap_give(kept->heap, kept->buckets, before);
    for (uint32_t i = 0; i < count; i++)
        buckets[i] = NULL;
    kept->buckets = buckets;
    kept->bucket_count = count;
    kept->bytes += bytes - before;
    for (struct item *item = kept->newest; item != NULL; item = item->older) {
        struct item **bucket = bucket_of(kept, &item->entry.name);

        item->chain = *bucket;
        *bucket = item;
    }
}

/* Makes room for `bytes`; false when that is not to be had. */
static bool make_room(struct pack_kept *kept, size_t bytes)
{
    if (bytes > kept->limit_bytes)
        return false;
    while (kept->bytes > kept->limit_bytes - bytes) {
        struct item *oldest = kept->oldest;

        if (oldest == NULL || kept->turn - oldest->used_at < TURNS_KEPT)
            return false;
        drop(kept, place_of(kept, &oldest->entry.name));
    }
    return true;
}

void pack_kept_add(struct pack_kept *kept, const struct pack_kept_entry *entry)
{
    size_t bytes = item_bytes(entry->bytes.len);
    struct item **place;
    struct item *item;

    grow(kept);
    if (kept->bucket_count == 0)
        return;
    place = place_of(kept, &entry->name);
    if (*place != NULL)
        drop(kept, place);
    if (!make_room(kept, bytes))
        return;
    item = bough_heap_take(kept->heap, bytes);
    if (item == NULL)
        return;
    assert(!entry->settled || bough_hash_is_none(&entry->base));
    item->entry = *entry;
    item->entry.bytes.at = item->data;
    if (entry->bytes.len > 0)
        memcpy(item->data, entry->bytes.at, entry->bytes.len);
    place = bucket_of(kept, &entry->name);
    item->chain = *place;
    *place = item;
    list_newest(kept, item);
    kept->bytes += bytes;
    kept->count++;
}
