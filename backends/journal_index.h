/* SPDX-License-Identifier: ISC
 *
 * journal_index.h - the few objects that are asked for by name: commits and tags; and the names
 * written or read lately, so that the same object is not written twice in a row.
 */
#ifndef JOURNAL_INDEX_H
#define JOURNAL_INDEX_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* 16 bytes of memory for a commit, at a load of at most one half. */
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
/* Adds a name; a name that is there keeps its place and gets the new address.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_index_add(struct journal_index *index,
                                                  const struct bough_hash *name, uint64_t address);
/* The address of a name; BOUGH_NOT_FOUND.  Compares 64 bits of it: the caller checks the rest. */
BOUGH_MUST_CHECK enum bough_err journal_index_find(const struct journal_index *index,
                                                   const struct bough_hash *name,
                                                   uint64_t *address);
/* Drops all entries whose address is >= `address` (what a torn group had added).  BOUGH_NO_MEMORY
 * (then nothing is dropped). */
BOUGH_MUST_CHECK enum bough_err journal_index_cut(struct journal_index *index, uint64_t address);

/* Takes about 160 KiB; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_index_recent_init(struct journal_recent *recent,
                                                          struct bough_heap *heap);
/* Gives its memory back. */
void journal_index_recent_release(struct journal_recent *recent);
/* Remembers a link. */
void journal_index_recent_add(struct journal_recent *recent, const struct bough_link *link);
/* The address of a name that is remembered, or 0. */
uint64_t journal_index_recent_find(const struct journal_recent *recent,
                                   const struct bough_hash *name);

#endif
