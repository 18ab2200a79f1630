/* SPDX-License-Identifier: ISC
 *
 * journal_recent.c - the names written or read lately.
 *
 *   (1) An entry whose address is 0 is empty.
 */
#include "journal_recent.h"
#include <string.h>

#define RECENT_COUNT 4096u /* a power of two */

struct journal_recent_entry {
    struct bough_hash name;
    struct bough_place place;
    uint64_t addresses; /* digest of what it leads to */
};

enum bough_err journal_recent_init(struct journal_recent *recent, struct bough_heap *heap)
{
    recent->heap = heap;
    recent->entries = bough_heap_take(heap, RECENT_COUNT * sizeof(*recent->entries));
    if (recent->entries == NULL)
        return BOUGH_NO_MEMORY;
    journal_recent_clear(recent);
    return BOUGH_OK;
}

void journal_recent_release(struct journal_recent *recent)
{
    if (recent->entries != NULL)
        bough_heap_give(recent->heap, recent->entries, RECENT_COUNT * sizeof(*recent->entries));
    recent->entries = NULL;
}

void journal_recent_clear(struct journal_recent *recent)
{
    memset(recent->entries, 0, RECENT_COUNT * sizeof(*recent->entries));
}

/* The name is a hash: any part of it spreads. */
static struct journal_recent_entry *entry_of(const struct journal_recent *recent,
                                             const struct bough_hash *name)
{
    uint64_t part;

    memcpy(&part, name->at, sizeof(part));
    return &recent->entries[part & (RECENT_COUNT - 1)];
}

/* Addresses are given by the log, not chosen by anybody: a plain mix tells them apart. */
static uint64_t digest(const struct bough_object *object)
{
    uint64_t sum = object->address_count;

    for (uint32_t i = 0; i < object->address_count; i++) {
        sum = (sum ^ object->addresses[i]) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 32;
    }
    return sum;
}

void journal_recent_add(struct journal_recent *recent, const struct bough_hash *name,
                        const struct bough_object *object, const struct bough_place *place)
{
    *entry_of(recent, name) =
        (struct journal_recent_entry){.name = *name, .place = *place, .addresses = digest(object)};
}

bool journal_recent_find(const struct journal_recent *recent, const struct bough_hash *name,
                         const struct bough_object *object, struct bough_place *place)
{
    const struct journal_recent_entry *entry = entry_of(recent, name);

    if (entry->place.address == 0 || !bough_hash_equal(&entry->name, name) ||
        entry->addresses != digest(object))
        return false;
    *place = entry->place;
    return true;
}
