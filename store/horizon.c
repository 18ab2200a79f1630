/* SPDX-License-Identifier: ISC
 *
 * horizon.c - the commits that retention dropped, as entries of the state.
 *
 *   horizon/<name in 64 hexadecimal digits>    an empty value
 *   (1) A commit stands here iff a living commit names it as a parent, and the collection that was
 *       done last did not find it living.
 *   (2) Only a collection changes it, in the step that sweeps; so store->horizon stays true.
 */
#include "horizon.h"
#include "hash.h"
#include "object.h"

#define FOLDER          "horizon"
#define HEX_LEN         (2u * BOUGH_HASH_BYTES)
#define ARENA_BYTES_MAX (16u << 20)

/* Looks where the horizon is, once. */
static enum bough_err find_folder(struct bough_store *store, struct bough_arena *arena)
{
    struct bough_entry entry;
    enum bough_err err =
        bough_tree_find(store, &store->state, bough_bytes_text(FOLDER), arena, &entry);

    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    store->horizon = (struct bough_tree){0};
    if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_TREE)
        store->horizon = entry.tree;
    store->horizon_known = true;
    return BOUGH_OK;
}

void horizon_forget(struct bough_store *store)
{
    store->horizon_known = false;
}

static enum bough_err look_up(struct bough_store *store, const struct bough_hash *name,
                              struct bough_arena *arena, bool *yes)
{
    char hex[HEX_LEN + 1];
    struct bough_entry entry;
    enum bough_err err;

    if (!store->horizon_known)
        BOUGH_TRY(find_folder(store, arena));
    if (bough_hash_is_none(&store->horizon.root.name))
        return BOUGH_OK;
    hash_hex(name, hex);
    err = bough_tree_find(store, &store->horizon, bough_bytes_text(hex), arena, &entry);
    *yes = err == BOUGH_OK;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

enum bough_err horizon_has(struct bough_store *store, const struct bough_hash *name, bool *yes)
{
    struct bough_arena arena;
    enum bough_err err;

    *yes = false;
    if (store->horizon_known && bough_hash_is_none(&store->horizon.root.name))
        return BOUGH_OK;
    bough_arena_init(&arena, store->env->heap, ARENA_BYTES_MAX);
    err = look_up(store, name, &arena, yes);
    bough_arena_release(&arena);
    return err;
}

/* Whether the folder holds these names and no others. */
static enum bough_err same_as(struct bough_store *store, const struct bough_tree *folder,
                              const struct bough_hash *cut, size_t cut_count, bool *same)
{
    *same = folder->key_count == cut_count;
    for (size_t i = 0; i < cut_count && *same; i++)
        BOUGH_TRY(horizon_has(store, &cut[i], same));
    return BOUGH_OK;
}

enum bough_err horizon_edits(struct bough_store *store, const struct bough_hash *cut,
                             size_t cut_count, struct bough_arena *arena, struct bough_edit **edits,
                             size_t *count)
{
    struct bough_entry folder = {0};
    bool same;
    enum bough_err err =
        bough_tree_find(store, &store->state, bough_bytes_text(FOLDER), arena, &folder);

    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    *count = 0;
    if (err == BOUGH_NOT_FOUND && cut_count == 0)
        return BOUGH_OK;
    BOUGH_TRY(same_as(store, &folder.tree, cut, cut_count, &same));
    if (same)
        return BOUGH_OK;
    *edits = bough_arena_zeros(arena, cut_count + 1, sizeof(**edits));
    if (*edits == NULL)
        return BOUGH_NO_MEMORY;
    /* All anew: equal contents have equal roots, so what stays is written only once. */
    (*edits)[(*count)++] = (struct bough_edit){.path = bough_bytes_text(FOLDER), .remove = true};
    for (size_t i = 0; i < cut_count; i++) {
        char path[sizeof(FOLDER) + HEX_LEN + 1] = FOLDER "/";
        struct bough_edit *edit = &(*edits)[(*count)++];

        hash_hex(&cut[i], path + sizeof(FOLDER));
        edit->entry = (struct bough_entry){.kind = BOUGH_ENTRY_VALUE, .mode = BOUGH_MODE_FILE};
        edit->path = bough_arena_copy(arena, bough_bytes_text(path));
        if (edit->path.at == NULL)
            return BOUGH_NO_MEMORY;
        assert(edit->path.len == sizeof(FOLDER) + HEX_LEN);
    }
    return BOUGH_OK;
}
