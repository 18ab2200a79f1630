/* SPDX-License-Identifier: ISC
 *
 * value_chunk.h - where one chunk of a long value ends, and the lists that hold chunks together.
 *
 *   list := level:u8 item...     level 0 = of chunks, otherwise of lists one level below
 *   item := size:varint name:hash
 */
#ifndef VALUE_CHUNK_H
#define VALUE_CHUNK_H

#include "object.h"

#define VALUE_CHUNK_WHOLE_MAX  (64u << 10) /* a value up to this is one object, not cut at all */
#define VALUE_CHUNK_BYTES_MIN  (16u << 10)
#define VALUE_CHUNK_BYTES_MEAN (64u << 10)
#define VALUE_CHUNK_BYTES_MAX  (256u << 10)
#define VALUE_CHUNK_LIST_MAX   128u /* items of one list */
#define VALUE_CHUNK_LEVELS_MAX 6u   /* 128^6 chunks: beyond any size that 64 bits can name */

/* One item of a list. */
struct value_chunk {
    uint64_t size_bytes;
    struct bough_link link;
};

/* Lists being filled, one for each level. */
struct value_chunk_lists {
    struct value_chunk items[VALUE_CHUNK_LEVELS_MAX][VALUE_CHUNK_LIST_MAX];
    uint32_t counts[VALUE_CHUNK_LEVELS_MAX];
};

/* The table of the rolling hash, derived from the store's salt: what a client sends cannot aim at
 * cuts, and clones of a store cut alike. */
void value_chunk_table(const uint8_t salt[16], uint64_t table[256]);

/* How many of `bytes` make up the next chunk; all of them if no end is found among them.  At most
 * VALUE_CHUNK_BYTES_MAX.  Follows from the bytes alone. */
size_t value_chunk_end(const uint64_t table[256], struct bough_bytes bytes);

/* Appends a chunk or list to the list of `level`; full lists are staged and go one level up. */
BOUGH_MUST_CHECK enum bough_err value_chunk_append(struct bough_store *store,
                                                   struct value_chunk_lists *lists, uint32_t level,
                                                   const struct value_chunk *chunk);

/* Stages what is left in the lists and gives the link of the one at the top. */
BOUGH_MUST_CHECK enum bough_err value_chunk_finish(struct bough_store *store,
                                                   struct value_chunk_lists *lists,
                                                   struct value_chunk *top);

/* Fills `lists` (empty so far) with what they held before the last chunk of the value that `link`
 * names (`size_bytes`, in chunks) was appended; that chunk is *last.  Reads one list of each level.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err value_chunk_resume(struct bough_store *store,
                                                   const struct bough_link *link,
                                                   uint64_t size_bytes, struct bough_arena *arena,
                                                   struct value_chunk_lists *lists,
                                                   struct value_chunk *last);

/* Copies bytes offset.. of what `link` names (a chunk or list of `size_bytes`) into `into`; the
 * range lies within it.  `arena` is for scratch. */
BOUGH_MUST_CHECK enum bough_err value_chunk_read(struct bough_store *store,
                                                 const struct bough_link *link, uint64_t size_bytes,
                                                 uint64_t offset, uint8_t *into, size_t len,
                                                 struct bough_arena *arena);

#endif
