/* SPDX-License-Identifier: ISC
 *
 * counting_backend.h - a backend in front of another one that counts what is put.
 */
#ifndef COUNTING_BACKEND_H
#define COUNTING_BACKEND_H

#include "bough/port/backend.h"
#include <stdlib.h>

struct counting_backend {
    struct bough_backend base;
    struct bough_backend *below; /* owned */
    uint64_t put_count;          /* objects put, those that were there already included */
    uint64_t put_bytes;
};

static inline enum bough_err counting_backend_put(struct bough_backend *base,
                                                  const struct bough_hash *name,
                                                  const struct bough_object *object,
                                                  struct bough_place *place)
{
    struct counting_backend *counting = (struct counting_backend *)base;

    counting->put_count++;
    counting->put_bytes += object->bytes.len + 8 * (uint64_t)object->address_count;
    return bough_backend_put(counting->below, name, object, place);
}

static inline enum bough_err counting_backend_get(struct bough_backend *base,
                                                  const struct bough_link *link,
                                                  struct bough_arena *arena,
                                                  struct bough_object *object)
{
    return bough_backend_get(((struct counting_backend *)base)->below, link, arena, object);
}

static inline enum bough_err counting_backend_find(struct bough_backend *base,
                                                   const struct bough_hash *name, uint64_t *address)
{
    return bough_backend_find(((struct counting_backend *)base)->below, name, address);
}

static inline void counting_backend_root_get(struct bough_backend *base, struct bough_root *root)
{
    bough_backend_root_get(((struct counting_backend *)base)->below, root);
}

static inline enum bough_err counting_backend_root_move(struct bough_backend *base,
                                                        uint64_t expected,
                                                        const struct bough_link *state)
{
    return bough_backend_root_move(((struct counting_backend *)base)->below, expected, state);
}

static inline enum bough_err counting_backend_sync(struct bough_backend *base)
{
    return bough_backend_sync(((struct counting_backend *)base)->below);
}

static inline void counting_backend_close(struct bough_backend *base)
{
    bough_backend_close(((struct counting_backend *)base)->below);
}

/* Makes `counting`, the caller's, a backend that owns `below`; it collects nothing. */
static inline struct bough_backend *counting_backend(struct counting_backend *counting,
                                                     struct bough_backend *below)
{
    static const struct bough_backend_ops ops = {.put = counting_backend_put,
                                                 .get = counting_backend_get,
                                                 .find = counting_backend_find,
                                                 .root_get = counting_backend_root_get,
                                                 .root_move = counting_backend_root_move,
                                                 .sync = counting_backend_sync,
                                                 .close = counting_backend_close};

    *counting = (struct counting_backend){.base = *below, .below = below};
    counting->base.ops = &ops;
    return &counting->base;
}

#endif
