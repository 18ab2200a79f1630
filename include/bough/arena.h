/* SPDX-License-Identifier: ISC
 *
 * arena.h - memory that is given back all at once.
 *
 * Work for a request takes what it needs from an arena and never frees single pieces.  Results live
 * as long as the arena they were put in.  Not for use by two threads.
 */
#ifndef BOUGH_ARENA_H
#define BOUGH_ARENA_H

#include "bough/bytes.h"
#include "bough/port/heap.h"

struct bough_arena_chunk;

/* Members are private to arena.c. */
struct bough_arena {
    struct bough_heap *heap;
    struct bough_arena_chunk *newest;
    size_t limit_bytes;
    size_t taken_bytes; /* from the heap */
};

/* Where an arena was, to go back to. */
struct bough_arena_mark {
    struct bough_arena_chunk *newest;
    size_t used_bytes;
};

/* An empty arena that takes at most `limit_bytes` from `heap` (borrowed).  Takes nothing yet. */
void bough_arena_init(struct bough_arena *arena, struct bough_heap *heap, size_t limit_bytes);

/* Gives everything back; the arena is then as after init. */
void bough_arena_release(struct bough_arena *arena);

/* `bytes` bytes aligned to 16, contents undefined; NULL past the arena's or the heap's limit (the
 * caller answers BOUGH_NO_MEMORY).  `bytes` may be 0: then any non-NULL address. */
void *bough_arena_take(struct bough_arena *arena, size_t bytes);

/* The same for `count` things of `size` bytes, zeroed; NULL also when the product overflows. */
void *bough_arena_zeros(struct bough_arena *arena, size_t count, size_t size);

/* A copy of `bytes` in the arena; .at is NULL iff there was no memory. */
struct bough_bytes bough_arena_copy(struct bough_arena *arena, struct bough_bytes bytes);

/* Remember the present state / give back all that was taken since. O(1) / O(chunks). */
struct bough_arena_mark bough_arena_now(const struct bough_arena *arena);
/* Gives back all that was taken since `mark` was made; marks nest. */
void bough_arena_back(struct bough_arena *arena, struct bough_arena_mark mark);

#endif
