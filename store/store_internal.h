/* SPDX-License-Identifier: ISC
 *
 * store_internal.h - the store's own struct, for the files of store/ only.
 *
 *   (1) state is the newest state directory, staged moves included; the backend's root names the
 *       same node whenever no call is under way.
 *   (2) unsynced is true iff a root move was staged since the last good sync.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "bough/store.h"
#include "bough/tree.h"

struct bough_collect_pin;
struct cache;
struct collect;

struct bough_store {
    struct bough_env *env;
    struct bough_backend *backend;
    struct cache *cache;
    struct bough_tree state;
    uint64_t generation;
    bool unsynced;
    struct bough_tree horizon; /* commits that were dropped, if horizon_known (horizon.c) */
    bool horizon_known;
    struct bough_collect_pin *pins; /* what is being read */
    struct collect *collect;        /* a collection under way, or NULL */
};

#endif
