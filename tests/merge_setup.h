/* SPDX-License-Identifier: ISC
 *
 * merge_setup.h - two branches for tests of what is done with them.
 */
#ifndef MERGE_SETUP_H
#define MERGE_SETUP_H

#include "store_setup.h"
#include <stdio.h>

#define MAIN "heads/main"
#define SIDE "heads/side"

/* Where a branch is; it must be there. */
static inline struct bough_link merge_head(struct bough_store *store, const char *name)
{
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(store, bough_bytes_text(name), &ref), BOUGH_OK);
    return ref.link;
}

/* One commit that puts a value or, with text NULL, removes one. */
static inline void merge_put(struct bough_store *store, const char *branch, const char *path,
                             const char *text)
{
    struct bough_txn_result result;

    assert_int_equal(store_setup_write(store, branch, path, text, &result), BOUGH_OK);
}

/* The value at a key of a branch, "" for none; valid until the next call. */
static inline const char *merge_value(struct bough_store *store, const char *name, const char *path)
{
    static char text[40];
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = merge_head(store, name);
    struct bough_commit commit;
    struct bough_entry entry;
    enum bough_err err;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    err = bough_tree_find(store, &commit.tree, bough_bytes_text(path), &arena, &entry);
    snprintf(text, sizeof(text), "%.*s", err == BOUGH_OK ? (int)entry.value.data.len : 0,
             err == BOUGH_OK ? (const char *)entry.value.data.at : "");
    bough_arena_release(&arena);
    return text;
}

/* Leads a branch, new or not, to a commit. */
static inline void merge_branch(struct bough_store *store, const char *name, struct bough_link link)
{
    const struct bough_ref_move move = {.name = bough_bytes_text(name),
                                        .next = {.kind = BOUGH_KIND_COMMIT, .link = link}};

    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
}

/* A store whose branches main and side have one commit in common, with "1" at "k". */
static inline struct bough_store *merge_forked(void)
{
    struct bough_store *store = store_setup();

    merge_put(store, MAIN, "k", "1");
    merge_branch(store, SIDE, merge_head(store, MAIN));
    return store;
}

#endif
