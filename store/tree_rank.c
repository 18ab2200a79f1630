/* SPDX-License-Identifier: ISC
 *
 * tree_rank.c - values by their number in bytewise order of paths, and numbers by path.
 *
 * Every item says how many values are at or below it, so what stands before a place is the sum over
 * the items before it in the nodes on the way down.  Since a directory's key is its step with '/'
 * appended, a directory's values stand together between those of its neighbours: the way goes on
 * inside it.
 */
#include "bough/limits.h"
#include "node_page.h"

#define DEPTH_MAX (BOUGH_PATH_STEPS_MAX + 1u)

/* The values at or below items [0, end) of a page. */
static uint64_t count_before(const struct cache_object *page, uint32_t end)
{
    uint64_t count = 0;

    for (uint32_t at = 0; at < end; at++) {
        struct node_item item;

        node_item(page, at, &item);
        count += node_key_count(&item, page->level);
    }
    return count;
}

/* Pins a node that must be of a lower level than the one above. */
static enum bough_err pin_below(struct bough_store *store, const struct bough_link *link,
                                uint8_t above, const struct cache_object **page)
{
    BOUGH_TRY(node_page_pin(store, link, page));
    if ((*page)->level < above)
        return BOUGH_OK;
    node_page_unpin(store, *page);
    return object_corrupt(store, link, "a node of the wrong level");
}

/* Adds to *rank the values of a directory whose keys are less than `key`.  If `key` itself is a
 * directory's, *below is that one, else empty. */
static enum bough_err rank_in(struct bough_store *store, const struct bough_tree *tree,
                              struct bough_bytes key, uint64_t *rank, struct bough_tree *below)
{
    struct bough_link link = tree->root;
    uint8_t level = NODE_LEVELS_MAX;

    *below = (struct bough_tree){0};
    while (level > 0 && !bough_hash_is_none(&link.name)) {
        const struct cache_object *page;
        struct node_item item;
        uint32_t at;

        BOUGH_TRY(pin_below(store, &link, level, &page));
        level = page->level;
        at = node_page_search(page, key);
        *rank += count_before(page, at);
        link = (struct bough_link){0};
        if (at < page->item_count) {
            node_item(page, at, &item);
            if (level > 0) {
                link = node_child(&item);
            } else if (bough_bytes_equal(node_key(&item), key)) {
                struct bough_entry entry;

                node_entry(&item, &entry);
                *below = entry.tree; /* empty if it is none */
            }
        }
        node_page_unpin(store, page);
    }
    return BOUGH_OK;
}

enum bough_err bough_tree_rank(struct bough_store *store, const struct bough_tree *tree,
                               struct bough_bytes path, uint64_t *rank)
{
    struct bough_tree directory = *tree;

    *rank = 0;
    for (unsigned depth = 0; path.len > 0; depth++) {
        const uint8_t *slash = memchr(path.at, '/', path.len);
        size_t key_len = slash == NULL ? path.len : (size_t)(slash - path.at) + 1;
        struct bough_tree below;

        if (depth == DEPTH_MAX)
            return BOUGH_TOO_BIG;
        BOUGH_TRY(rank_in(store, &directory, bough_bytes_of(path.at, key_len), rank, &below));
        directory = below;
        path.at += key_len;
        path.len -= key_len;
    }
    return BOUGH_OK;
}

/* The item of a page that holds value *number, which becomes the number within it; item_count if
 * the page has not so many. */
static uint32_t item_of(const struct cache_object *page, uint64_t *number)
{
    uint32_t at = 0;

    for (; at < page->item_count; at++) {
        struct node_item item;
        uint64_t count;

        node_item(page, at, &item);
        count = node_key_count(&item, page->level);
        if (*number < count)
            break;
        *number -= count;
    }
    return at;
}

/* Copies what an entry borrows. */
static enum bough_err keep_entry(struct bough_entry *entry, struct bough_arena *arena)
{
    entry->step = bough_arena_copy(arena, entry->step);
    if (entry->step.at == NULL)
        return BOUGH_NO_MEMORY;
    if (entry->value.data.len == 0)
        return BOUGH_OK;
    entry->value.data = bough_arena_copy(arena, entry->value.data);
    return entry->value.data.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* The entry of a directory that is or holds value *number, which becomes the number within it. */
static enum bough_err nth_in(struct bough_store *store, const struct bough_tree *tree,
                             uint64_t *number, struct bough_arena *arena, struct bough_entry *entry)
{
    struct bough_link link = tree->root;
    uint8_t level = NODE_LEVELS_MAX;

    if (bough_hash_is_none(&link.name))
        return BOUGH_NOT_FOUND;
    for (;;) {
        const struct cache_object *page;
        struct node_item item;
        enum bough_err err = BOUGH_NOT_FOUND;
        uint32_t at;

        BOUGH_TRY(pin_below(store, &link, level, &page));
        level = page->level;
        at = item_of(page, number);
        if (at < page->item_count) {
            node_item(page, at, &item);
            err = BOUGH_OK;
            if (level > 0) {
                link = node_child(&item);
            } else {
                node_entry(&item, entry);
                err = keep_entry(entry, arena);
            }
        }
        node_page_unpin(store, page);
        if (err != BOUGH_OK || level == 0)
            return err;
    }
}

/* Puts a step behind a path. */
static enum bough_err append_step(struct bough_bytes *path, const struct bough_entry *entry,
                                  struct bough_arena *arena)
{
    bool slash = entry->kind == BOUGH_ENTRY_TREE;
    uint8_t *at = bough_arena_take(arena, path->len + entry->step.len + 1);

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    if (path->len > 0)
        memcpy(at, path->at, path->len);
    memcpy(at + path->len, entry->step.at, entry->step.len);
    at[path->len + entry->step.len] = '/';
    *path = bough_bytes_of(at, path->len + entry->step.len + (slash ? 1 : 0));
    return BOUGH_OK;
}

enum bough_err bough_tree_rank_nth(struct bough_store *store, const struct bough_tree *tree,
                                   uint64_t number, struct bough_arena *arena,
                                   struct bough_bytes *path, struct bough_entry *entry)
{
    struct bough_tree directory = *tree;

    *path = (struct bough_bytes){0};
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        BOUGH_TRY(nth_in(store, &directory, &number, arena, entry));
        BOUGH_TRY(append_step(path, entry, arena));
        if (entry->kind != BOUGH_ENTRY_TREE)
            return BOUGH_OK;
        directory = entry->tree;
    }
    return BOUGH_TOO_BIG;
}
