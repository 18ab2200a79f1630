/* SPDX-License-Identifier: ISC
 *
 * tree_run.c - the items of one level near its changes.
 *
 * A run starts as the one old node that a change falls into and grows until both its ends are hard
 * cuts that the change has not killed (node_cut.c, rule 2: nothing behind a live cut matters):
 *   (1) to the right, until its last item is the old cut, still there and still winning to the
 * left; (2) to the left, until the cut before its first item still holds against the run's items.
 * A run that grows left into an earlier one swallows it.  Where the changes of a node keep its
 * shape, they kill no cut: the run is a patch of that node and does not grow (tree_patch.c).
 */
#include "tree_run.h"

/* What gathering works with. */
struct gather {
    struct tree_spot_pins *pins;
    const struct node_cut *rule;
    const struct tree_level_change *changes; /* those not applied yet */
    size_t change_count;
    struct tree_run *oldest; /* finished runs, from the left */
    struct tree_run *newest;
};

/* Moves a run's arrays to where there is room, before them if `left`, else behind them. */
static enum bough_err make_room(struct gather *gather, struct tree_run *run, size_t items,
                                size_t nodes, bool left)
{
    struct bough_arena *arena = gather->pins->arena;
    size_t item_max = run->count + items;
    size_t node_max = run->node_count + nodes;
    size_t item_at = left ? items : 0;
    size_t node_at = left ? nodes : 0;
    struct node_item *new_items = bough_arena_take(arena, item_max * sizeof(*new_items));
    uint64_t *new_hashes = bough_arena_take(arena, item_max * sizeof(*new_hashes));
    struct tree_run_node *new_nodes = bough_arena_take(arena, node_max * sizeof(*new_nodes));

    if (new_items == NULL || new_hashes == NULL || new_nodes == NULL)
        return BOUGH_NO_MEMORY;
    if (run->count > 0) {
        memcpy(new_items + item_at, run->items, run->count * sizeof(*new_items));
        memcpy(new_hashes + item_at, run->hashes, run->count * sizeof(*new_hashes));
    }
    if (run->node_count > 0)
        memcpy(new_nodes + node_at, run->nodes, run->node_count * sizeof(*new_nodes));
    run->items = new_items + item_at;
    run->hashes = new_hashes + item_at;
    run->nodes = new_nodes + node_at;
    run->items_before = left ? items : 0;
    run->items_behind = left ? 0 : items;
    run->nodes_before = left ? nodes : 0;
    run->nodes_behind = left ? 0 : nodes;
    return BOUGH_OK;
}

/* Room for so many more behind.  A run that grows once may grow often: then it doubles. */
static enum bough_err room_behind(struct gather *gather, struct tree_run *run, size_t items,
                                  size_t nodes)
{
    if (run->items_behind < items || run->nodes_behind < nodes)
        BOUGH_TRY(make_room(gather, run, items + run->count, nodes + run->node_count, false));
    run->items_behind -= items;
    run->nodes_behind -= nodes;
    return BOUGH_OK;
}

/* The same before; they are the run's first ones then, to be filled in. */
static enum bough_err room_before(struct gather *gather, struct tree_run *run, size_t items,
                                  size_t nodes)
{
    if (run->items_before < items || run->nodes_before < nodes)
        BOUGH_TRY(make_room(gather, run, items + run->count, nodes + run->node_count, true));
    run->items_before -= items;
    run->nodes_before -= nodes;
    run->items -= items;
    run->hashes -= items;
    run->nodes -= nodes;
    run->count += items;
    run->node_count += nodes;
    return BOUGH_OK;
}

static void add_item(struct gather *gather, struct tree_run *run, const struct node_item *item)
{
    run->items[run->count] = *item;
    run->hashes[run->count] = node_cut_hash(gather->rule, node_key(item));
    run->count++;
}

/* How many of the pending changes have keys up to that of the last item of the page at `spot`; all
 * of them if it is the level's last page, or none.  The parent says what that key is: it is nearer
 * than the end of a leaf. */
static size_t changes_within(const struct gather *gather, const struct tree_spot *spot, bool last)
{
    struct node_item parent;
    size_t count = 0;

    if (last || !tree_spot_item(spot, &parent))
        return gather->change_count;
    while (count < gather->change_count &&
           bough_bytes_compare(gather->changes[count].key, node_key(&parent)) <= 0)
        count++;
    return count;
}

/* Applies a change to the end of a run; `old` is the item it replaces, or NULL. */
static void apply_change(struct gather *gather, struct tree_run *run,
                         const struct tree_level_change *change, const struct node_item *old)
{
    if (!change->remove) {
        add_item(gather, run, &change->item);
        run->changed = run->changed || old == NULL || !node_same(old, &change->item);
    } else {
        run->changed = run->changed || old != NULL;
    }
}

/* Takes in the items of a page (NULL = none) at the run's right end, with `count` changes merged
 * into them. */
static void merge_page(struct gather *gather, struct tree_run *run, const struct cache_object *page,
                       const struct tree_level_change *changes, size_t count)
{
    const struct tree_level_change *stop = changes + count;

    for (uint32_t i = 0; page != NULL && i < page->item_count; i++) {
        struct node_item old;
        int order = 1;

        node_item(page, i, &old);
        while (changes < stop && (order = bough_bytes_compare(changes->key, node_key(&old))) < 0)
            apply_change(gather, run, changes++, NULL);
        if (changes < stop && order == 0)
            apply_change(gather, run, changes++, &old);
        else
            add_item(gather, run, &old);
    }
    while (changes < stop)
        apply_change(gather, run, changes++, NULL);
}

/* The next `count` changes, which count as applied from now on. */
static const struct tree_level_change *take_changes(struct gather *gather, size_t count)
{
    const struct tree_level_change *taken = gather->changes;

    assert(count <= gather->change_count);
    gather->changes += count;
    gather->change_count -= count;
    return taken;
}

/* Notes the old node at a place as the run's last. */
static void add_node(struct tree_run *run, const struct tree_spot *spot)
{
    struct tree_run_node *node = &run->nodes[run->node_count++];

    *node = (struct tree_run_node){.page = spot->page};
    (void)tree_spot_item(spot, &node->item);
}

/* Takes in the page at a place, or an empty level, at the run's right end. */
static enum bough_err append_page(struct gather *gather, struct tree_run *run,
                                  const struct tree_spot *spot)
{
    const struct cache_object *page = spot->page;
    bool last = page == NULL || tree_spot_is_last(spot);
    size_t pending = changes_within(gather, spot, last);
    size_t old_count = page == NULL ? 0 : page->item_count;

    BOUGH_TRY(room_behind(gather, run, old_count + pending, 1));
    merge_page(gather, run, page, take_changes(gather, pending), pending);
    if (page != NULL)
        add_node(run, spot);
    assert(!last || gather->change_count == 0);
    tree_spot_copy(&run->last, spot);
    run->at_end = last;
    return BOUGH_OK;
}

/* Rule (1): whether the node after the run must be taken in too. */
static bool needs_right(const struct gather *gather, const struct tree_run *run)
{
    struct node_item parent;
    bool has_parent;

    if (run->at_end)
        return false;
    has_parent = tree_spot_item(&run->last, &parent);
    assert(has_parent); /* a root is the last of its level */
    if (!has_parent || node_is_soft(&parent) || run->count == 0)
        return true;
    return !bough_bytes_equal(node_key(&run->items[run->count - 1]),
                              tree_spot_last_key(run->last.page)) ||
           !node_cut_wins_left(gather->rule, run->items, run->hashes, run->count - 1);
}

/* Rule (2): whether the node before the run must be taken in too; *before is then its place. */
static enum bough_err needs_left(const struct gather *gather, const struct tree_run *run,
                                 struct tree_spot *before, bool *needed)
{
    struct node_item parent;
    bool there = false;

    *needed = false;
    if (run->at_start)
        return BOUGH_OK;
    tree_spot_copy(before, &run->first);
    if (!tree_spot_item_before(before, &parent)) {
        BOUGH_TRY(tree_spot_prev(before));
        there = tree_spot_item(before, &parent);
        assert(there); /* a root is the first of its level */
    }
    *needed = node_is_soft(&parent) ||
              !node_cut_holds_left(gather->rule, node_cut_hash(gather->rule, node_key(&parent)),
                                   run->items, run->hashes, run->count);
    if (*needed && !there)
        BOUGH_TRY(tree_spot_prev(before));
    return BOUGH_OK;
}

/* Makes a run's patch into items. */
static enum bough_err unfold(struct gather *gather, struct tree_run *run)
{
    struct tree_patch patch = run->patch;

    assert(run->count == 0 && run->node_count == 1);
    run->patch.page = NULL;
    BOUGH_TRY(room_behind(gather, run, patch.page->item_count, 0));
    merge_page(gather, run, patch.page, patch.changes, patch.count);
    return BOUGH_OK;
}

/* Swallows the finished run to the left. */
static enum bough_err swallow(struct gather *gather, struct tree_run *run)
{
    struct tree_run *older = gather->newest;

    gather->newest = older->older;
    if (older->patch.page != NULL)
        BOUGH_TRY(unfold(gather, older));
    BOUGH_TRY(room_before(gather, run, older->count, older->node_count));
    memcpy(run->items, older->items, older->count * sizeof(*run->items));
    memcpy(run->hashes, older->hashes, older->count * sizeof(*run->hashes));
    if (older->node_count > 0)
        memcpy(run->nodes, older->nodes, older->node_count * sizeof(*run->nodes));
    tree_spot_copy(&run->first, &older->first);
    run->at_start = older->at_start;
    return BOUGH_OK;
}

/* Takes in the node at `before`, or the finished run that ends with it. */
static enum bough_err grow_left(struct gather *gather, struct tree_run *run,
                                const struct tree_spot *before)
{
    const struct cache_object *page = before->page;

    /* By address: without a cache, the same node may be pinned twice. */
    if (gather->newest != NULL && gather->newest->last.page->link.address == page->link.address)
        return swallow(gather, run);
    BOUGH_TRY(room_before(gather, run, page->item_count, 1));
    for (uint32_t i = 0; i < page->item_count; i++) {
        node_item(page, i, &run->items[i]);
        run->hashes[i] = node_cut_hash(gather->rule, node_key(&run->items[i]));
    }
    run->nodes[0] = (struct tree_run_node){.page = page};
    (void)tree_spot_item(before, &run->nodes[0].item);
    tree_spot_copy(&run->first, before);
    run->at_start = tree_spot_is_first(before);
    return BOUGH_OK;
}

/* Grows a run until both ends stand. */
static enum bough_err settle(struct gather *gather, struct tree_run *run)
{
    for (;;) {
        struct tree_spot place;
        bool left;

        while (needs_right(gather, run)) {
            tree_spot_copy(&place, &run->last);
            BOUGH_TRY(tree_spot_next(&place));
            BOUGH_TRY(append_page(gather, run, &place));
        }
        BOUGH_TRY(needs_left(gather, run, &place, &left));
        if (!left)
            return BOUGH_OK;
        BOUGH_TRY(grow_left(gather, run, &place));
    }
}

/* The changes of the page at a place as a patch, if they are one: then that is the run. */
static enum bough_err try_patch(struct gather *gather, struct tree_run *run,
                                const struct tree_spot *spot)
{
    struct bough_arena *arena = gather->pins->arena;
    bool last = tree_spot_is_last(spot);
    size_t pending = changes_within(gather, spot, last);

    BOUGH_TRY(tree_patch_fit(spot->page, gather->changes, pending, arena, &run->patch));
    if (run->patch.page == NULL)
        return BOUGH_OK;
    run->nodes = bough_arena_take(arena, sizeof(*run->nodes));
    if (run->nodes == NULL)
        return BOUGH_NO_MEMORY;
    (void)take_changes(gather, pending);
    add_node(run, spot);
    tree_spot_copy(&run->last, spot);
    run->at_end = last;
    run->changed = tree_patch_matters(&run->patch);
    return BOUGH_OK;
}

/* Gathers the run at the place that the next change falls into; *run is NULL when nothing changes
 * there. */
static enum bough_err gather_run(struct gather *gather, const struct tree_spot *spot,
                                 struct tree_run **run)
{
    struct tree_run *new_run = bough_arena_take(gather->pins->arena, sizeof(*new_run));

    *run = NULL;
    if (new_run == NULL)
        return BOUGH_NO_MEMORY;
    memset(new_run, 0, offsetof(struct tree_run, first)); /* the rest is not touched for nothing */
    tree_spot_copy(&new_run->first, spot);
    new_run->at_start = spot->page == NULL || tree_spot_is_first(spot);
    if (spot->page != NULL)
        BOUGH_TRY(try_patch(gather, new_run, spot));
    if (new_run->patch.page == NULL)
        BOUGH_TRY(append_page(gather, new_run, spot));
    if (!new_run->changed)
        return BOUGH_OK;
    if (new_run->patch.page == NULL)
        BOUGH_TRY(settle(gather, new_run));
    *run = new_run;
    return BOUGH_OK;
}

/* Puts a run behind those that are finished. */
static void finish_run(struct gather *gather, struct tree_run *run)
{
    run->older = gather->newest;
    *(gather->newest != NULL ? &gather->newest->newer : &gather->oldest) = run;
    gather->newest = run;
}

enum bough_err tree_run_gather(struct tree_spot_pins *pins, const struct node_cut *rule,
                               const struct cache_object *root,
                               const struct tree_level_change *changes, size_t count,
                               struct tree_run **runs)
{
    struct gather gather = {.pins = pins, .rule = rule, .changes = changes, .change_count = count};
    struct tree_spot spot = {0};
    bool opened = false;

    if (root != NULL && root->level < rule->level)
        root = NULL;
    while (gather.change_count > 0) {
        size_t before = gather.change_count;
        struct tree_run *run;

        if (root != NULL && !opened)
            BOUGH_TRY(tree_spot_open(&spot, pins, root, rule->level, gather.changes->key));
        else if (root != NULL)
            BOUGH_TRY(tree_spot_forward(&spot, gather.changes->key));
        opened = true;
        BOUGH_TRY(gather_run(&gather, &spot, &run));
        if (gather.change_count == before) /* or a malformed tree would keep us here for ever */
            return object_corrupt(pins->store, &spot.page->link, "keys not as the parent says");
        if (run != NULL) {
            finish_run(&gather, run);
            tree_spot_copy(&spot, &run->last);
        }
    }
    *runs = gather.oldest;
    return BOUGH_OK;
}
