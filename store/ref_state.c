/* SPDX-License-Identifier: ISC
 *
 * ref_state.c - edits of the state tree, and settings.
 *
 * The moment that matters is the call of bough_backend_root_move: everything that hangs off the
 * state changes there, all of it or nothing.
 */
#include "ref_state.h"

#define SETTING_BYTES_MAX (1u << 20)

enum bough_err ref_state_move(struct bough_store *store, const struct bough_edit *edits,
                              size_t count, struct bough_arena *arena, size_t *culprit)
{
    struct bough_tree next;

    BOUGH_TRY(bough_tree_edit(store, &store->state, edits, count, arena, culprit, &next));
    BOUGH_TRY(bough_backend_root_move(store->backend, store->generation, &next.root));
    store->state = next;
    store->generation++;
    store->unsynced = true;
    assert(store->generation > 0);
    return BOUGH_OK;
}

enum bough_err ref_state_setting(struct bough_store *store, const char *path,
                                 struct bough_arena *arena, struct bough_bytes *value)
{
    struct bough_entry entry;
    enum bough_err err =
        bough_tree_find(store, &store->state, bough_bytes_text(path), arena, &entry);

    *value = (struct bough_bytes){0};
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    if (err != BOUGH_OK)
        return err;
    assert(entry.kind == BOUGH_ENTRY_VALUE);
    return bough_value_get(store, &entry.value, SETTING_BYTES_MAX, arena, value);
}

enum bough_err ref_state_set(struct bough_store *store, const char *path, struct bough_bytes value)
{
    struct bough_edit edit = {.path = bough_bytes_text(path),
                              .remove = value.len == 0,
                              .entry = {.mode = BOUGH_MODE_FILE}};
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = bough_value_put(store, value, &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = ref_state_move(store, &edit, 1, &arena, NULL);
    bough_arena_release(&arena);
    return err;
}
