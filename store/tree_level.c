/* SPDX-License-Identifier: ISC
 *
 * tree_level.c - apply changes to one directory's tree, level by level, from the leaves up.
 *
 * The nodes near the changes of a level are gathered into runs (tree_run.c), cut anew and staged;
 * what became of them are the changes of the level above.  It ends at the first level that has one
 * node: that is the root.
 */
#include "tree_level.h"
#include "tree_batch.h"
#include "tree_run.h"

/* A list of changes that grows in an arena. */
struct changes {
    struct tree_level_change *at;
    size_t count;
    size_t max;
};

static enum bough_err changes_add(struct changes *list, struct bough_arena *arena,
                                  const struct tree_level_change *change)
{
    if (list->count == list->max) {
        size_t max = list->max == 0 ? 16 : 2 * list->max;
        struct tree_level_change *at = bough_arena_take(arena, max * sizeof(*at));

        if (at == NULL)
            return BOUGH_NO_MEMORY;
        if (list->count > 0)
            memcpy(at, list->at, list->count * sizeof(*at));
        list->at = at;
        list->max = max;
    }
    list->at[list->count++] = *change;
    return BOUGH_OK;
}

/* Merges what a run's nodes were with what they have become: removals, puts, and nothing where an
 * item stayed.  Without `was`, the level above starts from nothing, and everything is a put. */
static enum bough_err run_changes(const struct tree_run_node *was, size_t was_count,
                                  const struct node_item *now, size_t now_count,
                                  struct changes *list, struct bough_arena *arena)
{
    size_t was_at = 0;
    size_t now_at = 0;

    while (was_at < was_count || now_at < now_count) {
        int order = was_at == was_count ? 1
                    : now_at == now_count
                        ? -1
                        : bough_bytes_compare(node_key(&was[was_at].item), node_key(&now[now_at]));
        struct tree_level_change change = {.remove = order < 0};

        if (order == 0 && node_same(&was[was_at].item, &now[now_at])) {
            was_at++;
            now_at++;
            continue;
        }
        change.key = node_key(order < 0 ? &was[was_at].item : &now[now_at]);
        if (order >= 0)
            change.item = now[now_at];
        BOUGH_TRY(changes_add(list, arena, &change));
        was_at += order <= 0 ? 1 : 0;
        now_at += order >= 0 ? 1 : 0;
    }
    return BOUGH_OK;
}

/* The old node that is most like the new one with this number. */
static const struct cache_object *was(const struct tree_run *run, size_t number)
{
    if (run->node_count == 0)
        return NULL;
    return run->nodes[number < run->node_count ? number : run->node_count - 1].page;
}

/* Whether a new node is this old one. */
static bool is_same(const struct tree_run_node *old, const struct node_item *items, size_t count,
                    bool soft)
{
    if (old->item.at == NULL || node_is_soft(&old->item) != soft || old->page->item_count != count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct node_item item;

        node_item(old->page, i, &item);
        if (!node_same(&item, &items[i]))
            return false;
    }
    return true;
}

/* The old node that a new one is, at *at or behind it in the run's list; NULL when it is none.  A
 * run through soft cuts is long, and most of its nodes stay. */
static struct tree_run_node *find_same(const struct tree_run *run, size_t *at,
                                       const struct node_item *items, size_t count, bool soft)
{
    struct bough_bytes last = node_key(&items[count - 1]);

    while (*at < run->node_count &&
           bough_bytes_compare(tree_spot_last_key(run->nodes[*at].page), last) < 0)
        (*at)++;
    return *at < run->node_count && is_same(&run->nodes[*at], items, count, soft) ? &run->nodes[*at]
                                                                                  : NULL;
}

/* Cuts a run's items into nodes. */
static enum bough_err cut_nodes(struct tree_batch *batch, const struct node_cut *rule,
                                struct tree_run *run)
{
    uint8_t *ends = bough_arena_take(batch->arena, run->count);
    size_t first = 0;
    size_t old = 0;
    uint64_t keys = 0;

    run->built = bough_arena_take(batch->arena, run->count * sizeof(*run->built));
    if (ends == NULL || run->built == NULL)
        return BOUGH_NO_MEMORY;
    if (run->count == 0)
        return BOUGH_OK;
    node_cut_mark(rule, run->items, run->hashes, run->count, ends);
    for (size_t i = 0; i < run->count; i++) {
        struct tree_run_node *same;

        keys += node_key_count(&run->items[i], rule->level);
        if (ends[i] == NODE_CUT_NONE)
            continue;
        same = find_same(run, &old, run->items + first, i + 1 - first, ends[i] == NODE_CUT_SOFT);
        if (same != NULL) {
            run->built[run->built_count] = same->item;
            same->stays = true;
        } else {
            BOUGH_TRY(tree_batch_add(batch, rule->level, run->items + first, i + 1 - first, keys,
                                     ends[i] == NODE_CUT_SOFT, was(run, run->built_count),
                                     &run->built[run->built_count]));
        }
        run->built_count++;
        first = i + 1;
        keys = 0;
    }
    return BOUGH_OK;
}

/* Makes the one node of a run that is a patch. */
static enum bough_err patch_node(struct tree_batch *batch, struct tree_run *run)
{
    const struct node_item *parent = &run->nodes[0].item;

    assert(run->node_count == 1);
    run->built = bough_arena_take(batch->arena, sizeof(*run->built));
    if (run->built == NULL)
        return BOUGH_NO_MEMORY;
    run->built_count = 1;
    return tree_batch_patch(batch, &run->patch, parent->at == NULL ? NULL : parent, run->built);
}

/* Brings near what the next runs are made of: the others have pushed it out of the processor's
 * caches since it was gathered. */
static void warm_runs(const struct tree_run *runs)
{
    const struct cache_object *pages[CACHE_WARM_MAX];
    size_t count = 0;

    for (const struct tree_run *run = runs; run != NULL && count < CACHE_WARM_MAX; run = run->newer)
        if (run->node_count > 0)
            pages[count++] = run->nodes[0].page;
    cache_warm_pinned(pages, count);
}

/* Lets go of the old nodes that a run has replaced.  One that is kept whole is what the new ones
 * are differences from. */
static void retire_nodes(const struct bough_store *store, const struct tree_run *run)
{
    for (size_t i = 0; i < run->node_count; i++) {
        const struct tree_run_node *node = &run->nodes[i];

        if (!node->stays && (node->page->base != 0 || !store->backend->keeps_differences))
            cache_retire(node->page);
    }
}

/* Writes the nodes that runs have become. */
static enum bough_err build_level(struct tree_batch *batch, const struct node_cut *rule,
                                  struct tree_run *runs)
{
    size_t number = 0;

    for (struct tree_run *run = runs; run != NULL; run = run->newer) {
        bool alone_at_top = run->at_start && run->at_end && run->count == 1 && rule->level > 0;

        if (number++ % CACHE_WARM_MAX == 0 && run->newer != NULL)
            warm_runs(run);
        if (run->patch.page != NULL)
            BOUGH_TRY(patch_node(batch, run));
        else if (!alone_at_top)
            BOUGH_TRY(cut_nodes(batch, rule, run));
        retire_nodes(batch->store, run);
    }
    return tree_batch_flush(batch);
}

/* What a level's work has come to. */
struct outcome {
    bool done;              /* `result` is the tree */
    bool whole;             /* the level is new, and so are those above */
    struct changes changes; /* else: for the level above */
    struct bough_tree result;
};

/* The whole level is in one run: it may be the tree's last. */
static void finish_whole(const struct tree_run *run, const struct node_cut *rule,
                         struct outcome *outcome)
{
    const struct node_item *root = NULL;

    outcome->whole = run->node_count == 0 || run->nodes[0].item.at == NULL;
    if (run->count == 1 && rule->level > 0)
        root = &run->items[0]; /* one node below: it is the root, not this one */
    else if (run->built_count == 1)
        root = &run->built[0];
    else if (run->built_count == 0)
        outcome->done = true; /* an empty directory */
    if (root != NULL) {
        outcome->done = true;
        outcome->result.root = node_child(root);
        outcome->result.key_count = node_key_count(root, 1); /* an inner item, whatever its level */
    }
}

/* Writes a level's runs, and says what that means for the level above. */
static enum bough_err finish_level(struct tree_batch *batch, const struct node_cut *rule,
                                   struct tree_run *runs, const struct bough_tree *base,
                                   struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    BOUGH_TRY(build_level(batch, rule, runs));
    for (const struct tree_run *run = runs; run != NULL; run = run->newer) {
        if (run->at_start && run->at_end)
            finish_whole(run, rule, outcome);
        if (!outcome->done)
            BOUGH_TRY(run_changes(run->nodes, outcome->whole ? 0 : run->node_count, run->built,
                                  run->built_count, &outcome->changes, batch->arena));
    }
    if (!outcome->done && outcome->changes.count == 0) { /* nothing changed after all */
        outcome->done = true;
        outcome->result = *base;
    }
    return BOUGH_OK;
}

/* Level after level, until one has a single node. */
static enum bough_err apply(struct tree_spot_pins *pins, struct tree_batch *batch,
                            const struct bough_tree *base, const struct tree_level_change *changes,
                            size_t count, struct bough_tree *result)
{
    const struct cache_object *root = NULL;
    struct outcome outcome = {0};

    if (!bough_hash_is_none(&base->root.name))
        BOUGH_TRY(tree_spot_pin(pins, &base->root, &root));
    for (uint8_t level = 0; !outcome.done; level++) {
        struct node_cut rule = node_cut_rule(pins->store, level);
        struct tree_run *runs;

        assert(level < NODE_LEVELS_MAX);
        BOUGH_TRY(tree_run_gather(pins, &rule, root, changes, count, &runs));
        BOUGH_TRY(finish_level(batch, &rule, runs, base, &outcome));
        changes = outcome.changes.at;
        count = outcome.changes.count;
        if (outcome.whole)
            root = NULL;
    }
    *result = outcome.result;
    return BOUGH_OK;
}

enum bough_err tree_level_apply(struct bough_store *store, const struct bough_tree *base,
                                const struct tree_level_change *changes, size_t count,
                                struct bough_arena *arena, struct bough_tree *result)
{
    struct tree_spot_pins pins = {.store = store, .arena = arena};
    struct tree_batch batch;
    enum bough_err err;

    if (count == 0) {
        *result = *base;
        return BOUGH_OK;
    }
    err = tree_batch_init(&batch, store, arena, count);
    if (err == BOUGH_OK)
        err = apply(&pins, &batch, base, changes, count, result);
    tree_batch_release(&batch);
    tree_spot_release(&pins);
    return err;
}
