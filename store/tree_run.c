/* SPDX-License-Identifier: ISC
 *
 * tree_run.c - the items of one level near its changes.
 *
 * A run starts as the one old node that a change falls into and grows until both its ends are hard
 * cuts that the change has not killed (node_cut.c, rule 2: nothing behind a live cut matters):
 *   (1) to the right, until its last item is the old cut, still there and still winning to the
 * left; (2) to the left, until the cut before its first item still holds against the run's items.
 * A run that grows left into an earlier one swallows it.
 */
#include "tree_run.h"

/* What gathering works with. */
struct gather {
    struct bough_store *store;
    struct bough_arena *arena;
    const struct node_cut *rule;
    const struct tree_level_change *changes; /* those not applied yet */
    size_t change_count;
    struct tree_run *newest; /* finished runs, the rightmost first */
};

/* Gives a run room for `items` more items and one more node. */
static enum bough_err make_room(struct gather *gather, struct tree_run *run, size_t items,
                                struct node_item **into, uint64_t **hashes,
                                const struct node_item ***nodes)
{
    *into = bough_arena_take(gather->arena, (run->count + items) * sizeof(**into));
    *hashes = bough_arena_take(gather->arena, (run->count + items) * sizeof(**hashes));
    *nodes = bough_arena_take(gather->arena, (run->node_count + 1) * sizeof(**nodes));
    return *into == NULL || *hashes == NULL || *nodes == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

static void add_item(struct gather *gather, struct tree_run *run, const struct node_item *item)
{
    run->items[run->count] = *item;
    run->hashes[run->count] = node_cut_hash(gather->rule, item->key);
    run->count++;
}

/* The next change whose key is <= `bound` (NULL = no bound), or NULL. */
static const struct tree_level_change *change_within(const struct gather *gather,
                                                     const struct bough_bytes *bound)
{
    const struct tree_level_change *change = gather->changes;

    if (gather->change_count == 0)
        return NULL;
    return bound == NULL || bough_bytes_compare(change->key, *bound) <= 0 ? change : NULL;
}

/* Applies the next change to the end of a run; `old` is the item it replaces, or NULL. */
static void apply_change(struct gather *gather, struct tree_run *run, const struct node_item *old)
{
    const struct tree_level_change *change = gather->changes++;

    gather->change_count--;
    if (!change->remove) {
        add_item(gather, run, &change->item);
        run->changed =
            run->changed || old == NULL || !bough_bytes_equal(old->encoded, change->item.encoded);
    } else {
        run->changed = run->changed || old != NULL;
    }
}

/* Takes in the old items of a page (NULL = none) at the run's right end, with all changes up to
 * `bound` merged into them. */
static enum bough_err append_page(struct gather *gather, struct tree_run *run,
                                  const struct tree_spot *spot)
{
    const struct tree_page *page = spot->page;
    size_t old_count = page == NULL ? 0 : page->count;
    bool last = page == NULL || tree_spot_is_last(spot);
    struct bough_bytes last_key =
        page == NULL ? (struct bough_bytes){0} : page->items[old_count - 1].key;
    const struct bough_bytes *bound = last ? NULL : &last_key;
    struct node_item *items;
    uint64_t *hashes;
    const struct node_item **nodes;
    size_t puts = 0;

    while (puts < gather->change_count &&
           (last || bough_bytes_compare(gather->changes[puts].key, last_key) <= 0))
        puts++;
    BOUGH_TRY(make_room(gather, run, old_count + puts, &items, &hashes, &nodes));
    if (run->count > 0) {
        memcpy(items, run->items, run->count * sizeof(*items));
        memcpy(hashes, run->hashes, run->count * sizeof(*hashes));
    }
    if (run->node_count > 0)
        memcpy(nodes, run->nodes, run->node_count * sizeof(struct node_item *));
    run->items = items;
    run->hashes = hashes;
    run->nodes = nodes;
    for (size_t i = 0; i < old_count; i++) {
        const struct node_item *old = &page->items[i];
        const struct tree_level_change *change;

        while ((change = change_within(gather, bound)) != NULL &&
               bough_bytes_compare(change->key, old->key) < 0)
            apply_change(gather, run, NULL);
        if (change != NULL && bough_bytes_equal(change->key, old->key))
            apply_change(gather, run, old);
        else
            add_item(gather, run, old);
    }
    while (change_within(gather, bound) != NULL)
        apply_change(gather, run, NULL);
    if (page != NULL && tree_spot_item(spot) != NULL)
        run->nodes[run->node_count++] = tree_spot_item(spot);
    assert(!last || gather->change_count == 0);
    run->last = *spot;
    run->at_end = last;
    return BOUGH_OK;
}

/* Puts `left` items and nodes before those of a run. */
static enum bough_err prepend(struct gather *gather, struct tree_run *run,
                              const struct node_item *left_items, size_t left_count,
                              const struct node_item *const *left_nodes, size_t left_node_count)
{
    size_t count = left_count + run->count;
    size_t node_count = left_node_count + run->node_count;
    struct node_item *items = bough_arena_take(gather->arena, count * sizeof(*items));
    uint64_t *hashes = bough_arena_take(gather->arena, count * sizeof(*hashes));
    const struct node_item **nodes =
        bough_arena_take(gather->arena, node_count * sizeof(struct node_item *));

    if (items == NULL || hashes == NULL || nodes == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        items[i] = i < left_count ? left_items[i] : run->items[i - left_count];
        hashes[i] = i < left_count ? node_cut_hash(gather->rule, left_items[i].key)
                                   : run->hashes[i - left_count];
    }
    for (size_t i = 0; i < node_count; i++)
        nodes[i] = i < left_node_count ? left_nodes[i] : run->nodes[i - left_node_count];
    run->items = items;
    run->hashes = hashes;
    run->nodes = nodes;
    run->count = count;
    run->node_count = node_count;
    return BOUGH_OK;
}

/* Rule (1): whether the node after the run must be taken in too. */
static bool needs_right(const struct gather *gather, const struct tree_run *run)
{
    const struct tree_page *page = run->last.page;
    struct bough_bytes old_last;

    if (run->at_end)
        return false;
    assert(page != NULL && tree_spot_item(&run->last) != NULL);
    old_last = page->items[page->count - 1].key;
    if (tree_spot_item(&run->last)->soft || run->count == 0)
        return true;
    return !bough_bytes_equal(run->items[run->count - 1].key, old_last) ||
           !node_cut_wins_left(gather->rule, run->items, run->hashes, run->count - 1);
}

/* Rule (2): whether the node before the run must be taken in too; *before is that node's place. */
static enum bough_err needs_left(const struct gather *gather, const struct tree_run *run,
                                 struct tree_spot *before, bool *needed)
{
    const struct node_item *item;

    *needed = false;
    if (run->at_start)
        return BOUGH_OK;
    *before = run->first;
    item = tree_spot_item_before(before);
    if (item == NULL) {
        BOUGH_TRY(tree_spot_prev(before));
        item = tree_spot_item(before);
    }
    *needed =
        item->soft || !node_cut_holds_left(gather->rule, node_cut_hash(gather->rule, item->key),
                                           run->items, run->hashes, run->count);
    if (*needed && before->page == run->first.page)
        BOUGH_TRY(tree_spot_prev(before));
    return BOUGH_OK;
}

/* Takes in the node at `before`, or the finished run that ends with it. */
static enum bough_err grow_left(struct gather *gather, struct tree_run *run,
                                const struct tree_spot *before)
{
    struct tree_run *older = gather->newest;

    if (older != NULL &&
        bough_hash_equal(&older->last.page->node.link.name, &before->page->node.link.name)) {
        gather->newest = older->older;
        BOUGH_TRY(
            prepend(gather, run, older->items, older->count, older->nodes, older->node_count));
        run->first = older->first;
        run->at_start = older->at_start;
        return BOUGH_OK;
    }
    const struct node_item *node = tree_spot_item(before);

    BOUGH_TRY(prepend(gather, run, before->page->items, before->page->count, &node, 1));
    run->first = *before;
    run->at_start = tree_spot_is_first(before);
    return BOUGH_OK;
}

/* Grows a run until both ends stand, and lists it. */
static enum bough_err settle(struct gather *gather, struct tree_run *run)
{
    for (;;) {
        struct tree_spot place;
        bool left;

        while (needs_right(gather, run)) {
            place = run->last;
            BOUGH_TRY(tree_spot_next(&place));
            BOUGH_TRY(append_page(gather, run, &place));
        }
        BOUGH_TRY(needs_left(gather, run, &place, &left));
        if (!left)
            break;
        BOUGH_TRY(grow_left(gather, run, &place));
    }
    run->older = gather->newest;
    gather->newest = run;
    return BOUGH_OK;
}

/* Starts a run at the place that the next change falls into. */
static enum bough_err begin_run(struct gather *gather, const struct tree_spot *spot,
                                struct tree_run **run)
{
    struct tree_run *new_run = bough_arena_zeros(gather->arena, 1, sizeof(*new_run));

    if (new_run == NULL)
        return BOUGH_NO_MEMORY;
    new_run->first = *spot;
    new_run->at_start = spot->page == NULL || tree_spot_is_first(spot);
    BOUGH_TRY(append_page(gather, new_run, spot));
    *run = new_run;
    return BOUGH_OK;
}

enum bough_err tree_run_gather(struct bough_store *store, const struct node_cut *rule,
                               const struct tree_page *root,
                               const struct tree_level_change *changes, size_t count,
                               struct bough_arena *arena, struct tree_run **runs)
{
    struct gather gather = {
        .store = store, .arena = arena, .rule = rule, .changes = changes, .change_count = count};
    struct tree_spot spot = {0};
    bool opened = false;

    if (root != NULL && root->node.level < rule->level)
        root = NULL;
    while (gather.change_count > 0) {
        struct tree_run *run;

        if (root != NULL && !opened)
            BOUGH_TRY(tree_spot_open(&spot, store, root, rule->level, gather.changes->key, arena));
        else if (root != NULL)
            BOUGH_TRY(tree_spot_forward(&spot, gather.changes->key));
        opened = true;
        BOUGH_TRY(begin_run(&gather, &spot, &run));
        if (run->changed) {
            BOUGH_TRY(settle(&gather, run));
            spot = run->last;
        }
    }
    *runs = NULL;
    for (struct tree_run *run = gather.newest; run != NULL; run = run->older) {
        run->newer = *runs;
        *runs = run;
    }
    return BOUGH_OK;
}
