/* SPDX-License-Identifier: ISC
 *
 * journal_index.c - objects by tag, and the names of late.
 *
 *   (1) An entry stands at the first free place from where its tag points to; at most half of the
 *       places are taken, so a search ends.
 *   (2) Address 0 marks a free place: no record has it (a super is there).
 */
#include "journal_index.h"

#define PLACES_FIRST 256u
#define RECENT_COUNT 4096u /* a power of two */

struct journal_index_place {
    uint64_t tag;
    uint64_t address;
};

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

/* Keeps every entry. */
static bool keep_all(const void *context, uint64_t address)
{
    (void)context;
    return address != 0;
}

/* A table of `count` places with the entries that are to be kept. */
static enum bough_err rebuild(struct journal_index *index, size_t count,
                              bool (*keep)(const void *context, uint64_t address),
                              const void *context)
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

        if (entry->address == 0 || !keep(context, entry->address))
            continue;
        *place_of(index, entry->tag) = *entry;
        index->used_count++;
    }
    journal_index_release(&old);
    return BOUGH_OK;
}

enum bough_err journal_index_add(struct journal_index *index, uint64_t tag, uint64_t address)
{
    struct journal_index_place *place;

    assert(address != 0);
    if (2 * (index->used_count + 1) > index->place_count)
        BOUGH_TRY(rebuild(index, index->place_count == 0 ? PLACES_FIRST : 2 * index->place_count,
                          keep_all, NULL));
    assert(2 * index->used_count < index->place_count);
    place = place_of(index, tag);
    if (place->address == 0)
        index->used_count++;
    *place = (struct journal_index_place){.tag = tag, .address = address};
    return BOUGH_OK;
}

uint64_t journal_index_find(const struct journal_index *index, uint64_t tag)
{
    return index->place_count == 0 ? 0 : place_of(index, tag)->address;
}

enum bough_err journal_index_filter(struct journal_index *index,
                                    bool (*keep)(const void *context, uint64_t address),
                                    const void *context)
{
    return index->place_count == 0 ? BOUGH_OK : rebuild(index, index->place_count, keep, context);
}

bool journal_index_next(const struct journal_index *index, size_t *at, uint64_t *tag,
                        uint64_t *address)
{
    while (*at < index->place_count && index->places[*at].address == 0)
        (*at)++;
    if (*at == index->place_count)
        return false;
    *tag = index->places[*at].tag;
    *address = index->places[(*at)++].address;
    return true;
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

void journal_index_recent_clear(struct journal_recent *recent)
{
    memset(recent->links, 0, RECENT_COUNT * sizeof(*recent->links));
}

static uint64_t tag_of(const struct bough_hash *name)
{
    uint64_t tag;

    memcpy(&tag, name->at, sizeof(tag));
    return tag;
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
