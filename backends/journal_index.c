/* SPDX-License-Identifier: ISC
 *
 * journal_index.c - commits and tags by name, and the names of late.
 *
 *   (1) An entry stands at the first free place from where its tag points to; at most half of the
 *       places are taken, so a search ends.
 *   (2) Tag 0 and address 0 mark a free place: no record has the address 0 (a super is there).
 */
#include "journal_index.h"

#define PLACES_FIRST 256u
#define RECENT_COUNT 4096u /* a power of two */

struct journal_index_place {
    uint64_t tag; /* the first 64 bits of the name */
    uint64_t address;
};

static uint64_t tag_of(const struct bough_hash *name)
{
    uint64_t tag;

    memcpy(&tag, name->at, sizeof(tag));
    return tag;
}

void journal_index_init(struct journal_index *index, struct bough_heap *heap)
{
    *index = (struct journal_index){.heap = heap};
}

void journal_index_release(struct journal_index *index)
{
    bough_heap_give(index->heap, index->places,
                    index->place_count * sizeof(struct journal_index_place));
    journal_index_init(index, index->heap);
}

/* The place of `tag`, or the free one where it would go. */
static struct journal_index_place *place_of(const struct journal_index *index, uint64_t tag)
{
    size_t mask = index->place_count - 1;
    size_t at = (size_t)tag & mask;

    while (index->places[at].address != 0 && index->places[at].tag != tag)
        at = (at + 1) & mask;
    return &index->places[at];
}

/* A table of `count` places with the entries below `bound` of the old one. */
static enum bough_err rebuild(struct journal_index *index, size_t count, uint64_t bound)
{
    struct journal_index old = *index;
    struct journal_index_place *places =
        bough_heap_take(index->heap, count * sizeof(struct journal_index_place));

    if (places == NULL)
        return BOUGH_NO_MEMORY;
    memset(places, 0, count * sizeof(*places));
    index->places = places;
    index->place_count = count;
    index->used_count = 0;
    for (size_t i = 0; i < old.place_count; i++) {
        const struct journal_index_place *entry = &old.places[i];

        if (entry->address == 0 || entry->address >= bound)
            continue;
        *place_of(index, entry->tag) = *entry;
        index->used_count++;
    }
    journal_index_release(&old);
    return BOUGH_OK;
}

enum bough_err journal_index_add(struct journal_index *index, const struct bough_hash *name,
                                 uint64_t address)
{
    struct journal_index_place *place;

    assert(address != 0);
    if (2 * (index->used_count + 1) > index->place_count)
        BOUGH_TRY(rebuild(index, index->place_count == 0 ? PLACES_FIRST : 2 * index->place_count,
                          UINT64_MAX));
    assert(2 * index->used_count < index->place_count);
    place = place_of(index, tag_of(name));
    if (place->address == 0)
        index->used_count++;
    *place = (struct journal_index_place){.tag = tag_of(name), .address = address};
    return BOUGH_OK;
}

enum bough_err journal_index_find(const struct journal_index *index, const struct bough_hash *name,
                                  uint64_t *address)
{
    if (index->place_count == 0)
        return BOUGH_NOT_FOUND;
    *address = place_of(index, tag_of(name))->address;
    return *address == 0 ? BOUGH_NOT_FOUND : BOUGH_OK;
}

enum bough_err journal_index_cut(struct journal_index *index, uint64_t address)
{
    return index->place_count == 0 ? BOUGH_OK : rebuild(index, index->place_count, address);
}

enum bough_err journal_index_recent_init(struct journal_recent *recent, struct bough_heap *heap)
{
    recent->heap = heap;
    recent->links = bough_heap_take(heap, RECENT_COUNT * sizeof(*recent->links));
    if (recent->links == NULL)
        return BOUGH_NO_MEMORY;
    memset(recent->links, 0, RECENT_COUNT * sizeof(*recent->links));
    return BOUGH_OK;
}

void journal_index_recent_release(struct journal_recent *recent)
{
    bough_heap_give(recent->heap, recent->links, RECENT_COUNT * sizeof(*recent->links));
    recent->links = NULL;
}

static struct bough_link *recent_place(const struct journal_recent *recent,
                                       const struct bough_hash *name)
{
    return &recent->links[tag_of(name) & (RECENT_COUNT - 1)];
}

void journal_index_recent_add(struct journal_recent *recent, const struct bough_link *link)
{
    *recent_place(recent, &link->name) = *link;
}

uint64_t journal_index_recent_find(const struct journal_recent *recent,
                                   const struct bough_hash *name)
{
    const struct bough_link *link = recent_place(recent, name);

    return bough_hash_equal(&link->name, name) ? link->address : 0;
}
