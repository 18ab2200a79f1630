/* SPDX-License-Identifier: ISC
 *
 * journal_index.h - where an object is by its name, for those that need it: commits and tags, which
 * are asked for by name, and objects that collection has moved away from the address that others
 * know.  And the names written or read lately, so that the same object is not written twice in a
 * row.
 */
#ifndef JOURNAL_INDEX_H
#define JOURNAL_INDEX_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* 16 bytes a place, at a load of at most one half. */
struct journal_index {
    struct bough_heap *heap;
    struct journal_index_place *places;
    size_t place_count; /* a power of two, or 0 */
    size_t used_count;
};

/* Names and addresses of the latest objects, each name in one place: a newer one takes it over. */
struct journal_recent {
    struct bough_heap *heap;
    struct bough_link *links; /* address 0 = empty */
};

/* An empty index; takes nothing yet. */
void journal_index_init(struct journal_index *index, struct bough_heap *heap);
/* Gives its memory back. */
void journal_index_release(struct journal_index *index);
/* Adds a tag; one that is there gets the new address.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_index_add(struct journal_index *index, uint64_t tag,
                                                  uint64_t address);
/* The address of a tag, or 0.  A tag is 64 bits of a name: the caller checks what it reads. */
uint64_t journal_index_find(const struct journal_index *index, uint64_t tag);
/* Drops all entries for whose address `keep` answers false.  BOUGH_NO_MEMORY (then nothing is
 * dropped). */
BOUGH_MUST_CHECK enum bough_err journal_index_filter(struct journal_index *index,
                                                     bool (*keep)(const void *context,
                                                                  uint64_t address),
                                                     const void *context);
/* The entry at place *at or behind it, which is then moved on; false when there is none. */
bool journal_index_next(const struct journal_index *index, size_t *at, uint64_t *tag,
                        uint64_t *address);

/* Takes about 160 KiB; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_index_recent_init(struct journal_recent *recent,
                                                          struct bough_heap *heap);
/* Gives its memory back. */
void journal_index_recent_release(struct journal_recent *recent);
/* Forgets all links. */
void journal_index_recent_clear(struct journal_recent *recent);
/* Remembers a link. */
void journal_index_recent_add(struct journal_recent *recent, const struct bough_link *link);
/* The address of a name that is remembered, or 0. */
uint64_t journal_index_recent_find(const struct journal_recent *recent,
                                   const struct bough_hash *name);

#endif
