/* SPDX-License-Identifier: ISC
 *
 * git_project.c - values and trees as git sees them.
 *
 * Owns nothing but scratch.  A git tree is flat: it is made whole in memory, entry by entry.
 *   (1) A tree with git bytes of its own (verbatim) is exactly those; any other is its entries with
 *       their steps as git_name shows them, in git's order.
 * The store's order is git's; only where a name is shown escaped is there anything to sort.
 */
#include "git_project.h"
#include "git_name.h"
#include "git_tree.h"
#include <assert.h>
#include <stdlib.h>

#define CURSOR_BYTES_MAX (4u << 20) /* the nodes on the way down one directory */

/* One entry of a git tree, to be sorted. */
struct shown {
    struct bough_bytes bytes; /* the whole entry */
    struct bough_bytes name;
    bool is_tree;
};

static enum bough_err tree_bytes(struct git_view *view, const struct bough_tree *tree,
                                 uint32_t depth, struct buffer *out);

void git_project_native(const struct bough_value *value, struct git_native *native)
{
    *native =
        (struct git_native){.kind = GIT_BLOB, .link = value->link, .number = value->size_bytes};
    bough_value_name(value, &native->link.name);
}

/* SHA-1 of a long value, piece by piece. */
static enum bough_err hash_long(struct git_view *view, const struct bough_value *value,
                                struct sha1 *id)
{
    size_t room = value->size_bytes < GIT_PROJECT_PIECE_BYTES ? (size_t)value->size_bytes
                                                              : GIT_PROJECT_PIECE_BYTES;
    uint8_t *piece = bough_heap_take(view->env->heap, room);
    enum bough_err err = BOUGH_OK;
    struct sha1_state state;
    size_t got;

    if (piece == NULL)
        return BOUGH_NO_MEMORY;
    sha1_begin_object(&state, GIT_BLOB, value->size_bytes);
    for (uint64_t done = 0; err == BOUGH_OK && done < value->size_bytes; done += got) {
        err = bough_value_read(view->store, value, done, piece, room, &got);
        if (err == BOUGH_OK)
            sha1_add(&state, bough_bytes_of(piece, got));
    }
    if (err == BOUGH_OK)
        sha1_end(&state, id);
    bough_heap_give(view->env->heap, piece, room);
    return err;
}

enum bough_err git_project_value(struct git_view *view, const struct bough_value *value,
                                 struct sha1 *id)
{
    struct git_native native;

    if (bough_hash_is_none(&value->link.name)) {
        sha1_object(GIT_BLOB, value->data, id); /* cheaper than to look it up */
        return BOUGH_OK;
    }
    git_project_native(value, &native);
    if (git_view_id(view, &native, id))
        return BOUGH_OK;
    BOUGH_TRY(hash_long(view, value, id));
    return git_view_add(view, id, &native);
}

enum bough_err git_project_value_bytes(struct git_view *view, const struct bough_value *value,
                                       struct buffer *out)
{
    size_t got;

    if (value->size_bytes > BOUGH_PUSH_OBJECT_BYTES_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(buffer_reserve(out, (size_t)value->size_bytes));
    if (value->size_bytes > 0)
        BOUGH_TRY(bough_value_read(view->store, value, 0, out->at + out->len,
                                   (size_t)value->size_bytes, &got));
    out->len += (size_t)value->size_bytes;
    return BOUGH_OK;
}

static enum bough_err tree_id(struct git_view *view, const struct bough_tree *tree, uint32_t depth,
                              struct sha1 *id)
{
    struct git_native native = git_memo_of_tree(tree);
    struct buffer bytes;
    enum bough_err err;

    if (git_view_id(view, &native, id))
        return BOUGH_OK;
    buffer_init(&bytes, view->env->heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    err = tree_bytes(view, tree, depth, &bytes);
    if (err == BOUGH_OK) {
        sha1_object(GIT_TREE, buffer_bytes(&bytes), id);
        err = git_view_add(view, id, &native);
    }
    buffer_release(&bytes);
    return err;
}

enum bough_err git_project_tree(struct git_view *view, const struct bough_tree *tree,
                                struct sha1 *id)
{
    return tree_id(view, tree, 0, id);
}

enum bough_err git_project_tree_bytes(struct git_view *view, const struct bough_tree *tree,
                                      struct buffer *out)
{
    return tree_bytes(view, tree, 0, out);
}

static enum bough_err corrupt(struct git_view *view, const char *what)
{
    bough_log(view->env->log, BOUGH_ERROR, "git", "%s", what);
    return BOUGH_CORRUPT;
}

/* The id of what an entry holds. */
static enum bough_err entry_id(struct git_view *view, const struct bough_entry *entry,
                               uint32_t depth, struct sha1 *id)
{
    if (entry->kind == BOUGH_ENTRY_TREE)
        return tree_id(view, &entry->tree, depth + 1, id);
    if (entry->kind != BOUGH_ENTRY_VALUE)
        return corrupt(view, "a ref stands in a directory of values");
    if (entry->mode != BOUGH_MODE_GITLINK)
        return git_project_value(view, &entry->value, id);
    if (entry->value.data.len != SHA1_BYTES)
        return corrupt(view, "a gitlink is not 20 bytes long");
    memcpy(id->at, entry->value.data.at, SHA1_BYTES);
    return BOUGH_OK;
}

/* Appends one directory's entries in the store's order; *escaped: some name is shown escaped. */
static enum bough_err add_entries(struct git_view *view, struct bough_tree_cursor *cursor,
                                  uint32_t depth, struct buffer *out, bool *escaped)
{
    struct bough_entry entry;
    enum bough_err err;

    *escaped = false;
    while ((err = bough_tree_cursor_next(cursor, &entry)) == BOUGH_OK) {
        uint8_t room[GIT_NAME_BYTES_MAX];
        struct bough_bytes name = git_name_shown(entry.step, room);
        bool is_tree = entry.kind == BOUGH_ENTRY_TREE;
        struct sha1 id;

        *escaped = *escaped || name.at == room;
        BOUGH_TRY(entry_id(view, &entry, depth, &id));
        BOUGH_TRY(git_tree_add(out, is_tree ? BOUGH_MODE_DIRECTORY : entry.mode, name, &id));
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

static int by_name(const void *a, const void *b)
{
    const struct shown *left = a;
    const struct shown *right = b;

    return git_tree_compare(left->name, left->is_tree, right->name, right->is_tree);
}

/* Sorts the entries behind `start` in git's order. */
static enum bough_err sort_entries(struct git_view *view, struct buffer *out, size_t start)
{
    size_t len = out->len - start;
    size_t count_max = len / (SHA1_BYTES + 8); /* mode, space, a byte of name, NUL, id at least */
    size_t room = len + count_max * sizeof(struct shown);
    uint8_t *copy = bough_heap_take(view->env->heap, room + sizeof(struct shown));
    struct shown *list = (void *)copy;
    struct bough_bytes rest;
    struct git_tree_entry entry;
    size_t count = 0;

    if (copy == NULL)
        return BOUGH_NO_MEMORY;
    rest = bough_bytes_of(copy + (room - len) + sizeof(struct shown), len);
    memcpy(copy + (room - len) + sizeof(struct shown), out->at + start, len);
    for (const uint8_t *at = rest.at; git_tree_next(&rest, &entry) == BOUGH_OK; at = rest.at) {
        assert(count < count_max);
        list[count++] = (struct shown){.bytes = bough_bytes_of(at, (size_t)(rest.at - at)),
                                       .name = entry.name,
                                       .is_tree = git_tree_kind(entry.mode) == GIT_TREE};
    }
    assert(rest.len == 0);
    qsort(list, count, sizeof(*list), by_name);
    out->len = start;
    for (size_t i = 0; i < count; i++) {
        memcpy(out->at + out->len, list[i].bytes.at, list[i].bytes.len);
        out->len += list[i].bytes.len;
    }
    assert(out->len == start + len);
    bough_heap_give(view->env->heap, copy, room + sizeof(struct shown));
    return BOUGH_OK;
}

/* The git bytes that are kept with a tree. */
static enum bough_err verbatim_bytes(struct git_view *view, const struct bough_link *link,
                                     struct buffer *out)
{
    struct bough_value value;

    BOUGH_TRY(bough_value_link_get(view->store, link, &value));
    return git_project_value_bytes(view, &value, out);
}

static enum bough_err tree_bytes(struct git_view *view, const struct bough_tree *tree,
                                 uint32_t depth, struct buffer *out)
{
    struct bough_arena arena;
    struct bough_tree_cursor cursor;
    size_t start = out->len;
    bool escaped = false;
    enum bough_err err;

    if (!bough_hash_is_none(&tree->verbatim.name))
        return verbatim_bytes(view, &tree->verbatim, out);
    if (depth >= GIT_DEPTH_MAX)
        return BOUGH_TOO_BIG;
    bough_arena_init(&arena, view->env->heap, CURSOR_BYTES_MAX);
    err = bough_tree_cursor_open(&cursor, view->store, tree, &arena);
    if (err == BOUGH_OK)
        err = add_entries(view, &cursor, depth, out, &escaped);
    if (err == BOUGH_OK && escaped)
        err = sort_entries(view, out, start);
    bough_arena_release(&arena);
    return err;
}
