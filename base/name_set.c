/* SPDX-License-Identifier: ISC
 *
 * name_set.c - a set of native names: open addressing, at most three quarters full.
 *
 * Owns one run of slots.  Half of a name is kept: 128 bits of BLAKE2b are as good a name as 256
 * unless somebody spends 2^64 work on a pair.  Names are uniform, so a part of them is the hash.
 *   (1) used_count < slot_count, so that a search ends.
 */
#include "name_set.h"
#include <assert.h>

#define SLOTS_FIRST 64u
#define KEPT_BYTES  16u

struct name_set_slot {
    uint8_t name[KEPT_BYTES];
    uint32_t number;
    uint32_t used;
};

void name_set_init(struct name_set *set, struct bough_heap *heap, size_t limit_bytes)
{
    *set = (struct name_set){.heap = heap, .limit_bytes = limit_bytes};
}

void name_set_release(struct name_set *set)
{
    bough_heap_give(set->heap, set->slots, set->slot_count * sizeof(*set->slots));
    name_set_init(set, set->heap, set->limit_bytes);
}

/* The slot of a name: the one it is in, or the free one where it would go. */
static struct name_set_slot *slot_of(struct name_set_slot *slots, uint32_t count,
                                     const uint8_t name[KEPT_BYTES])
{
    uint32_t n;

    memcpy(&n, name, sizeof(n));
    for (;; n++) {
        struct name_set_slot *slot = &slots[n & (count - 1)];

        if (slot->used == 0 || memcmp(slot->name, name, KEPT_BYTES) == 0)
            return slot;
    }
}

static enum bough_err grow(struct name_set *set)
{
    uint32_t count = set->slot_count == 0 ? SLOTS_FIRST : set->slot_count * 2;
    size_t bytes = count * sizeof(*set->slots);
    struct name_set_slot *slots;

    if (bytes > set->limit_bytes || count < set->slot_count)
        return BOUGH_NO_MEMORY;
    slots = bough_heap_take(set->heap, bytes);
    if (slots == NULL)
        return BOUGH_NO_MEMORY;
    memset(slots, 0, bytes);
    for (uint32_t i = 0; i < set->slot_count; i++) {
        if (set->slots[i].used != 0)
            *slot_of(slots, count, set->slots[i].name) = set->slots[i];
    }
    bough_heap_give(set->heap, set->slots, set->slot_count * sizeof(*slots));
    set->slots = slots;
    set->slot_count = count;
    return BOUGH_OK;
}

enum bough_err name_set_add(struct name_set *set, const struct bough_hash *name, uint32_t **number,
                            bool *is_new)
{
    struct name_set_slot *slot;

    if (set->used_count >= set->slot_count / 4 * 3)
        BOUGH_TRY(grow(set));
    slot = slot_of(set->slots, set->slot_count, name->at);
    *is_new = slot->used == 0;
    if (*is_new) {
        memcpy(slot->name, name->at, KEPT_BYTES);
        slot->used = 1;
        slot->number = 0;
        set->used_count++;
        assert(set->used_count < set->slot_count);
    }
    *number = &slot->number;
    return BOUGH_OK;
}

uint32_t *name_set_find(struct name_set *set, const struct bough_hash *name)
{
    struct name_set_slot *slot;

    if (set->slot_count == 0)
        return NULL;
    slot = slot_of(set->slots, set->slot_count, name->at);
    return slot->used == 0 ? NULL : &slot->number;
}
