/* SPDX-License-Identifier: ISC
 *
 * journal_recent.h - the names written or read lately, so that the same object is not written twice
 * in a row, and reverting a change finds what was there.
 */
#ifndef JOURNAL_RECENT_H
#define JOURNAL_RECENT_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* Each name has one place: a newer one takes it over. */
struct journal_recent {
    struct bough_heap *heap;
    struct journal_recent_entry *entries;
};

/* Takes about 200 KiB; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_recent_init(struct journal_recent *recent,
                                                    struct bough_heap *heap);
/* Gives its memory back. */
void journal_recent_release(struct journal_recent *recent);
/* Forgets all names. */
void journal_recent_clear(struct journal_recent *recent);
/* Remembers where the object of a name is.  Of `object` only the addresses count. */
void journal_recent_add(struct journal_recent *recent, const struct bough_hash *name,
                        const struct bough_object *object, const struct bough_place *place);
/* Where an object of this name is that leads to the same addresses, if that is remembered.  One
 * that leads elsewhere, though to equal objects, is another one: what it leads to lives for its
 * sake. */
bool journal_recent_find(const struct journal_recent *recent, const struct bough_hash *name,
                         const struct bough_object *object, struct bough_place *place);

#endif
