/* SPDX-License-Identifier: ISC
 *
 * store_setup.h - stores for tests: in memory, with a fixed identity, and the few calls that most
 * tests make.
 */
#ifndef STORE_SETUP_H
#define STORE_SETUP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/memory.h"
#include "bough/txn.h"
#include "host_env.h"

#define STORE_SETUP_ARENA_BYTES ((size_t)256 << 20)

/* A store in memory whose trees are cut like any other's, the same in every run. */
static inline struct bough_store *store_setup(void)
{
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 4 << 20, &store), BOUGH_OK);
    return store;
}

static inline struct bough_arena store_setup_arena(void)
{
    struct bough_arena arena;

    bough_arena_init(&arena, host_env()->heap, STORE_SETUP_ARENA_BYTES);
    return arena;
}

/* Commits one put (text) or, with text NULL, one deletion; author and time are fixed. */
static inline enum bough_err store_setup_write(struct bough_store *store, const char *branch,
                                               const char *path, const char *text,
                                               struct bough_txn_result *result)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.path = bough_bytes_text(path), .remove = text == NULL};
    struct bough_txn txn = {
        .branch = bough_bytes_text(branch),
        .edits = &edit,
        .edit_count = 1,
        .author = {.name = bough_bytes_text("Ann"),
                   .email = bough_bytes_text("ann@example.org"),
                   .time_s = 1700000000},
        .message = bough_bytes_text("write\n"),
    };
    enum bough_err err = BOUGH_OK;

    edit.entry.mode = BOUGH_MODE_FILE;
    if (text != NULL)
        err = bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = bough_txn_commit(store, &txn, &arena, result);
    bough_arena_release(&arena);
    return err;
}

#endif
