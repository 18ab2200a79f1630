/* SPDX-License-Identifier: ISC
 *
 * pack_diff.c - the trees and values of one commit that its parents do not have.
 *
 * Owns, for each directory on the way down, a cursor over it and one over the same directory of
 * each base, which move in step.
 *   (1) A tree is in the list before its values, which name it by its index.
 * Directories that equal one of the bases' are passed over whole.
 */
#include "pack_diff.h"
#include "git_tree.h"
#include <assert.h>

struct base {
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    bool has; /* an entry is read and stands at or behind the present name */
};

static enum bough_err diff_tree(struct pack_list *list, const struct bough_tree *tree,
                                const struct bough_tree *bases, uint32_t base_count, uint32_t depth,
                                struct bough_arena *arena);

static bool is_tree(const struct bough_entry *entry)
{
    return entry->kind == BOUGH_ENTRY_TREE;
}

/* Moves a base to the first entry that is not before `entry`; whether it is the same name. */
static enum bough_err advance(struct base *base, const struct bough_entry *entry, bool *same)
{
    *same = false;
    while (base->has) {
        int order =
            git_tree_compare(base->entry.step, is_tree(&base->entry), entry->step, is_tree(entry));
        enum bough_err err;

        if (order >= 0) {
            *same = order == 0;
            return BOUGH_OK;
        }
        err = bough_tree_cursor_next(&base->cursor, &base->entry);
        base->has = err == BOUGH_OK;
        if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
            return err;
    }
    return BOUGH_OK;
}

static bool same_value(const struct bough_value *a, const struct bough_value *b)
{
    return a->size_bytes == b->size_bytes && bough_bytes_equal(a->data, b->data) &&
           bough_hash_equal(&a->link.name, &b->link.name);
}

/* Adds a value of tree number `tree`, once. */
static enum bough_err add_value(struct pack_list *list, const struct bough_entry *entry,
                                uint32_t tree)
{
    struct pack_list_blob blob = {.tree = tree,
                                  .step_offset = (uint32_t)list->steps.len,
                                  .step_len = (uint8_t)entry->step.len};
    struct bough_hash name;
    uint32_t *number;
    bool is_new;

    _Static_assert(BOUGH_STEP_BYTES_MAX <= UINT8_MAX, "step_len is too small");
    bough_value_name(&entry->value, &name);
    BOUGH_TRY(name_set_add(&list->seen, &name, &number, &is_new));
    if (!is_new)
        return BOUGH_OK;
    BOUGH_TRY(buffer_add(&list->steps, entry->step));
    return buffer_add(&list->blobs, bough_bytes_of(&blob, sizeof(blob)));
}

/* One entry of a directory against the same name of the bases. */
static enum bough_err diff_entry(struct pack_list *list, const struct bough_entry *entry,
                                 struct base *bases, uint32_t base_count, uint32_t tree,
                                 uint32_t depth, struct bough_arena *arena)
{
    struct bough_tree below[PACK_DIFF_BASES_MAX];
    uint32_t below_count = 0;

    for (uint32_t i = 0; i < base_count; i++) {
        bool same;

        BOUGH_TRY(advance(&bases[i], entry, &same));
        if (!same)
            continue;
        if (is_tree(entry))
            below[below_count++] = bases[i].entry.tree;
        else if (same_value(&bases[i].entry.value, &entry->value) &&
                 (bases[i].entry.mode == BOUGH_MODE_GITLINK) == (entry->mode == BOUGH_MODE_GITLINK))
            return BOUGH_OK;
    }
    if (is_tree(entry))
        return diff_tree(list, &entry->tree, below, below_count, depth + 1, arena);
    return entry->mode == BOUGH_MODE_GITLINK ? BOUGH_OK : add_value(list, entry, tree);
}

/* All entries of one directory; tree number `tree`. */
static enum bough_err diff_entries(struct pack_list *list, const struct bough_tree *tree,
                                   const struct bough_tree *base_trees, uint32_t base_count,
                                   uint32_t number, uint32_t depth, struct bough_arena *arena)
{
    struct base *bases = bough_arena_zeros(arena, base_count, sizeof(*bases));
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    enum bough_err err;

    if (bases == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < base_count; i++) {
        BOUGH_TRY(
            bough_tree_cursor_open(&bases[i].cursor, list->view->store, &base_trees[i], arena));
        err = bough_tree_cursor_next(&bases[i].cursor, &bases[i].entry);
        bases[i].has = err == BOUGH_OK;
        if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
            return err;
    }
    BOUGH_TRY(bough_tree_cursor_open(&cursor, list->view->store, tree, arena));
    while ((err = bough_tree_cursor_next(&cursor, &entry)) == BOUGH_OK)
        BOUGH_TRY(diff_entry(list, &entry, bases, base_count, number, depth, arena));
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* What a tree is called in `seen`: a tree with bytes of its own differs from one without, and its
 * bytes' name is a value's. */
static struct bough_hash seen_name(const struct bough_tree *tree)
{
    struct bough_hash name = tree->root.name;

    if (!bough_hash_is_none(&tree->verbatim.name)) {
        name = tree->verbatim.name;
        name.at[0] ^= 1;
    }
    return name;
}

static enum bough_err diff_tree(struct pack_list *list, const struct bough_tree *tree,
                                const struct bough_tree *bases, uint32_t base_count, uint32_t depth,
                                struct bough_arena *arena)
{
    struct bough_hash name = seen_name(tree);
    struct bough_arena_mark mark = bough_arena_now(arena);
    uint32_t *number;
    bool is_new;
    enum bough_err err;

    if (depth >= GIT_DEPTH_MAX)
        return BOUGH_TOO_BIG;
    for (uint32_t i = 0; i < base_count; i++) {
        if (bough_tree_equal(tree, &bases[i]))
            return BOUGH_OK;
    }
    BOUGH_TRY(name_set_add(&list->seen, &name, &number, &is_new));
    if (!is_new)
        return BOUGH_OK;
    BOUGH_TRY(buffer_add(&list->trees, bough_bytes_of(tree, sizeof(*tree))));
    err = diff_entries(list, tree, bases, base_count,
                       (uint32_t)(list->trees.len / sizeof(*tree)) - 1, depth, arena);
    bough_arena_back(arena, mark);
    return err;
}

enum bough_err pack_diff(struct pack_list *list, const struct bough_tree *tree,
                         const struct bough_tree *bases, uint32_t base_count,
                         struct bough_arena *arena)
{
    assert(base_count <= PACK_DIFF_BASES_MAX);
    return diff_tree(list, tree, bases, base_count, 0, arena);
}
