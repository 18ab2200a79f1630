/* SPDX-License-Identifier: ISC
 *
 * pack_diff.c - the trees and values of one commit that its parents do not have.
 *
 * Owns, for each directory on the way down, a cursor over it and one over the same directory of
 * each base, which move in step.
 *   (1) A tree is in the list before its values, which name it by its index.
 *   (2) An object's base in the list has a greater index than itself, so no chain of bases is a
 *       ring.
 *   (3) What a base has and is not in the list, the client has, or a filter leaves it out.
 * Directories that equal one of the bases' are passed over whole.  Where a directory or value
 * stands in another's place, the older becomes a delta on the newer: the newest is what is read
 * most.
 */
#include "pack_diff.h"
#include "git_tree.h"
#include "pack_item.h"
#include <assert.h>

struct base {
    const struct bough_tree *tree;
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

/* The newer object (`new_base` is its base) came in the place of the older, which is number
 * `old_number` - 1 of the same array.  A base outside goes on to the newest. */
static void link_versions(uint32_t *old_base, uint32_t old_number, uint32_t *new_base,
                          uint32_t new_index)
{
    if (old_number > new_index || (*old_base != PACK_LIST_NONE && *old_base < PACK_LIST_OUTSIDE))
        return;
    if (*new_base == PACK_LIST_NONE)
        *new_base = *old_base;
    *old_base = new_index;
}

/* Adds an object that the client has, and what its number as a base is. */
static enum bough_err add_outside(struct pack_list *list, const struct bough_hash *name,
                                  const struct bough_tree *tree, struct bough_bytes step,
                                  uint32_t *base)
{
    struct pack_list_outside outside = {.name = *name,
                                        .tree = *tree,
                                        .step_offset = (uint32_t)list->steps.len,
                                        .step_len = (uint8_t)step.len};

    BOUGH_TRY(buffer_add(&list->steps, step));
    *base = PACK_LIST_OUTSIDE | (uint32_t)(list->outside.len / sizeof(outside));
    return buffer_add(&list->outside, bough_bytes_of(&outside, sizeof(outside)));
}

static struct pack_list_blob *blob_at(struct pack_list *list, uint32_t index)
{
    return (struct pack_list_blob *)(void *)list->blobs.at + index;
}

static struct pack_list_tree *tree_at(struct pack_list *list, uint32_t index)
{
    return (struct pack_list_tree *)(void *)list->trees.at + index;
}

/* Value number `index` stands where `base` has another. */
static enum bough_err pair_value(struct pack_list *list, const struct base *base, uint32_t index)
{
    const uint32_t *number;
    struct bough_hash name;

    bough_value_name(&base->entry.value, &name);
    number = name_set_find(&list->seen, &name);
    if (number != NULL) {
        if (*number > 0)
            link_versions(&blob_at(list, *number - 1)->base, *number, &blob_at(list, index)->base,
                          index);
        return BOUGH_OK;
    }
    if (!list->thin || blob_at(list, index)->base != PACK_LIST_NONE)
        return BOUGH_OK;
    return add_outside(list, &name, base->tree, base->entry.step, &blob_at(list, index)->base);
}

/* Adds a value of tree number `tree`, once; `before` (NULL = none) has another in its place. */
static enum bough_err add_value(struct pack_list *list, const struct bough_entry *entry,
                                uint32_t tree, const struct base *before)
{
    struct pack_list_blob blob = {.tree = tree,
                                  .base = PACK_LIST_NONE,
                                  .step_offset = (uint32_t)list->steps.len,
                                  .step_len = (uint8_t)entry->step.len};
    uint32_t *number;
    bool is_new;

    _Static_assert(BOUGH_STEP_BYTES_MAX <= UINT8_MAX, "step_len is too small");
    bough_value_name(&entry->value, &blob.name);
    BOUGH_TRY(name_set_add(&list->seen, &blob.name, &number, &is_new));
    if (is_new) {
        *number = (uint32_t)(list->blobs.len / sizeof(blob)) + 1;
        BOUGH_TRY(buffer_add(&list->steps, entry->step));
        BOUGH_TRY(buffer_add(&list->blobs, bough_bytes_of(&blob, sizeof(blob))));
    }
    return before == NULL || *number == 0 ? BOUGH_OK : pair_value(list, before, *number - 1);
}

/* One entry of a directory against the same name of the bases. */
static enum bough_err diff_entry(struct pack_list *list, const struct bough_entry *entry,
                                 struct base *bases, uint32_t base_count, uint32_t tree,
                                 uint32_t depth, struct bough_arena *arena)
{
    struct bough_tree below[PACK_DIFF_BASES_MAX];
    const struct base *before = NULL;
    uint32_t below_count = 0;

    for (uint32_t i = 0; i < base_count; i++) {
        bool same;

        BOUGH_TRY(advance(&bases[i], entry, &same));
        if (!same)
            continue;
        if (is_tree(entry)) {
            below[below_count++] = bases[i].entry.tree;
            continue;
        }
        if (same_value(&bases[i].entry.value, &entry->value) &&
            (bases[i].entry.mode == BOUGH_MODE_GITLINK) == (entry->mode == BOUGH_MODE_GITLINK))
            return BOUGH_OK;
        if (before == NULL && bases[i].entry.mode != BOUGH_MODE_GITLINK)
            before = &bases[i];
    }
    if (is_tree(entry))
        return diff_tree(list, &entry->tree, below, below_count, depth + 1, arena);
    if (entry->mode == BOUGH_MODE_GITLINK || depth + 1 >= list->filter.depth ||
        entry->value.size_bytes >= list->filter.value_bytes)
        return BOUGH_OK;
    return add_value(list, entry, tree, before);
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
        bases[i].tree = &base_trees[i];
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

/* Tree number `index` stands where a base has `before`.  The empty tree has no name, and nothing in
 * common with any other. */
static enum bough_err pair_tree(struct pack_list *list, const struct bough_tree *before,
                                uint32_t index)
{
    struct bough_hash name = pack_item_tree_name(before);
    struct bough_hash new_name = pack_item_tree_name(&tree_at(list, index)->tree);
    const uint32_t *number = name_set_find(&list->seen, &name);

    if (bough_hash_is_none(&name) || bough_hash_is_none(&new_name))
        return BOUGH_OK;
    if (number != NULL) {
        if (*number > 0)
            link_versions(&tree_at(list, *number - 1)->base, *number, &tree_at(list, index)->base,
                          index);
        return BOUGH_OK;
    }
    if (!list->thin || tree_at(list, index)->base != PACK_LIST_NONE)
        return BOUGH_OK;
    return add_outside(list, &name, before, (struct bough_bytes){0}, &tree_at(list, index)->base);
}

/* Whether a tree that is in the list has more in it than a filter let through when it was met:
 * then it is gone through once more. */
static enum bough_err is_met_higher(struct pack_list *list, const struct bough_hash *name,
                                    uint32_t depth, bool *higher)
{
    uint32_t *least;
    bool is_new;

    *higher = false;
    if (list->filter.depth == UINT32_MAX)
        return BOUGH_OK;
    BOUGH_TRY(name_set_add(&list->depths, name, &least, &is_new));
    *higher = is_new || depth + 1 < *least;
    if (*higher)
        *least = depth + 1;
    return BOUGH_OK;
}

/* Adds a tree, once; *more: what is in it has to be looked at. */
static enum bough_err add_tree(struct pack_list *list, const struct bough_tree *tree,
                               const struct bough_tree *before, uint32_t depth, uint32_t *index,
                               bool *more)
{
    struct pack_list_tree item = {.tree = *tree, .base = PACK_LIST_NONE};
    struct bough_hash name = pack_item_tree_name(tree);
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&list->seen, &name, &number, &is_new));
    *index = is_new ? (uint32_t)(list->trees.len / sizeof(item)) : *number - 1;
    *more = is_new;
    if (is_new) {
        *number = *index + 1;
        BOUGH_TRY(buffer_add(&list->trees, bough_bytes_of(&item, sizeof(item))));
    }
    BOUGH_TRY(is_met_higher(list, &name, depth, &is_new));
    *more = *more || is_new;
    return *more && before != NULL ? pair_tree(list, before, *index) : BOUGH_OK;
}

static enum bough_err diff_tree(struct pack_list *list, const struct bough_tree *tree,
                                const struct bough_tree *bases, uint32_t base_count, uint32_t depth,
                                struct bough_arena *arena)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    uint32_t index;
    bool more;
    enum bough_err err;

    if (depth >= GIT_DEPTH_MAX)
        return BOUGH_TOO_BIG;
    if (depth >= list->filter.depth)
        return BOUGH_OK;
    for (uint32_t i = 0; i < base_count; i++) {
        if (bough_tree_equal(tree, &bases[i]))
            return BOUGH_OK;
    }
    BOUGH_TRY(add_tree(list, tree, base_count > 0 ? &bases[0] : NULL, depth, &index, &more));
    if (!more)
        return BOUGH_OK;
    err = diff_entries(list, tree, bases, base_count, index, depth, arena);
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

enum bough_err pack_diff_wanted(struct pack_list *list, const struct bough_tree *tree,
                                struct bough_arena *arena)
{
    uint32_t depth = list->filter.depth;
    enum bough_err err;

    if (depth == 0)
        list->filter.depth = 1;
    err = diff_tree(list, tree, NULL, 0, 0, arena);
    list->filter.depth = depth;
    return err;
}
