/* SPDX-License-Identifier: ISC
 *
 * journal_index.c - numbers to addresses, in memory.
 *
 *   (1) An entry stands at the first free place from where its key points to; at most half of the
 *       places are taken, so a search ends.  Entries of one key stand behind each other.
 *   (2) Address 0 marks a free place: no record has it, since openings count from 1.
 */
#include "journal_index.h"
#include <assert.h>
#include <string.h>

#define PLACES_FIRST 256u

void journal_index_init(struct journal_index *index, struct bough_heap *heap)
{
    *index = (struct journal_index){.heap = heap};
}

void journal_index_release(struct journal_index *index)
{
    bough_heap_give(index->heap, index->places,
                    index->place_count * sizeof(struct journal_index_entry));
    journal_index_init(index, index->heap);
}

/* Keys may be addresses, which are alike in their low bits. */
static size_t first_place(const struct journal_index *index, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (index->place_count - 1);
}

static size_t free_place(const struct journal_index *index, uint64_t key)
{
    size_t at = first_place(index, key);

    while (index->places[at].address != 0)
        at = (at + 1) & (index->place_count - 1);
    return at;
}

/* Twice the places. */
static enum bough_err grow(struct journal_index *index)
{
    struct journal_index old = *index;
    size_t count = old.place_count == 0 ? PLACES_FIRST : 2 * old.place_count;
    struct journal_index_entry *places =
        bough_heap_take(index->heap, count * sizeof(struct journal_index_entry));

    if (places == NULL)
        return BOUGH_NO_MEMORY;
    memset(places, 0, count * sizeof(*places));
    index->places = places;
    index->place_count = count;
    for (size_t i = 0; i < old.place_count; i++) {
        if (old.places[i].address != 0)
            places[free_place(index, old.places[i].key)] = old.places[i];
    }
    bough_heap_give(index->heap, old.places, old.place_count * sizeof(*old.places));
    return BOUGH_OK;
}

enum bough_err journal_index_add(struct journal_index *index, uint64_t key, uint64_t address,
                                 bool replace)
{
    size_t at;

    assert(address != 0);
    if (2 * (index->used_count + 1) > index->place_count)
        BOUGH_TRY(grow(index));
    assert(2 * index->used_count < index->place_count);
    at = first_place(index, key);
    while (index->places[at].address != 0) {
        struct journal_index_entry *entry = &index->places[at];

        if (entry->key == key && (replace || entry->address == address)) {
            entry->address = address;
            return BOUGH_OK;
        }
        at = (at + 1) & (index->place_count - 1);
    }
    index->places[at] = (struct journal_index_entry){.key = key, .address = address};
    index->used_count++;
    return BOUGH_OK;
}

uint64_t journal_index_find(const struct journal_index *index, uint64_t key, uint32_t nth)
{
    size_t at;

    if (index->place_count == 0)
        return 0;
    for (at = first_place(index, key); index->places[at].address != 0;
         at = (at + 1) & (index->place_count - 1)) {
        if (index->places[at].key == key && nth-- == 0)
            return index->places[at].address;
    }
    return 0;
}

uint32_t journal_index_count(const struct journal_index *index, uint64_t key)
{
    uint32_t count = 0;

    while (journal_index_find(index, key, count) != 0)
        count++;
    return count;
}

bool journal_index_next(const struct journal_index *index, size_t *at,
                        struct journal_index_entry *entry)
{
    while (*at < index->place_count && index->places[*at].address == 0)
        (*at)++;
    if (*at == index->place_count)
        return false;
    *entry = index->places[(*at)++];
    return true;
}
