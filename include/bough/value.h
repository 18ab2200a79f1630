/* SPDX-License-Identifier: ISC
 *
 * value.h - the bytes under a key: written in pieces, read by range, in fixed memory.
 *
 * A short value (up to the store's leaf window) travels inside the tree; a longer one is an object;
 * one above 64 KiB is cut by its content into chunks, so that values that share runs of bytes share
 * chunks.  Which of these it is follows from the bytes alone.
 */
#ifndef BOUGH_VALUE_H
#define BOUGH_VALUE_H

#include "bough/store.h"

struct bough_value {
    uint64_t size_bytes;
    struct bough_bytes
        data; /* all of it, when short; else empty.  Lives where the value came from */
    struct bough_link link; /* of a longer value; name none when it is in `data` */
};

struct bough_value_writer;

/* Begins a value.  The writer is released by finish or abandon.  BOUGH_NO_MEMORY (it takes about
 * 260 KiB once the value is long). */
BOUGH_MUST_CHECK enum bough_err bough_value_begin(struct bough_store *store,
                                                  struct bough_value_writer **writer);

/* Appends bytes (borrowed for the call).  BOUGH_TOO_BIG past BOUGH_VALUE_BYTES_MAX, BOUGH_FULL,
 * BOUGH_READ_ONLY, BOUGH_IO, BOUGH_NO_MEMORY; after an error only abandon may follow. */
BOUGH_MUST_CHECK enum bough_err bough_value_add(struct bough_value_writer *writer,
                                                struct bough_bytes bytes);

/* Completes the value and releases the writer, also after an error; short data is copied into
 * `arena`.  The value can now be put into a tree, before the next bough_collect_step. */
BOUGH_MUST_CHECK enum bough_err bough_value_finish(struct bough_value_writer *writer,
                                                   struct bough_arena *arena,
                                                   struct bough_value *value);

/* Releases a writer without a value; NULL is allowed. */
void bough_value_abandon(struct bough_value_writer *writer);

/* begin + add + finish for bytes that are at hand. */
BOUGH_MUST_CHECK enum bough_err bough_value_put(struct bough_store *store, struct bough_bytes bytes,
                                                struct bough_arena *arena,
                                                struct bough_value *value);

/* Begins a writer that holds `value` already, to go on behind its end.  What comes out is what
 * writing it all anew would give, and shares its chunks but the last: which is all that is read, so
 * the cost does not depend on the value's size.  `value` must stay in a tree that lives until the
 * writer is released.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY, BOUGH_TOO_BIG. */
BOUGH_MUST_CHECK enum bough_err bough_value_resume(struct bough_store *store,
                                                   const struct bough_value *value,
                                                   struct bough_value_writer **writer);

/* resume + add + finish for bytes that are at hand. */
BOUGH_MUST_CHECK enum bough_err bough_value_append(struct bough_store *store,
                                                   const struct bough_value *value,
                                                   struct bough_bytes bytes,
                                                   struct bough_arena *arena,
                                                   struct bough_value *result);

/* Reads `len` bytes from `offset` on into `into`; fewer only at the value's end, *got says how
 * many. O(log size + len).  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_value_read(struct bough_store *store,
                                                 const struct bough_value *value, uint64_t offset,
                                                 void *into, size_t len, size_t *got);

/* The whole value in `arena`; BOUGH_TOO_BIG when it is longer than `max_bytes`. */
BOUGH_MUST_CHECK enum bough_err bough_value_get(struct bough_store *store,
                                                const struct bough_value *value, size_t max_bytes,
                                                struct bough_arena *arena,
                                                struct bough_bytes *bytes);

/* The name of the value (its ETag): equal for equal bytes, in this store and in its clones. */
void bough_value_name(const struct bough_value *value, struct bough_hash *name);

/* ---- values that are named by a link (value_link.c): a tag's target, a tree's git bytes ---- */

/* A link to the value, whatever its length: a short one is staged as an object.  Errors as
 * bough_value_add. */
BOUGH_MUST_CHECK enum bough_err bough_value_link_put(struct bough_store *store,
                                                     const struct bough_value *value,
                                                     struct bough_link *link);

/* The value that such a link names, with its size, to be read with bough_value_read.
 * BOUGH_CORRUPT (also when it is no value), BOUGH_IO, BOUGH_NO_MEMORY.  O(1): reads one object. */
BOUGH_MUST_CHECK enum bough_err bough_value_link_get(struct bough_store *store,
                                                     const struct bough_link *link,
                                                     struct bough_value *value);

#endif
