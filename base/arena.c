/* SPDX-License-Identifier: ISC
 *
 * arena.c - memory that is given back all at once.
 *
 * Chunks taken from the heap, newest first; pieces are cut from the newest.
 *   (1) taken_bytes is the sum of the chunks' sizes and never passes limit_bytes.
 *   (2) Every piece is aligned to 16.
 * A chunk grows with the arena, so that a large request needs few of them.
 */
#include "bough/arena.h"

#define ALIGNMENT         16u
#define CHUNK_BYTES_FIRST 4096u
#define CHUNK_BYTES_LAST  (256u << 10)

struct bough_arena_chunk {
    struct bough_arena_chunk *older;
    size_t size_bytes; /* of the whole chunk, this header included */
    size_t used_bytes; /* this header included */
    size_t padding;    /* keeps the header a multiple of ALIGNMENT */
};

_Static_assert(sizeof(struct bough_arena_chunk) % ALIGNMENT == 0, "pieces would not be aligned");

void bough_arena_init(struct bough_arena *arena, struct bough_heap *heap, size_t limit_bytes)
{
    *arena = (struct bough_arena){.heap = heap, .limit_bytes = limit_bytes};
}

/* Gives back the newest chunk. */
static void drop_newest(struct bough_arena *arena)
{
    struct bough_arena_chunk *chunk = arena->newest;

    arena->newest = chunk->older;
    arena->taken_bytes -= chunk->size_bytes;
    bough_heap_give(arena->heap, chunk, chunk->size_bytes);
}

void bough_arena_release(struct bough_arena *arena)
{
    while (arena->newest != NULL)
        drop_newest(arena);
    assert(arena->taken_bytes == 0);
}

/* A new chunk with room for `bytes`, or NULL. */
static struct bough_arena_chunk *add_chunk(struct bough_arena *arena, size_t bytes)
{
    size_t left = arena->limit_bytes - arena->taken_bytes;
    size_t least = bytes + sizeof(struct bough_arena_chunk);
    size_t size = arena->taken_bytes < CHUNK_BYTES_FIRST  ? CHUNK_BYTES_FIRST
                  : arena->taken_bytes < CHUNK_BYTES_LAST ? arena->taken_bytes
                                                          : CHUNK_BYTES_LAST;
    struct bough_arena_chunk *chunk;

    if (bytes > left || least > left)
        return NULL;
    if (size < least || size > left)
        size = least;
    chunk = bough_heap_take(arena->heap, size);
    if (chunk == NULL && size > least) {
        size = least;
        chunk = bough_heap_take(arena->heap, size);
    }
    if (chunk == NULL)
        return NULL;
    *chunk = (struct bough_arena_chunk){
        .older = arena->newest, .size_bytes = size, .used_bytes = sizeof(*chunk)};
    arena->newest = chunk;
    arena->taken_bytes += size;
    return chunk;
}

void *bough_arena_take(struct bough_arena *arena, size_t bytes)
{
    struct bough_arena_chunk *chunk = arena->newest;
    size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    void *piece;

    if (rounded < bytes)
        return NULL;
    if (chunk == NULL || chunk->size_bytes - chunk->used_bytes < rounded)
        chunk = add_chunk(arena, rounded);
    if (chunk == NULL)
        return NULL;
    piece = (uint8_t *)chunk + chunk->used_bytes;
    chunk->used_bytes += rounded;
    assert(chunk->used_bytes <= chunk->size_bytes);
    return piece;
}

void *bough_arena_zeros(struct bough_arena *arena, size_t count, size_t size)
{
    void *piece;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    piece = bough_arena_take(arena, count * size);
    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

struct bough_bytes bough_arena_copy(struct bough_arena *arena, struct bough_bytes bytes)
{
    uint8_t *copy = bough_arena_take(arena, bytes.len);

    if (copy == NULL)
        return (struct bough_bytes){0};
    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    return bough_bytes_of(copy, bytes.len);
}

struct bough_arena_mark bough_arena_now(const struct bough_arena *arena)
{
    return (struct bough_arena_mark){
        .newest = arena->newest,
        .used_bytes = arena->newest == NULL ? 0 : arena->newest->used_bytes,
    };
}

void bough_arena_back(struct bough_arena *arena, struct bough_arena_mark mark)
{
    while (arena->newest != mark.newest) {
        assert(arena->newest != NULL);
        drop_newest(arena);
    }
    if (mark.newest != NULL) {
        assert(mark.used_bytes <= mark.newest->used_bytes);
        mark.newest->used_bytes = mark.used_bytes;
    }
}
