/* SPDX-License-Identifier: ISC
 *
 * counting_reads.h - a store in memory that keeps nothing in its cache, and counts what it reads.
 */
#ifndef COUNTING_READS_H
#define COUNTING_READS_H

#include "backend_through.h"
#include "store_setup.h"

/* Objects read so far. */
static uint64_t reads;

static inline enum bough_err counting_reads_get(struct bough_backend *base,
                                                const struct bough_link *link,
                                                struct bough_arena *arena,
                                                struct bough_object *object)
{
    reads++;
    return bough_backend_get(backend_through_below(base), link, arena, object);
}

/* One at a time: the counting backend is static. */
static inline struct bough_store *counting_reads_store(void)
{
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    static const struct bough_backend_ops ops = {.put = backend_through_put,
                                                 .get = counting_reads_get,
                                                 .find = backend_through_find,
                                                 .root_get = backend_through_root_get,
                                                 .root_move = backend_through_root_move,
                                                 .sync = backend_through_sync,
                                                 .close = backend_through_close};
    static struct backend_through counting;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(host_env(), &identity, &counting.below), BOUGH_OK);
    counting.base = *counting.below;
    counting.base.ops = &ops;
    assert_int_equal(bough_store_open(host_env(), &counting.base, 0, &store), BOUGH_OK);
    return store;
}

#endif
