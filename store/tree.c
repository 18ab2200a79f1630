/* SPDX-License-Identifier: ISC
 *
 * tree.c - find one entry by its path; what a path may look like.
 *
 * A step is looked up under two keys: "step" for a value and "step/" for a directory.  At most one
 * of them exists in a tree (tree_edit.c keeps it so).
 */
#include "bough/tree.h"
#include "node_page.h"

/* One step by itself: see tree.h for what is allowed. */
static enum bough_err check_step(struct bough_bytes step)
{
    bool dots = (step.len == 1 && step.at[0] == '.') ||
                (step.len == 2 && step.at[0] == '.' && step.at[1] == '.');

    if (step.len == 0 || dots)
        return BOUGH_INVALID;
    if (step.len > BOUGH_STEP_BYTES_MAX)
        return BOUGH_TOO_BIG;
    return memchr(step.at, '\0', step.len) == NULL ? BOUGH_OK : BOUGH_INVALID;
}

/* Cuts the first step off `rest`; false when there is none left. */
static bool cut_step(struct bough_bytes *rest, struct bough_bytes *step)
{
    const uint8_t *slash;

    if (rest->at == NULL)
        return false;
    slash = rest->len == 0 ? NULL : memchr(rest->at, '/', rest->len);
    step->at = rest->at;
    step->len = slash == NULL ? rest->len : (size_t)(slash - rest->at);
    if (slash == NULL) {
        *rest = (struct bough_bytes){0};
    } else {
        rest->at += step->len + 1;
        rest->len -= step->len + 1;
    }
    return true;
}

enum bough_err bough_tree_path_check(struct bough_bytes path)
{
    struct bough_bytes step;
    size_t steps = 0;

    if (path.len == 0)
        return BOUGH_OK;
    if (path.len > BOUGH_PATH_BYTES_MAX)
        return BOUGH_TOO_BIG;
    while (cut_step(&path, &step)) {
        BOUGH_TRY(check_step(step));
        steps++;
    }
    return steps > BOUGH_PATH_STEPS_MAX ? BOUGH_TOO_BIG : BOUGH_OK;
}

bool bough_tree_equal(const struct bough_tree *a, const struct bough_tree *b)
{
    return bough_hash_equal(&a->root.name, &b->root.name) &&
           bough_hash_equal(&a->verbatim.name, &b->verbatim.name);
}

/* The entry of a leaf's item, with its step and data copied into `arena`. */
static enum bough_err copy_entry(const struct node_item *item, struct bough_arena *arena,
                                 struct bough_entry *entry)
{
    node_entry(item, entry);
    entry->step = bough_arena_copy(arena, entry->step);
    if (entry->step.at == NULL)
        return BOUGH_NO_MEMORY;
    if (entry->value.data.len == 0)
        return BOUGH_OK;
    entry->value.data = bough_arena_copy(arena, entry->value.data);
    return entry->value.data.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* What is looked for in a directory: a step, under the one key or the other. */
struct sought {
    struct bough_bytes value_key; /* the step; empty if values do not count */
    struct bough_bytes tree_key;  /* the step and '/' */
    bool later;                   /* tree_key is behind the leaf that value_key would be in */
};

/* Looks in a leaf.  The two keys are near each other, so one leaf nearly always tells about both.
 */
static enum bough_err look_in_leaf(const struct cache_object *page, struct sought *sought,
                                   struct bough_arena *arena, struct bough_entry *entry)
{
    struct node_item item;
    uint32_t at;

    if (sought->value_key.len > 0) {
        at = node_page_search(page, sought->value_key);
        if (at < page->item_count) {
            node_item(page, at, &item);
            if (bough_bytes_equal(node_key(&item), sought->value_key))
                return copy_entry(&item, arena, entry);
        }
    }
    at = node_page_search(page, sought->tree_key);
    sought->later = at == page->item_count;
    if (sought->later)
        return BOUGH_NOT_FOUND;
    node_item(page, at, &item);
    return bough_bytes_equal(node_key(&item), sought->tree_key) ? copy_entry(&item, arena, entry)
                                                                : BOUGH_NOT_FOUND;
}

/* Looks in an inner node: the child to go on with. */
static enum bough_err look_in_inner(const struct cache_object *page, struct bough_bytes key,
                                    struct bough_link *child)
{
    uint32_t at = node_page_search(page, key);
    struct node_item item;

    if (at == page->item_count)
        return BOUGH_NOT_FOUND;
    node_item(page, at, &item);
    *child = node_child(&item);
    return BOUGH_OK;
}

/* Goes down to the leaf in which `key` would be, and looks there. */
static enum bough_err descend(struct bough_store *store, const struct bough_tree *tree,
                              struct bough_bytes key, struct sought *sought,
                              struct bough_arena *arena, struct bough_entry *entry)
{
    struct bough_link link = tree->root;
    uint8_t above = NODE_LEVELS_MAX;

    sought->later = false;
    if (bough_hash_is_none(&link.name))
        return BOUGH_NOT_FOUND;
    for (;;) {
        const struct cache_object *page;
        uint8_t level;
        enum bough_err err;

        BOUGH_TRY(node_page_pin(store, &link, &page));
        level = page->level;
        if (level >= above)
            err = object_corrupt(store, &link, "a node of the wrong level");
        else if (level == 0)
            err = look_in_leaf(page, sought, arena, entry);
        else
            err = look_in_inner(page, key, &link);
        node_page_unpin(store, page);
        if (err != BOUGH_OK || level == 0)
            return err;
        if (level == 1) /* a leaf is seldom near, and several lines of it will be looked at */
            cache_warm(store->cache, &link.address, 1);
        above = level;
    }
}

/* The entry of a step, its bytes in `arena`; `only_tree` leaves values out. */
static enum bough_err find_step(struct bough_store *store, const struct bough_tree *tree,
                                struct bough_bytes step, bool only_tree, struct bough_arena *arena,
                                struct bough_entry *entry)
{
    uint8_t key[NODE_KEY_BYTES_MAX];
    struct sought sought = {.tree_key = {.at = key, .len = step.len + 1}};
    enum bough_err err;

    assert(step.len > 0 && step.len <= BOUGH_STEP_BYTES_MAX);
    memcpy(key, step.at, step.len);
    key[step.len] = '/';
    if (only_tree)
        return descend(store, tree, sought.tree_key, &sought, arena, entry);
    sought.value_key = step;
    err = descend(store, tree, step, &sought, arena, entry);
    if (err != BOUGH_NOT_FOUND || !sought.later)
        return err;
    sought.value_key.len = 0;
    return descend(store, tree, sought.tree_key, &sought, arena, entry);
}

enum bough_err bough_tree_find(struct bough_store *store, const struct bough_tree *tree,
                               struct bough_bytes path, struct bough_arena *arena,
                               struct bough_entry *entry)
{
    struct bough_bytes rest = path;
    struct bough_bytes step;

    BOUGH_TRY(bough_tree_path_check(path));
    *entry =
        (struct bough_entry){.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY, .tree = *tree};
    if (path.len == 0)
        return BOUGH_OK;
    while (cut_step(&rest, &step)) {
        struct bough_tree parent = entry->tree;

        BOUGH_TRY(find_step(store, &parent, step, rest.at != NULL, arena, entry));
    }
    return BOUGH_OK;
}
