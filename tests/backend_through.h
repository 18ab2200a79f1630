/* SPDX-License-Identifier: ISC
 *
 * backend_through.h - a backend that hands everything on to another one: what a test wants to go
 * wrong it puts in the place of one of these.
 */
#ifndef BACKEND_THROUGH_H
#define BACKEND_THROUGH_H

#include "bough/port/backend.h"

struct backend_through {
    struct bough_backend base;
    struct bough_backend *below;
};

static inline struct bough_backend *backend_through_below(struct bough_backend *backend)
{
    return ((struct backend_through *)backend)->below;
}

static inline enum bough_err backend_through_put(struct bough_backend *backend,
                                                 const struct bough_hash *name,
                                                 const struct bough_object *object,
                                                 struct bough_place *place)
{
    enum bough_err err = bough_backend_put(backend_through_below(backend), name, object, place);

    backend->object_count = backend_through_below(backend)->object_count;
    return err;
}

static inline enum bough_err backend_through_find(struct bough_backend *backend,
                                                  const struct bough_hash *name, uint64_t *address)
{
    return bough_backend_find(backend_through_below(backend), name, address);
}

static inline void backend_through_root_get(struct bough_backend *backend, struct bough_root *root)
{
    bough_backend_root_get(backend_through_below(backend), root);
}

static inline enum bough_err backend_through_root_move(struct bough_backend *backend,
                                                       uint64_t expected,
                                                       const struct bough_link *state)
{
    return bough_backend_root_move(backend_through_below(backend), expected, state);
}

static inline enum bough_err backend_through_sync(struct bough_backend *backend)
{
    return bough_backend_sync(backend_through_below(backend));
}

static inline void backend_through_close(struct bough_backend *backend)
{
    bough_backend_close(backend_through_below(backend));
}

#endif
