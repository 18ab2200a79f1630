/* SPDX-License-Identifier: ISC
 *
 * store.h - open a store, make its writes durable, ask how it is.
 *
 * The store's other headers: value.h, tree.h, commit.h, ref.h (branches and tags) and txn.h (edit a
 * branch and commit).  Writes are staged: readers of the same store see them at once, and they are
 * durable when bough_store_sync has returned BOUGH_OK.  Not for use by two threads.
 */
#ifndef BOUGH_STORE_H
#define BOUGH_STORE_H

#include "bough/env.h"
#include "bough/port/backend.h"

struct bough_store;

struct bough_store_info {
    struct bough_identity identity;
    enum bough_durability durability;
    bool read_only;
    bool unsynced; /* something is staged */
    uint64_t generation;
    uint64_t capacity_bytes; /* 0 = bounded by memory only */
    uint64_t used_bytes;
    uint64_t cache_bytes; /* in use by the object cache */
    uint64_t
        settled_count; /* nodes whose form collection or repair has changed since the opening */
};

/* Opens the store in `backend`, which it owns from now on, also after an error.  At most
 * `cache_bytes` are used to keep objects in memory (0 = none).  `env` is borrowed until close.
 * BOUGH_NO_MEMORY, BOUGH_CORRUPT, BOUGH_IO.  O(1). */
BOUGH_MUST_CHECK enum bough_err bough_store_open(struct bough_env *env,
                                                 struct bough_backend *backend, size_t cache_bytes,
                                                 struct bough_store **store);

/* Closes the store and its backend; what is not synced is lost.  NULL is allowed. */
void bough_store_close(struct bough_store *store);

/* Makes everything staged durable, in one flush; nothing happens when nothing is staged.  After an
 * error (BOUGH_IO, BOUGH_FULL) the store is read-only until it is opened again: what was staged may
 * or may not be there then, each root move as a whole. */
BOUGH_MUST_CHECK enum bough_err bough_store_sync(struct bough_store *store);

/* How the store is now.  O(1). */
void bough_store_info(const struct bough_store *store, struct bough_store_info *info);

/* The environment it was opened with. */
struct bough_env *bough_store_env(const struct bough_store *store);

/* The link, with its address, of the commit or tag that has this name; BOUGH_NOT_FOUND. */
BOUGH_MUST_CHECK enum bough_err bough_store_find(struct bough_store *store,
                                                 const struct bough_hash *name,
                                                 struct bough_link *link);

#endif
