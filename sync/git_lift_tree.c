/* SPDX-License-Identifier: ISC
 *
 * git_lift_tree.c - git's trees and blobs become native ones.
 *
 * Owns nothing but scratch, one struct dir for each directory on the way down.  The git form of the
 * base is compared with the new tree, entry by entry; what differs becomes edits of the base.
 *   (1) The result holds exactly the new tree's entries, so equal git trees give equal roots,
 *       whatever the base was.
 *   (2) A tree that its entries alone would not give back keeps its own bytes (verbatim).
 */
#include "git_lift_tree.h"
#include "git_name.h"
#include "git_tree.h"
#include <assert.h>
#include <stdlib.h>

#define EDITS_MAX       512u /* applied together */
#define EDITS_FIRST     4u
#define ARENA_BYTES_MAX (64u << 20)
#define WANTED_MAX      (1u << 20) /* entries of one tree that must be looked for */

/* One directory that is being lifted. */
struct dir {
    struct git_lift *lift;
    uint32_t depth;
    const struct bough_tree *base;
    struct buffer base_bytes;  /* the git form of the base */
    struct bough_bytes bytes;  /* the new tree */
    struct bough_tree result;  /* so far */
    struct bough_arena arena;  /* of one batch of edits */
    struct bough_arena wanted; /* of what was looked for */
    struct git_find *sought;
    size_t sought_count;
    struct bough_edit *edits; /* in `arena`; room for edits_max */
    size_t edits_max;
    size_t edit_count;
};

/* The two trees side by side: the entries of the next name; a side that lacks it is absent. */
struct pair {
    struct bough_bytes base_rest;
    struct bough_bytes new_rest;
    struct git_tree_entry base;
    struct git_tree_entry new;
    bool has_base;
    bool has_new;
    bool base_read; /* an entry is read and not yet given out */
    bool new_read;
};

static enum bough_err lift_tree(struct git_lift *lift, const struct sha1 *id,
                                const struct bough_tree *base, uint32_t depth,
                                struct bough_tree *tree);

static void pair_open(struct pair *pair, const struct dir *dir)
{
    *pair = (struct pair){.base_rest = buffer_bytes(&dir->base_bytes), .new_rest = dir->bytes};
}

/* Reads ahead on one side. */
static bool read_side(struct bough_bytes *rest, struct git_tree_entry *entry, bool read)
{
    return read || git_tree_next(rest, entry) == BOUGH_OK;
}

/* The next name of either side; false at the end of both. */
static bool pair_next(struct pair *pair)
{
    int order;

    pair->base_read = read_side(&pair->base_rest, &pair->base, pair->base_read);
    pair->new_read = read_side(&pair->new_rest, &pair->new, pair->new_read);
    if (!pair->base_read && !pair->new_read)
        return false;
    if (!pair->base_read)
        order = 1;
    else if (!pair->new_read)
        order = -1;
    else
        order = git_tree_compare(pair->base.name, git_tree_kind(pair->base.mode) == GIT_TREE,
                                 pair->new.name, git_tree_kind(pair->new.mode) == GIT_TREE);
    pair->has_base = order <= 0;
    pair->has_new = order >= 0;
    if (pair->has_base)
        pair->base_read = false;
    if (pair->has_new)
        pair->new_read = false;
    return true;
}

/* Whether the new side has something that the base side does not have. */
static bool is_put(const struct pair *pair)
{
    return pair->has_new && (!pair->has_base || pair->base.mode != pair->new.mode ||
                             !sha1_equal(&pair->base.id, &pair->new.id));
}

/* Applies the edits gathered so far. */
static enum bough_err flush(struct dir *dir)
{
    struct bough_tree before = dir->result;

    if (dir->edit_count > 0)
        BOUGH_TRY(bough_tree_edit_level(dir->lift->view->store, &before, dir->edits,
                                        dir->edit_count, &dir->arena, &dir->result));
    bough_arena_release(&dir->arena);
    dir->edits = NULL;
    dir->edits_max = 0;
    dir->edit_count = 0;
    return BOUGH_OK;
}

/* Makes room for one more edit.  Most directories change in one or two places, a few in thousands,
 * so the array starts small and doubles. */
static enum bough_err grow_edits(struct dir *dir)
{
    size_t max = dir->edits_max == 0 ? EDITS_FIRST : dir->edits_max * 2;
    struct bough_edit *edits;

    if (dir->edit_count < dir->edits_max)
        return BOUGH_OK;
    edits = bough_arena_zeros(&dir->arena, max, sizeof(*edits));
    if (edits == NULL)
        return BOUGH_NO_MEMORY;
    if (dir->edit_count > 0)
        memcpy(edits, dir->edits, dir->edit_count * sizeof(*edits));
    dir->edits = edits;
    dir->edits_max = max;
    return BOUGH_OK;
}

/* A new edit of the entry that git calls `name`; valid until the next one. */
static enum bough_err add_edit(struct dir *dir, struct bough_bytes name, struct bough_edit **edit)
{
    uint8_t room[GIT_NAME_BYTES_MAX];

    if (dir->edit_count == EDITS_MAX)
        BOUGH_TRY(flush(dir));
    BOUGH_TRY(grow_edits(dir));
    *edit = &dir->edits[dir->edit_count];
    (*edit)->path = bough_arena_copy(&dir->arena, git_name_stored(name, room));
    if ((*edit)->path.at == NULL)
        return BOUGH_NO_MEMORY;
    dir->edit_count++;
    return BOUGH_OK;
}

/* Takes out what the new tree does not have.  Done before anything is put, because a directory may
 * come under the name of a file that goes, and one step can only be edited once at a time. */
static enum bough_err remove_old(struct dir *dir)
{
    struct bough_edit *edit;
    struct pair pair;

    pair_open(&pair, dir);
    while (pair_next(&pair)) {
        if (pair.has_new)
            continue;
        BOUGH_TRY(add_edit(dir, pair.base.name, &edit));
        edit->remove = true;
    }
    return flush(dir);
}

/* Whether an object must be looked for: neither in the pack nor placed by the memo. */
static bool is_wanted(struct dir *dir, const struct git_tree_entry *entry)
{
    enum git_kind kind = git_tree_kind(entry->mode);
    struct git_native native;

    if (kind == GIT_COMMIT || pack_resolve_find(dir->lift->pack, &entry->id) != PACK_NONE)
        return false;
    return !git_view_find(dir->lift->view, &entry->id, &native) ||
           (native.kind == GIT_BLOB && native.link.address == 0);
}

/* Lists what must be looked for, sorted, each once. */
static enum bough_err list_wanted(struct dir *dir, struct buffer *list)
{
    struct git_find *items;
    size_t count;
    size_t kept = 0;
    struct pair pair;

    pair_open(&pair, dir);
    while (pair_next(&pair)) {
        struct git_find item = {.id = pair.new.id};

        if (is_put(&pair) && is_wanted(dir, &pair.new))
            BOUGH_TRY(buffer_add(list, bough_bytes_of(&item, sizeof(item))));
    }
    items = (struct git_find *)(void *)list->at;
    count = list->len / sizeof(*items);
    if (count > 0)
        qsort(items, count, sizeof(*items), git_find_order);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || git_find_order(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    }
    list->len = kept * sizeof(*items);
    return BOUGH_OK;
}

/* Looks for everything the tree needs that is not at hand, in one search. */
static enum bough_err find_wanted(struct dir *dir)
{
    struct git_lift *lift = dir->lift;
    struct buffer list;
    enum bough_err err;

    buffer_init(&list, lift->view->env->heap, WANTED_MAX * sizeof(struct git_find));
    err = list_wanted(dir, &list);
    dir->sought_count = list.len / sizeof(*dir->sought);
    if (err == BOUGH_OK && dir->sought_count > 0) {
        dir->sought = (void *)(uintptr_t)bough_arena_copy(&dir->wanted, buffer_bytes(&list)).at;
        err = dir->sought == NULL ? BOUGH_NO_MEMORY
                                  : git_find(lift->view, lift->near, lift->near_count, dir->sought,
                                             dir->sought_count, &dir->wanted);
    }
    buffer_release(&list);
    return err;
}

static enum bough_err missing(struct git_lift *lift, const char *what, const struct sha1 *id)
{
    char hex[SHA1_HEX + 1];

    sha1_hex(id, hex);
    return pack_in_fail(lift->pack, BOUGH_NOT_FOUND, "missing %s %s", what, hex);
}

/* Stages a blob of the pack. */
static enum bough_err lift_blob(struct git_lift *lift, uint32_t n, struct bough_arena *arena,
                                struct bough_value *value)
{
    struct sha1 id = pack_in_entry(lift->pack, n)->id;
    struct git_native native;
    struct bough_bytes bytes;
    enum bough_err err;

    BOUGH_TRY(pack_object_take(lift->pack, n, &bytes));
    err = bough_value_put(lift->view->store, bytes, arena, value);
    pack_object_give(lift->pack, n);
    if (err != BOUGH_OK)
        return err;
    git_project_native(value, &native);
    return git_view_add(lift->view, &id, &native);
}

enum bough_err git_lift_tree_blob(struct git_lift *lift, const struct sha1 *id,
                                  struct bough_arena *arena, struct bough_value *value)
{
    uint32_t n = pack_resolve_find(lift->pack, id);
    struct git_find sought = {.id = *id};
    struct git_native native;
    bool known = git_view_find(lift->view, id, &native);

    if (known && native.kind == GIT_BLOB && native.link.address != 0) {
        *value = (struct bough_value){.size_bytes = native.number, .link = native.link};
        return BOUGH_OK;
    }
    if (n != PACK_NONE && pack_in_entry(lift->pack, n)->kind == GIT_BLOB)
        return lift_blob(lift, n, arena, value);
    BOUGH_TRY(git_find(lift->view, lift->near, lift->near_count, &sought, 1, arena));
    if (!sought.found || sought.native.kind != GIT_BLOB)
        return missing(lift, "blob", id);
    *value = sought.value;
    return BOUGH_OK;
}

/* The base of a directory below: what the base has under the same step. */
static enum bough_err base_below(struct dir *dir, struct bough_bytes step, struct bough_tree *below)
{
    struct bough_arena_mark mark = bough_arena_now(&dir->arena);
    struct bough_entry entry;
    enum bough_err err =
        bough_tree_find(dir->lift->view->store, dir->base, step, &dir->arena, &entry);

    *below = (struct bough_tree){0};
    if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_TREE)
        *below = entry.tree;
    bough_arena_back(&dir->arena, mark);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

static enum bough_err fill_tree(struct dir *dir, const struct git_tree_entry *from,
                                const struct git_find *found, struct bough_edit *edit)
{
    struct bough_tree below;

    edit->entry.kind = BOUGH_ENTRY_TREE;
    edit->entry.mode = BOUGH_MODE_DIRECTORY;
    if (found != NULL && found->found && found->native.kind == GIT_TREE) {
        edit->entry.tree = git_memo_tree(&found->native);
        return BOUGH_OK;
    }
    BOUGH_TRY(base_below(dir, edit->path, &below));
    return lift_tree(dir->lift, &from->id, &below, dir->depth + 1, &edit->entry.tree);
}

/* Puts into an edit what an entry of the new tree holds. */
static enum bough_err fill(struct dir *dir, const struct git_tree_entry *from,
                           struct bough_edit *edit)
{
    const struct git_find *found = git_find_id(dir->sought, dir->sought_count, &from->id);
    struct bough_bytes gitlink;

    switch (git_tree_kind(from->mode)) {
    case GIT_TREE:
        return fill_tree(dir, from, found, edit);
    case GIT_COMMIT:
        gitlink = bough_arena_copy(&dir->arena, bough_bytes_of(from->id.at, SHA1_BYTES));
        edit->entry.mode = BOUGH_MODE_GITLINK;
        edit->entry.value = (struct bough_value){.size_bytes = SHA1_BYTES, .data = gitlink};
        return gitlink.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    default:
        break;
    }
    edit->entry.mode = from->mode;
    if (found == NULL)
        return git_lift_tree_blob(dir->lift, &from->id, &dir->arena, &edit->entry.value);
    if (!found->found || found->native.kind != GIT_BLOB)
        return missing(dir->lift, "blob", &from->id);
    edit->entry.value = found->value;
    return BOUGH_OK;
}

/* Puts what the new tree has and the base has not. */
static enum bough_err put_new(struct dir *dir)
{
    struct bough_edit *edit;
    struct pair pair;

    pair_open(&pair, dir);
    while (pair_next(&pair)) {
        if (!is_put(&pair))
            continue;
        BOUGH_TRY(add_edit(dir, pair.new.name, &edit));
        BOUGH_TRY(fill(dir, &pair.new, edit));
    }
    return flush(dir);
}

/* Whether the tree's entries alone would not give its bytes back. */
static bool is_odd(struct bough_bytes tree)
{
    struct git_tree_entry entry;

    while (git_tree_next(&tree, &entry) == BOUGH_OK) {
        enum git_kind kind = git_tree_kind(entry.mode);

        if (entry.padded || (kind == GIT_TREE && entry.mode != BOUGH_MODE_DIRECTORY) ||
            (kind == GIT_COMMIT && entry.mode != BOUGH_MODE_GITLINK))
            return true;
    }
    return false;
}

static enum bough_err keep_bytes(struct dir *dir)
{
    struct bough_store *store = dir->lift->view->store;
    struct bough_value value;

    BOUGH_TRY(bough_value_put(store, dir->bytes, &dir->arena, &value));
    return bough_value_link_put(store, &value, &dir->result.verbatim);
}

static enum bough_err lift_dir(struct dir *dir)
{
    const char *why;

    if (git_tree_check(dir->bytes, &why) != BOUGH_OK)
        return pack_in_fail(dir->lift->pack, BOUGH_INVALID, "%s", why);
    BOUGH_TRY(git_project_tree_bytes(dir->lift->view, dir->base, &dir->base_bytes));
    BOUGH_TRY(find_wanted(dir));
    dir->result = *dir->base;
    BOUGH_TRY(remove_old(dir));
    BOUGH_TRY(put_new(dir));
    dir->result.verbatim = (struct bough_link){0};
    return is_odd(dir->bytes) ? keep_bytes(dir) : BOUGH_OK;
}

/* Lifts the tree of entry `n`. */
static enum bough_err lift_entry(struct git_lift *lift, uint32_t n, const struct bough_tree *base,
                                 uint32_t depth, struct bough_tree *tree)
{
    struct bough_heap *heap = lift->view->env->heap;
    struct dir dir = {.lift = lift, .depth = depth, .base = base};
    enum bough_err err;

    BOUGH_TRY(pack_object_take(lift->pack, n, &dir.bytes));
    bough_arena_init(&dir.arena, heap, ARENA_BYTES_MAX);
    bough_arena_init(&dir.wanted, heap, ARENA_BYTES_MAX);
    buffer_init(&dir.base_bytes, heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    err = lift_dir(&dir);
    *tree = dir.result;
    buffer_release(&dir.base_bytes);
    bough_arena_release(&dir.wanted);
    bough_arena_release(&dir.arena);
    pack_object_give(lift->pack, n);
    return err;
}

static enum bough_err lift_tree(struct git_lift *lift, const struct sha1 *id,
                                const struct bough_tree *base, uint32_t depth,
                                struct bough_tree *tree)
{
    uint32_t n = pack_resolve_find(lift->pack, id);
    struct sha1 kept = *id; /* `id` may stand in an object that moves */
    struct git_native native;

    if (git_view_find(lift->view, id, &native)) {
        if (native.kind != GIT_TREE)
            return missing(lift, "tree", id);
        *tree = git_memo_tree(&native);
        return BOUGH_OK;
    }
    if (n == PACK_NONE || pack_in_entry(lift->pack, n)->kind != GIT_TREE)
        return missing(lift, "tree", id);
    if (depth >= GIT_DEPTH_MAX)
        return pack_in_fail(lift->pack, BOUGH_TOO_BIG, "directories too deep (limit %u)",
                            GIT_DEPTH_MAX);
    BOUGH_TRY(lift_entry(lift, n, base, depth, tree));
    native = git_memo_of_tree(tree);
    return git_view_add(lift->view, &kept, &native);
}

enum bough_err git_lift_tree(struct git_lift *lift, const struct sha1 *id,
                             const struct bough_tree *base, struct bough_tree *tree)
{
    uint32_t n = pack_resolve_find(lift->pack, id);
    struct git_find sought = {.id = *id};
    struct bough_arena arena;
    enum bough_err err;

    if (n != PACK_NONE)
        return lift_tree(lift, id, base, 0, tree);
    bough_arena_init(&arena, lift->view->env->heap, ARENA_BYTES_MAX);
    err = git_find(lift->view, lift->near, lift->near_count, &sought, 1, &arena);
    bough_arena_release(&arena);
    if (err == BOUGH_OK && (!sought.found || sought.native.kind != GIT_TREE))
        return missing(lift, "tree", id);
    if (err == BOUGH_OK)
        *tree = git_memo_tree(&sought.native);
    return err;
}
