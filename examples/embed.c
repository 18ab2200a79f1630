/* SPDX-License-Identifier: ISC
 *
 * embed.c - a store inside a program of your own: write two keys as one commit, read one back.
 * Build: cc embed.c $(pkg-config --cflags --libs --static bough)
 */
#include "bough/env_unix.h"
#include "bough/memory.h"
#include "bough/txn.h"
#include <stdio.h>

static enum bough_err example(struct bough_store *store, struct bough_arena *arena)
{
    struct bough_edit edits[2] = {
        {.path = bough_bytes_text("fruit/apple"), .entry = {.mode = BOUGH_MODE_FILE}},
        {.path = bough_bytes_text("fruit/pear"), .entry = {.mode = BOUGH_MODE_FILE}},
    };
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = edits,
        .edit_count = 2,
        .author = bough_txn_ident(bough_store_env(store), bough_bytes_text("Ann"),
                                  bough_bytes_text("ann@example.org")),
        .message = bough_bytes_text("Two fruits\n"),
    };
    struct bough_txn_result result;
    struct bough_commit commit;
    struct bough_entry entry;
    struct bough_bytes bytes;

    BOUGH_TRY(bough_value_put(store, bough_bytes_text("red"), arena, &edits[0].entry.value));
    BOUGH_TRY(bough_value_put(store, bough_bytes_text("green"), arena, &edits[1].entry.value));
    BOUGH_TRY(bough_txn_commit(store, &txn, arena, &result));
    BOUGH_TRY(bough_store_sync(store));
    BOUGH_TRY(bough_commit_get(store, &result.commit, arena, &commit));
    BOUGH_TRY(bough_tree_find(store, &commit.tree, bough_bytes_text("fruit/pear"), arena, &entry));
    BOUGH_TRY(bough_value_get(store, &entry.value, 1024, arena, &bytes));
    printf("a pear is %.*s, one of %llu keys\n", (int)bytes.len, (const char *)bytes.at,
           (unsigned long long)commit.tree.key_count);
    return BOUGH_OK;
}

int main(void)
{
    struct bough_env *env = bough_env_unix_open((size_t)64 << 20);
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_arena arena;
    enum bough_err err;

    if (env == NULL || bough_memory_open(env, NULL, &backend) != BOUGH_OK ||
        bough_store_open(env, backend, 1 << 20, &store) != BOUGH_OK)
        return 1;
    bough_arena_init(&arena, env->heap, 16 << 20);
    err = example(store, &arena);
    bough_arena_release(&arena);
    bough_store_close(store);
    bough_env_unix_close(env);
    return err == BOUGH_OK ? 0 : 1;
}
