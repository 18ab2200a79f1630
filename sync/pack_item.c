/* SPDX-License-Identifier: ISC
 *
 * pack_item.c - the objects of a list, by number.
 *
 * Owns nothing: objects are read from the store when they are asked for, and are immutable, so what
 * is read now is what was listed then.
 */
#include "pack_item.h"
#include <assert.h>

/* The arrays in the order of their numbers, and the size of an element. */
static const struct buffer *array(const struct pack_list *list, enum pack_item_part part,
                                  size_t *size)
{
    switch (part) {
    case PACK_ITEM_COMMITS:
        *size = sizeof(struct bough_link);
        return &list->commits;
    case PACK_ITEM_TAGS:
        *size = sizeof(struct bough_link);
        return &list->tags;
    case PACK_ITEM_TREES:
        *size = sizeof(struct pack_list_tree);
        return &list->trees;
    case PACK_ITEM_BLOBS:
        *size = sizeof(struct pack_list_blob);
        return &list->blobs;
    default:
        break;
    }
    *size = sizeof(struct pack_list_value);
    return &list->values;
}

uint32_t pack_item_count(const struct pack_list *list, enum pack_item_part part, uint32_t *first)
{
    uint32_t count = 0;

    *first = 0;
    for (unsigned at = 0; at <= (unsigned)part; at++) {
        size_t size;
        const struct buffer *items = array(list, (enum pack_item_part)at, &size);

        *first += count;
        count = (uint32_t)(items->len / size);
    }
    return count;
}

enum pack_item_part pack_item_part(const struct pack_list *list, uint32_t n, uint32_t *index)
{
    for (unsigned part = 0; part < PACK_ITEM_PARTS; part++) {
        size_t size;
        const struct buffer *items = array(list, (enum pack_item_part)part, &size);
        uint32_t count = (uint32_t)(items->len / size);

        if (n < count) {
            *index = n;
            return (enum pack_item_part)part;
        }
        n -= count;
    }
    assert(false);
    return PACK_ITEM_PARTS;
}

/* Copies element `index` of an array. */
static void element(const struct pack_list *list, enum pack_item_part part, uint32_t index,
                    void *into)
{
    size_t size;
    const struct buffer *items = array(list, part, &size);

    assert((index + 1) * size <= items->len);
    memcpy(into, items->at + index * size, size);
}

static struct pack_list_outside outside(const struct pack_list *list, uint32_t n)
{
    struct pack_list_outside item;
    size_t at = (n & ~PACK_LIST_OUTSIDE) * sizeof(item);

    assert((n & PACK_LIST_OUTSIDE) != 0 && at + sizeof(item) <= list->outside.len);
    memcpy(&item, list->outside.at + at, sizeof(item));
    return item;
}

enum git_kind pack_item_kind(const struct pack_list *list, uint32_t n)
{
    static const enum git_kind kinds[PACK_ITEM_PARTS] = {GIT_COMMIT, GIT_TAG, GIT_TREE, GIT_BLOB,
                                                         GIT_BLOB};
    uint32_t index;

    if ((n & PACK_LIST_OUTSIDE) != 0)
        return outside(list, n).step_len == 0 ? GIT_TREE : GIT_BLOB;
    return kinds[pack_item_part(list, n, &index)];
}

struct bough_hash pack_item_tree_name(const struct bough_tree *tree)
{
    struct bough_hash name = tree->root.name;

    if (!bough_hash_is_none(&tree->verbatim.name)) {
        name = tree->verbatim.name;
        name.at[0] ^= 1; /* the bytes' own name is a value's */
    }
    return name;
}

/* A value that stands under a step; short data lives in `arena`. */
static enum bough_err value_below(const struct pack_list *list, const struct bough_tree *tree,
                                  uint32_t step_offset, uint8_t step_len, struct bough_arena *arena,
                                  struct bough_value *value)
{
    struct bough_bytes step = bough_bytes_of(list->steps.at + step_offset, step_len);
    struct bough_entry entry;

    BOUGH_TRY(bough_tree_find(list->view->store, tree, step, arena, &entry));
    if (entry.kind != BOUGH_ENTRY_VALUE)
        return BOUGH_CORRUPT;
    *value = entry.value;
    return BOUGH_OK;
}

/* The value that a blob stands for, wherever it is named. */
static enum bough_err value_of(const struct pack_list *list, uint32_t n, struct bough_arena *arena,
                               struct bough_value *value)
{
    struct pack_list_value named;
    struct pack_list_blob blob;
    struct pack_list_tree tree;
    uint32_t index;

    if ((n & PACK_LIST_OUTSIDE) != 0) {
        struct pack_list_outside item = outside(list, n);

        return value_below(list, &item.tree, item.step_offset, item.step_len, arena, value);
    }
    if (pack_item_part(list, n, &index) == PACK_ITEM_VALUES) {
        element(list, PACK_ITEM_VALUES, index, &named);
        if (named.step_len > 0)
            return value_below(list, &named.tree, named.step_offset, named.step_len, arena, value);
        *value = (struct bough_value){.size_bytes = named.size_bytes, .link = named.link};
        return BOUGH_OK;
    }
    element(list, PACK_ITEM_BLOBS, index, &blob);
    element(list, PACK_ITEM_TREES, blob.tree, &tree);
    return value_below(list, &tree.tree, blob.step_offset, blob.step_len, arena, value);
}

/* The native object of a commit, tag or tree. */
static struct git_native native_of(const struct pack_list *list, uint32_t n)
{
    struct git_native native = {.kind = pack_item_kind(list, n)};
    struct pack_list_tree tree;
    enum pack_item_part part;
    uint32_t index;

    assert(native.kind != GIT_BLOB);
    if ((n & PACK_LIST_OUTSIDE) != 0) {
        struct pack_list_outside item = outside(list, n);

        return git_memo_of_tree(&item.tree);
    }
    part = pack_item_part(list, n, &index);
    if (part == PACK_ITEM_TREES) {
        element(list, part, index, &tree);
        return git_memo_of_tree(&tree.tree);
    }
    element(list, part, index, &native.link);
    return native;
}

/* The name or the id of a blob that has to be found. */
static enum bough_err name_blob(const struct pack_list *list, uint32_t n, struct bough_hash *name,
                                struct sha1 *id)
{
    struct bough_arena arena;
    struct bough_value value;
    enum bough_err err;

    bough_arena_init(&arena, list->view->env->heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
    err = value_of(list, n, &arena, &value);
    if (err == BOUGH_OK && name != NULL)
        bough_value_name(&value, name);
    if (err == BOUGH_OK && id != NULL)
        err = git_project_value(list->view, &value, id);
    bough_arena_release(&arena);
    return err;
}

enum bough_err pack_item_name(const struct pack_list *list, uint32_t n, struct bough_hash *name)
{
    struct git_native native;
    struct bough_tree tree;
    struct pack_list_blob blob;
    uint32_t index;

    if (pack_item_kind(list, n) != GIT_BLOB) {
        native = native_of(list, n);
        if (native.kind == GIT_TREE)
            tree = git_memo_tree(&native);
        *name = native.kind == GIT_TREE ? pack_item_tree_name(&tree) : native.link.name;
        return BOUGH_OK;
    }
    if ((n & PACK_LIST_OUTSIDE) != 0 || pack_item_part(list, n, &index) == PACK_ITEM_VALUES)
        return name_blob(list, n, name, NULL);
    element(list, PACK_ITEM_BLOBS, index, &blob);
    *name = blob.name;
    return BOUGH_OK;
}

enum bough_err pack_item_id(const struct pack_list *list, uint32_t n, struct sha1 *id)
{
    struct git_native native;
    struct bough_tree tree;

    if (pack_item_kind(list, n) == GIT_BLOB)
        return name_blob(list, n, NULL, id);
    native = native_of(list, n);
    if (native.kind == GIT_COMMIT)
        return git_history_commit(list->view, &native.link, id);
    if (native.kind == GIT_TAG)
        return git_history_tag(list->view, &native.link, id);
    tree = git_memo_tree(&native);
    return git_project_tree(list->view, &tree, id);
}

enum bough_err pack_item_bytes(const struct pack_list *list, uint32_t n, size_t bytes_max,
                               struct buffer *out, struct bough_value *value)
{
    struct bough_value found = {0};
    struct git_native native;
    struct bough_arena arena;
    enum bough_err err;

    *value = (struct bough_value){0};
    if (pack_item_kind(list, n) != GIT_BLOB) {
        native = native_of(list, n);
        return git_history_bytes(list->view, &native, out);
    }
    bough_arena_init(&arena, list->view->env->heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
    err = value_of(list, n, &arena, &found);
    if (err == BOUGH_OK && found.size_bytes <= bytes_max)
        err = git_project_value_bytes(list->view, &found, out);
    else if (err == BOUGH_OK)
        *value = (struct bough_value){.size_bytes = found.size_bytes, .link = found.link};
    bough_arena_release(&arena);
    return err;
}
