/* SPDX-License-Identifier: ISC
 *
 * tree_edit.c - edits by path become changes of directories.
 *
 * The edits are first played on a plan: a tree in memory that holds only the paths they touch, laid
 * over the base.  Only when all have been accepted are directories written, from the deepest up, so
 * a refused edit leaves nothing behind.
 *   (1) A plan node's `base` is what stands at its path before its children are applied; it is a
 *       directory or nothing whenever there are children.
 *   (2) `touched` is true iff base differs from what the stored tree has there, or a child is
 *       touched.
 */
#include "bough/limits.h"
#include "hash.h"
#include "tree_level.h"
#include "tree_range.h"
#include "tree_warm.h"
#include <stdlib.h>

#define GITLINK_BYTES 20u /* a SHA-1 */
#define TABLE_FIRST   4u

enum plan_state { PLAN_ABSENT, PLAN_VALUE, PLAN_TREE };

struct plan {
    struct plan **table; /* the children by `order`, at most half full; table_max is a power of 2 */
    size_t table_max;
    struct plan *next_listed; /* siblings, as they came */
    struct plan *listed;      /* children, as they came */
    size_t child_count;
    uint64_t order;
    struct bough_bytes step;
    enum plan_state was; /* in the stored tree */
    enum plan_state now;
    struct bough_entry base; /* value or link if PLAN_VALUE, directory if PLAN_TREE */
    bool touched;
};

struct planner {
    struct bough_store *store;
    struct bough_arena *arena;
};

static enum bough_err apply_children(struct planner *planner, struct plan *plan);

static enum plan_state state_of(const struct bough_entry *entry)
{
    return entry->kind == BOUGH_ENTRY_TREE ? PLAN_TREE : PLAN_VALUE;
}

/* What a plan node's directory holds at a step, before its children are applied. */
static enum bough_err read_base(struct planner *planner, const struct plan *parent,
                                struct plan *child)
{
    enum bough_err err = BOUGH_NOT_FOUND;

    if (parent->now == PLAN_TREE)
        err = bough_tree_find(planner->store, &parent->base.tree, child->step, planner->arena,
                              &child->base);
    child->now = err == BOUGH_OK ? state_of(&child->base) : PLAN_ABSENT;
    child->was = child->now;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* What orders siblings: keyed, so that nobody can choose steps that crowd a table. */
static uint64_t order_of(const struct planner *planner, struct bough_bytes step)
{
    return hash_keyed(planner->store->backend->identity.salt, step.at, step.len);
}

/* The child at a step, NULL if it is not there yet. */
static struct plan *planned(const struct plan *parent, struct bough_bytes step, uint64_t order)
{
    size_t mask = parent->table_max - 1;
    size_t at = (size_t)order & mask;

    if (parent->table_max == 0)
        return NULL;
    while (parent->table[at] != NULL &&
           (parent->table[at]->order != order || !bough_bytes_equal(parent->table[at]->step, step)))
        at = (at + 1) & mask;
    return parent->table[at];
}

/* Puts a child into its parent's table, which has room. */
static void enter(struct plan *parent, struct plan *child)
{
    size_t mask = parent->table_max - 1;
    size_t at = (size_t)child->order & mask;

    assert(2 * parent->child_count <= parent->table_max);
    while (parent->table[at] != NULL)
        at = (at + 1) & mask;
    parent->table[at] = child;
}

/* Lists a new child, and puts it into the table, which grows fourfold. */
static enum bough_err add_child(struct planner *planner, struct plan *parent, struct plan *child)
{
    child->next_listed = parent->listed;
    parent->listed = child;
    parent->child_count++;
    if (2 * parent->child_count <= parent->table_max) {
        enter(parent, child);
        return BOUGH_OK;
    }
    parent->table_max = parent->table_max == 0 ? TABLE_FIRST : 4 * parent->table_max;
    parent->table = bough_arena_zeros(planner->arena, parent->table_max, sizeof(struct plan *));
    if (parent->table == NULL)
        return BOUGH_NO_MEMORY;
    for (struct plan *one = parent->listed; one != NULL; one = one->next_listed)
        enter(parent, one);
    return BOUGH_OK;
}

/* The child at a step, made if it is not there yet. */
static enum bough_err find_child(struct planner *planner, struct plan *parent,
                                 struct bough_bytes step, struct plan **child)
{
    uint64_t order = order_of(planner, step);
    struct plan *new_child;

    assert(step.len > 0 && step.len <= BOUGH_STEP_BYTES_MAX);
    *child = planned(parent, step, order);
    if (*child != NULL)
        return BOUGH_OK;
    new_child = bough_arena_zeros(planner->arena, 1, sizeof(*new_child));
    if (new_child == NULL)
        return BOUGH_NO_MEMORY;
    new_child->order = order;
    new_child->step = step;
    BOUGH_TRY(read_base(planner, parent, new_child));
    BOUGH_TRY(add_child(planner, parent, new_child));
    *child = new_child;
    return BOUGH_OK;
}

/* Cuts the first step off `rest`, with the slash behind it. */
static struct bough_bytes cut_step(struct bough_bytes *rest)
{
    const uint8_t *slash = memchr(rest->at, '/', rest->len);
    size_t len = slash == NULL ? rest->len : (size_t)(slash - rest->at);
    struct bough_bytes step = bough_bytes_of(rest->at, len);

    rest->at += slash == NULL ? len : len + 1;
    rest->len -= slash == NULL ? len : len + 1;
    return step;
}

/* Brings near what the next edits will look at, as far as the plan knows the directories.  Nothing
 * is decided here, and paths are not checked yet. */
static void warm(struct planner *planner, struct plan *root, const struct bough_edit *edits,
                 size_t count)
{
    struct tree_warm_step steps[CACHE_WARM_MAX];
    size_t found = 0;

    if (count < 2)
        return;
    for (size_t i = 0; i < count && i < CACHE_WARM_MAX; i++) {
        struct bough_bytes rest = edits[i].path;
        struct plan *plan = root;
        struct bough_bytes step = {0};

        if (edits[i].kind != BOUGH_EDIT_PLAIN) /* what comes behind it sees another tree */
            break;
        if (rest.len == 0 || rest.len > BOUGH_PATH_BYTES_MAX)
            continue;
        for (struct plan *next = root; next != NULL && rest.len > 0;) {
            plan = next;
            step = cut_step(&rest);
            next = planned(plan, step, order_of(planner, step));
        }
        if (plan->now == PLAN_TREE)
            steps[found++] = (struct tree_warm_step){.tree = &plan->base.tree, .step = step};
    }
    tree_warm_steps(planner->store, steps, found);
}

/* Forgets a plan node's children; what they meant is in its base, or gone. */
static void drop_children(struct plan *plan)
{
    plan->table = NULL;
    plan->table_max = 0;
    plan->listed = NULL;
    plan->child_count = 0;
}

/* Applies the children that are pending, so that `now` and `base` are all there is to say. */
static enum bough_err settle(struct planner *planner, struct plan *plan)
{
    if (plan->child_count > 0)
        BOUGH_TRY(apply_children(planner, plan));
    return BOUGH_OK;
}

/* Whether an entry can stand in a tree: a gitlink's value is the name of a commit, which every view
 * of the tree relies on. */
static bool entry_ok(const struct bough_entry *entry)
{
    return entry->kind != BOUGH_ENTRY_VALUE || entry->mode != BOUGH_MODE_GITLINK ||
           entry->value.size_bytes == GITLINK_BYTES;
}

/* Plays one edit on the plan node at its path. */
static enum bough_err play(struct planner *planner, struct plan *plan,
                           const struct bough_edit *edit)
{
    BOUGH_TRY(settle(planner, plan));
    if (edit->remove) {
        plan->touched = plan->touched || plan->now != PLAN_ABSENT;
        plan->now = PLAN_ABSENT;
        return BOUGH_OK;
    }
    if (!entry_ok(&edit->entry))
        return BOUGH_INVALID;
    if (plan->now != PLAN_ABSENT && plan->now != state_of(&edit->entry))
        return BOUGH_CONFLICT;
    plan->base = edit->entry;
    plan->now = state_of(&edit->entry);
    plan->touched = true;
    if (plan->now == PLAN_TREE && plan->base.tree.key_count == 0)
        plan->now = PLAN_ABSENT; /* nothing in it: it vanishes */
    return BOUGH_OK;
}

/* Walks down to an edit's path, making directories of what is absent, and plays it there. */
static enum bough_err plan_edit(struct planner *planner, struct plan *root,
                                const struct bough_edit *edit)
{
    struct plan *way[BOUGH_PATH_STEPS_MAX + 1];
    struct bough_bytes rest = edit->path;
    struct plan *plan = root;
    size_t depth = 0;

    BOUGH_TRY(bough_tree_path_check(edit->path));
    while (rest.len > 0) {
        if (plan->now == PLAN_VALUE && !edit->remove)
            return BOUGH_CONFLICT;
        if (plan->now != PLAN_TREE && edit->remove && plan->child_count == 0)
            return BOUGH_OK; /* nothing there to delete */
        assert(depth <= BOUGH_PATH_STEPS_MAX);
        way[depth++] = plan;
        BOUGH_TRY(find_child(planner, plan, cut_step(&rest), &plan));
    }
    BOUGH_TRY(play(planner, plan, edit));
    while (plan->touched && depth > 0)
        way[--depth]->touched = true;
    return BOUGH_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct tree_level_change *left = a;
    const struct tree_level_change *right = b;

    return bough_bytes_compare(left->key, right->key);
}

/* The key under which a state stands in a directory. */
static enum bough_err key_of(struct planner *planner, struct bough_bytes step,
                             enum plan_state state, struct bough_bytes *key)
{
    uint8_t *at;

    *key = step;
    if (state != PLAN_TREE)
        return BOUGH_OK;
    at = bough_arena_take(planner->arena, step.len + 1);
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(at, step.at, step.len);
    at[step.len] = '/';
    *key = bough_bytes_of(at, step.len + 1);
    return BOUGH_OK;
}

/* Adds what has to change for one step: its old key goes if the new one differs, its new one
 * comes. */
static enum bough_err step_changes(struct planner *planner, struct bough_bytes step,
                                   enum plan_state was, enum plan_state now,
                                   const struct bough_entry *entry,
                                   struct tree_level_change *changes, size_t *count)
{
    if (was != PLAN_ABSENT && was != now) {
        struct tree_level_change *change = &changes[(*count)++];

        *change = (struct tree_level_change){.remove = true};
        BOUGH_TRY(key_of(planner, step, was, &change->key));
    }
    if (now != PLAN_ABSENT) {
        struct tree_level_change *change = &changes[(*count)++];

        *change = (struct tree_level_change){0};
        BOUGH_TRY(node_leaf_item(entry, step, planner->arena, &change->item));
        change->key = node_key(&change->item);
    }
    return BOUGH_OK;
}

/* Writes a plan node's directory with its children applied, deepest first.  Recursion is bounded by
 * BOUGH_PATH_STEPS_MAX. */
static enum bough_err apply_children(struct planner *planner, struct plan *plan)
{
    struct bough_tree base = {0};
    struct tree_level_change *changes =
        bough_arena_take(planner->arena, 2 * plan->child_count * sizeof(*changes));
    size_t count = 0;

    if (changes == NULL)
        return BOUGH_NO_MEMORY;
    if (plan->now == PLAN_TREE)
        base = plan->base.tree;
    for (struct plan *child = plan->listed; child != NULL; child = child->next_listed) {
        if (!child->touched)
            continue;
        BOUGH_TRY(settle(planner, child));
        BOUGH_TRY(step_changes(planner, child->step, child->was, child->now, &child->base, changes,
                               &count));
    }
    assert(count <= 2 * plan->child_count);
    if (count > 0) {
        qsort(changes, count, sizeof(*changes), by_key);
        BOUGH_TRY(tree_level_apply(planner->store, &base, changes, count, planner->arena,
                                   &plan->base.tree));
        plan->base.kind = BOUGH_ENTRY_TREE;
        plan->base.mode = BOUGH_MODE_DIRECTORY;
        /* Where nothing changed it stays what it was, whatever its count says: that of the state
         * tree is not known (0) when a store is opened. */
        if (!bough_hash_equal(&base.root.name, &plan->base.tree.root.name))
            plan->now = plan->base.tree.key_count > 0 ? PLAN_TREE : PLAN_ABSENT;
    }
    assert(plan->now != PLAN_VALUE);
    drop_children(plan);
    return BOUGH_OK;
}

static enum bough_err remove_range(struct planner *planner, struct plan *root,
                                   const struct bough_edit *edit)
{
    struct bough_tree next;

    BOUGH_TRY(tree_range_remove(planner->store, &root->base.tree, edit->path, edit->other,
                                planner->arena, &next));
    if (bough_tree_equal(&next, &root->base.tree))
        return BOUGH_OK;
    root->base.tree = next;
    root->now = next.key_count > 0 ? PLAN_TREE : PLAN_ABSENT;
    return BOUGH_OK;
}

/* A copy is a put of what stands at the other path, adopted by its name. */
static enum bough_err copy(struct planner *planner, struct plan *root,
                           const struct bough_edit *edit)
{
    const struct bough_edit gone = {.path = edit->other, .remove = true};
    struct bough_edit put = {.path = edit->path};

    BOUGH_TRY(
        bough_tree_find(planner->store, &root->base.tree, edit->other, planner->arena, &put.entry));
    if (put.entry.kind == BOUGH_ENTRY_TREE &&
        put.entry.tree.key_count > BOUGH_TREE_KEYS_MAX - root->base.tree.key_count)
        return BOUGH_TOO_BIG;
    if (edit->kind == BOUGH_EDIT_MOVE)
        BOUGH_TRY(plan_edit(planner, root, &gone));
    return plan_edit(planner, root, &put);
}

/* An edit that has to look at the tree, or acts on it as a whole: what is pending is written
 * first. */
static enum bough_err look_and_edit(struct planner *planner, struct plan *root,
                                    const struct bough_edit *edit)
{
    BOUGH_TRY(settle(planner, root));
    if (root->now == PLAN_ABSENT)
        root->base.tree = (struct bough_tree){0};
    root->now = PLAN_TREE;
    return edit->kind == BOUGH_EDIT_REMOVE_RANGE ? remove_range(planner, root, edit)
                                                 : copy(planner, root, edit);
}

enum bough_err bough_tree_edit(struct bough_store *store, const struct bough_tree *base,
                               const struct bough_edit *edits, size_t count,
                               struct bough_arena *arena, size_t *culprit,
                               struct bough_tree *result)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct planner planner = {.store = store, .arena = arena};
    struct plan root = {
        .was = PLAN_TREE,
        .now = PLAN_TREE,
        .base = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY, .tree = *base},
    };
    enum bough_err err = BOUGH_OK;

    for (size_t i = 0; i < count && err == BOUGH_OK; i++) {
        if (i % CACHE_WARM_MAX == 0)
            warm(&planner, &root, edits + i, count - i);
        err = edits[i].kind == BOUGH_EDIT_PLAIN ? plan_edit(&planner, &root, &edits[i])
                                                : look_and_edit(&planner, &root, &edits[i]);
        if (err != BOUGH_OK && culprit != NULL)
            *culprit = i;
    }
    if (err == BOUGH_OK)
        err = settle(&planner, &root);
    if (err == BOUGH_OK)
        *result = root.now == PLAN_TREE ? root.base.tree : (struct bough_tree){0};
    bough_arena_back(arena, mark);
    return err;
}

/* For each edit the removal of the step's other key, and the put or removal of its own. */
static enum bough_err level_changes(struct planner *planner, const struct bough_edit *edits,
                                    size_t count, struct tree_level_change *changes, size_t *made)
{
    *made = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bough_edit *edit = &edits[i];
        enum plan_state now = edit->remove ? PLAN_ABSENT : state_of(&edit->entry);

        if (edit->path.len == 0 || memchr(edit->path.at, '/', edit->path.len) != NULL)
            return BOUGH_INVALID;
        if (edit->path.len > BOUGH_STEP_BYTES_MAX)
            return BOUGH_TOO_BIG;
        if (memchr(edit->path.at, '\0', edit->path.len) != NULL ||
            (!edit->remove && !entry_ok(&edit->entry)))
            return BOUGH_INVALID;
        if (now != PLAN_TREE)
            BOUGH_TRY(
                step_changes(planner, edit->path, PLAN_TREE, now, &edit->entry, changes, made));
        if (now != PLAN_VALUE)
            BOUGH_TRY(
                step_changes(planner, edit->path, PLAN_VALUE, now, &edit->entry, changes, made));
    }
    return BOUGH_OK;
}

enum bough_err bough_tree_edit_level(struct bough_store *store, const struct bough_tree *base,
                                     const struct bough_edit *edits, size_t count,
                                     struct bough_arena *arena, struct bough_tree *result)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct planner planner = {.store = store, .arena = arena};
    struct tree_level_change *changes = bough_arena_take(arena, 2 * count * sizeof(*changes));
    size_t made = 0;
    enum bough_err err = BOUGH_NO_MEMORY;

    if (changes == NULL)
        goto out;
    err = level_changes(&planner, edits, count, changes, &made);
    if (err != BOUGH_OK)
        goto out;
    assert(made <= 2 * count);
    qsort(changes, made, sizeof(*changes), by_key);
    err = tree_level_apply(store, base, changes, made, arena, result);
out:
    bough_arena_back(arena, mark);
    return err;
}
