/* SPDX-License-Identifier: ISC
 *
 * tree_splice.c - replace a stretch of one directory, level by level, from the leaves up.
 *
 * On each level the items that stay to the left of the stretch, what takes its place and the items
 * that stay to its right are one seam.  It grows until both its ends are hard cuts that stand
 * (node_cut.c, rule 2: nothing behind a live cut matters), is cut anew, and its nodes take the
 * place of a stretch of the level above: that of the nodes it was made from.
 * The nodes between `first` and `last` are never read.
 */
#include "tree_splice.h"
#include "node_cut.h"
#include "node_put.h"
#include "tree_spot.h"

struct seam {
    struct tree_spot_pins *pins;
    struct node_cut rule;
    struct node_item *items;
    uint64_t *hashes;
    size_t count;
    struct tree_spot first; /* the old nodes at its ends; page NULL when there are none */
    struct tree_spot last;
    bool at_start; /* it begins with the level */
    bool at_end;   /* it ends with the level */
    bool changed;
};

/* Makes room for `more` items before those there are, or behind them. */
static enum bough_err make_room(struct seam *seam, size_t more, bool before)
{
    struct bough_arena *arena = seam->pins->arena;
    struct node_item *items = bough_arena_take(arena, (seam->count + more) * sizeof(*items));
    uint64_t *hashes = bough_arena_take(arena, (seam->count + more) * sizeof(*hashes));
    size_t at = before ? more : 0;

    if (items == NULL || hashes == NULL)
        return BOUGH_NO_MEMORY;
    if (seam->count > 0) {
        memcpy(items + at, seam->items, seam->count * sizeof(*items));
        memcpy(hashes + at, seam->hashes, seam->count * sizeof(*hashes));
    }
    seam->items = items;
    seam->hashes = hashes;
    return BOUGH_OK;
}

static void set_item(struct seam *seam, size_t at, const struct node_item *item)
{
    seam->items[at] = *item;
    seam->hashes[at] = node_cut_hash(&seam->rule, node_key(item));
}

/* Appends the items from..to-1 of a page. */
static enum bough_err append(struct seam *seam, const struct cache_object *page, uint32_t from,
                             uint32_t to)
{
    assert(from <= to && to <= page->item_count);
    BOUGH_TRY(make_room(seam, to - from, false));
    for (uint32_t i = from; i < to; i++) {
        struct node_item item;

        node_item(page, i, &item);
        set_item(seam, seam->count++, &item);
    }
    return BOUGH_OK;
}

/* Puts all items of a page before the others. */
static enum bough_err prepend(struct seam *seam, const struct cache_object *page)
{
    assert(!seam->at_start && page->item_count > 0);
    BOUGH_TRY(make_room(seam, page->item_count, true));
    for (uint32_t i = 0; i < page->item_count; i++) {
        struct node_item item;

        node_item(page, i, &item);
        set_item(seam, i, &item);
    }
    seam->count += page->item_count;
    return BOUGH_OK;
}

/* Gathers what stays of the two nodes at the ends of the stretch, and between them what comes. */
static enum bough_err begin(struct seam *seam, const struct cache_object *root,
                            const struct tree_splice *splice)
{
    uint32_t from = 0;
    uint32_t to = 0;

    if (root != NULL) {
        BOUGH_TRY(tree_spot_open(&seam->first, seam->pins, root, seam->rule.level, splice->from));
        seam->last = seam->first;
        BOUGH_TRY(tree_spot_forward(&seam->last, splice->to));
        from = node_page_search(seam->first.page, splice->from);
        to = node_page_search(seam->last.page, splice->to);
        BOUGH_TRY(append(seam, seam->first.page, 0, from));
    }
    BOUGH_TRY(make_room(seam, splice->count, false));
    for (size_t i = 0; i < splice->count; i++)
        set_item(seam, seam->count++, &splice->items[i]);
    if (root != NULL)
        BOUGH_TRY(append(seam, seam->last.page, to, seam->last.page->item_count));
    seam->at_start = root == NULL || tree_spot_is_first(&seam->first);
    seam->at_end = root == NULL || tree_spot_is_last(&seam->last);
    seam->changed = splice->count > 0 || from < to || seam->first.page != seam->last.page;
    return BOUGH_OK;
}

/* Whether the node after the seam must be taken in too. */
static bool needs_right(const struct seam *seam)
{
    struct node_item parent;
    bool has_parent;

    if (seam->at_end)
        return false;
    has_parent = tree_spot_item(&seam->last, &parent);
    assert(has_parent); /* a root is the last of its level */
    if (!has_parent || node_is_soft(&parent) || seam->count == 0)
        return true;
    return !bough_bytes_equal(node_key(&seam->items[seam->count - 1]),
                              tree_spot_last_key(seam->last.page)) ||
           !node_cut_wins_left(&seam->rule, seam->items, seam->hashes, seam->count - 1);
}

/* Whether the node before the seam must be taken in too; *before is then its place. */
static enum bough_err needs_left(const struct seam *seam, struct tree_spot *before, bool *needed)
{
    struct node_item parent;
    bool there = false;

    *needed = false;
    if (seam->at_start)
        return BOUGH_OK;
    *before = seam->first;
    if (!tree_spot_item_before(before, &parent)) {
        BOUGH_TRY(tree_spot_prev(before));
        there = tree_spot_item(before, &parent);
        assert(there); /* a root is the first of its level */
    }
    *needed = node_is_soft(&parent) ||
              !node_cut_holds_left(&seam->rule, node_cut_hash(&seam->rule, node_key(&parent)),
                                   seam->items, seam->hashes, seam->count);
    if (*needed && !there)
        BOUGH_TRY(tree_spot_prev(before));
    return BOUGH_OK;
}

/* Grows the seam until both its ends stand. */
static enum bough_err settle(struct seam *seam)
{
    bool left = true;

    assert(seam->changed);
    while (left) {
        struct tree_spot before;

        while (needs_right(seam)) {
            BOUGH_TRY(tree_spot_next(&seam->last));
            BOUGH_TRY(append(seam, seam->last.page, 0, seam->last.page->item_count));
            seam->at_end = tree_spot_is_last(&seam->last);
        }
        BOUGH_TRY(needs_left(seam, &before, &left));
        if (!left)
            break;
        BOUGH_TRY(prepend(seam, before.page));
        seam->first = before;
        seam->at_start = tree_spot_is_first(&seam->first);
    }
    return BOUGH_OK;
}

/* Cuts the seam into nodes, stages them, and lists the inner items that lead to them. */
static enum bough_err build(const struct seam *seam, struct node_item **built, size_t *built_count)
{
    struct bough_arena *arena = seam->pins->arena;
    uint8_t *ends = bough_arena_take(arena, seam->count);
    size_t from = 0;
    uint64_t keys = 0;

    *built_count = 0;
    *built = bough_arena_take(arena, seam->count * sizeof(**built));
    if (ends == NULL || *built == NULL)
        return BOUGH_NO_MEMORY;
    if (seam->count == 0)
        return BOUGH_OK;
    node_cut_mark(&seam->rule, seam->items, seam->hashes, seam->count, ends);
    for (size_t i = 0; i < seam->count; i++) {
        struct node_draft draft;

        keys += node_key_count(&seam->items[i], seam->rule.level);
        if (ends[i] == NODE_CUT_NONE)
            continue;
        BOUGH_TRY(
            node_put_draft(seam->rule.level, seam->items + from, i + 1 - from, arena, &draft));
        BOUGH_TRY(node_put_all(seam->pins->store, &draft, 1, arena));
        BOUGH_TRY(node_inner_item(node_key(&seam->items[i]), &draft.link, keys,
                                  ends[i] == NODE_CUT_SOFT, arena, &(*built)[(*built_count)++]));
        from = i + 1;
        keys = 0;
    }
    return BOUGH_OK;
}

/* The stretch of the level above that the built nodes replace: the old nodes between the seam's
 * ends. */
static enum bough_err next_splice(const struct seam *seam, struct tree_splice *next)
{
    struct node_item first;
    struct node_item last;
    struct bough_bytes key;
    uint8_t *behind;
    bool there = tree_spot_item(&seam->first, &first) && tree_spot_item(&seam->last, &last);

    assert(there); /* else the seam is a root, and whole */
    if (!there)
        return BOUGH_INVALID;
    key = node_key(&last);
    behind = bough_arena_take(seam->pins->arena, key.len + 1);
    if (behind == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(behind, key.at, key.len);
    behind[key.len] = '\0';
    next->from = node_key(&first);
    next->to = bough_bytes_of(behind, key.len + 1);
    return BOUGH_OK;
}

/* The tree that an inner item leads to. */
static struct bough_tree tree_of(const struct node_item *item)
{
    return (struct bough_tree){.root = node_child(item), .key_count = node_key_count(item, 1)};
}

/* Does one level's work; *done: *result is the tree, else `splice` is for the level above. */
static enum bough_err one_level(struct seam *seam, const struct cache_object **root,
                                struct tree_splice *splice, const struct bough_tree *base,
                                struct bough_tree *result, bool *done)
{
    struct node_item *built;
    size_t built_count;
    bool whole;

    BOUGH_TRY(begin(seam, *root, splice));
    *done = true;
    if (!seam->changed) {
        *result = *base;
        return BOUGH_OK;
    }
    BOUGH_TRY(settle(seam));
    whole = seam->at_start && seam->at_end;
    *result = (struct bough_tree){0};
    if (whole && seam->count == 0)
        return BOUGH_OK;
    if (whole && seam->count == 1 && seam->rule.level > 0) { /* one node below: that is the root */
        *result = tree_of(&seam->items[0]);
        return BOUGH_OK;
    }
    BOUGH_TRY(build(seam, &built, &built_count));
    if (whole && built_count == 1) {
        *result = tree_of(&built[0]);
        return BOUGH_OK;
    }
    *done = false;
    if (whole)
        *root = NULL;
    else
        BOUGH_TRY(next_splice(seam, splice));
    splice->items = built;
    splice->count = built_count;
    return BOUGH_OK;
}

static enum bough_err apply(struct tree_spot_pins *pins, const struct bough_tree *base,
                            struct tree_splice *splice, struct bough_tree *result)
{
    const struct cache_object *root = NULL;
    bool done = false;

    if (!bough_hash_is_none(&base->root.name))
        BOUGH_TRY(tree_spot_pin(pins, &base->root, &root));
    for (uint8_t level = 0; !done; level++) {
        struct seam seam = {.pins = pins, .rule = node_cut_rule(pins->store, level)};

        assert(level < NODE_LEVELS_MAX);
        assert(root == NULL || root->level >= level);
        BOUGH_TRY(one_level(&seam, &root, splice, base, result, &done));
    }
    return BOUGH_OK;
}

enum bough_err tree_splice_apply(struct bough_store *store, const struct bough_tree *base,
                                 const struct tree_splice *splice, struct bough_arena *arena,
                                 struct bough_tree *result)
{
    struct tree_spot_pins pins = {.store = store, .arena = arena};
    uint8_t greatest[NODE_KEY_BYTES_MAX]; /* no key is as great: a directory's ends in '/' */
    struct tree_splice own = *splice;
    enum bough_err err;

    memset(greatest, 0xff, sizeof(greatest));
    if (own.to.len == 0)
        own.to = bough_bytes_of(greatest, sizeof(greatest));
    if (bough_bytes_compare(own.from, own.to) >= 0 && own.count == 0) {
        *result = *base;
        return BOUGH_OK;
    }
    assert(bough_bytes_compare(own.from, own.to) < 0);
    err = apply(&pins, base, &own, result);
    tree_spot_release(&pins);
    if (err == BOUGH_OK && bough_hash_equal(&result->root.name, &base->root.name))
        *result = *base; /* what came is what went */
    return err;
}
