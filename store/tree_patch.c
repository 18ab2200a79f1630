/* SPDX-License-Identifier: ISC
 *
 * tree_patch.c - changes that leave the shape of a node as it is.
 *
 * Where a node ends follows from the keys and sizes of items (node_cut.c).  So if every change
 * replaces an item by one with the same key and size, all ends on the level stay, soft ones too:
 * the node is written with the new items in their places, and no neighbour is looked at.
 */
#include "tree_patch.h"

/* Whether a change replaces item `at` of a page by one of the same shape. */
static bool fits(const struct cache_object *page, uint32_t at,
                 const struct tree_level_change *change)
{
    struct node_item old;

    if (at == page->item_count || change->remove)
        return false;
    node_item(page, at, &old);
    return old.len == change->item.len && old.address_count == change->item.address_count &&
           bough_bytes_equal(node_key(&old), change->key);
}

enum bough_err tree_patch_fit(const struct cache_object *page,
                              const struct tree_level_change *changes, size_t count,
                              struct bough_arena *arena, struct tree_patch *patch)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct node_put_patch *patches;

    *patch = (struct tree_patch){0};
    if (count > page->item_count || (page->level > 0 && page->item_count == 1))
        return BOUGH_OK; /* an inner node of one item is none that we make */
    patches = bough_arena_take(arena, count * sizeof(*patches));
    if (patches == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = node_page_search(page, changes[i].key);

        if (!fits(page, at, &changes[i])) {
            bough_arena_back(arena, mark);
            return BOUGH_OK;
        }
        patches[i] = (struct node_put_patch){.at = at, .item = &changes[i].item};
    }
    *patch =
        (struct tree_patch){.page = page, .changes = changes, .patches = patches, .count = count};
    return BOUGH_OK;
}

bool tree_patch_matters(const struct tree_patch *patch)
{
    for (size_t i = 0; i < patch->count; i++) {
        struct node_item old;

        node_item(patch->page, patch->patches[i].at, &old);
        if (!node_same(&old, patch->patches[i].item))
            return true;
    }
    return false;
}

/* What the parent said is brought up to date; without one all items are asked. */
uint64_t tree_patch_key_count(const struct tree_patch *patch, const struct node_item *parent)
{
    uint64_t count = parent == NULL ? 0 : node_key_count(parent, 1);
    uint8_t level = patch->page->level;
    struct node_item old;

    for (uint32_t i = 0; parent == NULL && i < patch->page->item_count; i++) {
        node_item(patch->page, i, &old);
        count += node_key_count(&old, level);
    }
    for (size_t i = 0; i < patch->count; i++) {
        node_item(patch->page, patch->patches[i].at, &old);
        count += node_key_count(patch->patches[i].item, level) - node_key_count(&old, level);
    }
    return count;
}
