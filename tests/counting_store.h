/* SPDX-License-Identifier: ISC
 *
 * counting_store.h - a store in memory that counts the objects that it reads from its backend.
 */
#ifndef COUNTING_STORE_H
#define COUNTING_STORE_H

#include "backend_through.h"
#include "bough/memory.h"
#include "bough/store.h"

/* Objects read so far. */
static uint64_t reads;

static inline enum bough_err counting_store_get(struct bough_backend *base,
                                                const struct bough_link *link,
                                                struct bough_arena *arena,
                                                struct bough_object *object)
{
    reads++;
    return bough_backend_get(backend_through_below(base), link, arena, object);
}

/* A new store with nodes of the default size; what its cache holds is not read again.  One at a
 * time: the counting backend is static. */
static inline enum bough_err counting_store_open(struct bough_env *env, size_t cache_bytes,
                                                 struct bough_store **store)
{
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    static const struct bough_backend_ops ops = {.put = backend_through_put,
                                                 .get = counting_store_get,
                                                 .find = backend_through_find,
                                                 .root_get = backend_through_root_get,
                                                 .root_move = backend_through_root_move,
                                                 .sync = backend_through_sync,
                                                 .close = backend_through_close};
    static struct backend_through counting;
    enum bough_err err = bough_memory_open(env, &identity, &counting.below);

    if (err != BOUGH_OK)
        return err;
    counting.base = *counting.below;
    counting.base.ops = &ops;
    return bough_store_open(env, &counting.base, cache_bytes, store);
}

#endif
