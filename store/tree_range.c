/* SPDX-License-Identifier: ISC
 *
 * tree_range.c - remove every value between two paths.
 *
 * In one directory such a range is a stretch of entries, which tree_splice.c drops unread, and at
 * each of its ends at most one directory that loses only a part: that one is gone into first, and
 * what is left of it stands in place of it.
 *   (1) A bound without '/' divides entries: a directory is wholly on one side of it.
 *   (2) A bound "step/rest" divides the directory "step", if there is one, at "rest".
 */
#include "tree_range.h"
#include "bough/limits.h"
#include "tree_splice.h"

/* One end of a range within a directory. */
struct bound {
    struct bough_bytes key;  /* divides the entries; none for no bound: see `open` */
    struct bough_bytes rest; /* behind the '/' that `key` ends in */
    bool partial;            /* `entry` is the directory that is divided */
    bool open;               /* no bound on this side */
    struct bough_entry entry;
};

struct range {
    struct bough_store *store;
    struct bough_arena *arena;
};

/* Looks what a bound means in a directory. */
static enum bough_err read_bound(const struct range *range, const struct bough_tree *tree,
                                 struct bough_bytes path, bool open, struct bound *bound)
{
    const uint8_t *slash = path.len == 0 ? NULL : memchr(path.at, '/', path.len);
    struct bough_tree_cursor cursor;
    struct bough_bytes step;
    enum bough_err err;

    *bound = (struct bound){.key = path, .open = open};
    if (open || slash == NULL)
        return BOUGH_OK;
    bound->key.len = (size_t)(slash - path.at) + 1;
    bound->rest = bough_bytes_of(slash + 1, path.len - bound->key.len);
    step = bough_bytes_of(path.at, bound->key.len - 1);
    if (bound->rest.len == 0) /* all of the directory is behind the bound */
        return BOUGH_OK;
    BOUGH_TRY(bough_tree_cursor_open(&cursor, range->store, tree, range->arena));
    BOUGH_TRY(bough_tree_cursor_seek(&cursor, bound->key));
    err = bough_tree_cursor_next(&cursor, &bound->entry);
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    if (err != BOUGH_OK)
        return err;
    bound->partial =
        bound->entry.kind == BOUGH_ENTRY_TREE && bough_bytes_equal(bound->entry.step, step);
    bound->entry.step = step;
    return BOUGH_OK;
}

/* What takes the place of a directory that lost a part: nothing if it is empty now. */
static enum bough_err add_item(const struct range *range, const struct bound *bound,
                               const struct bough_tree *left, struct node_item *items,
                               size_t *count)
{
    struct bough_entry entry = bound->entry;

    assert(bound->partial && *count < 2);
    entry.tree = *left;
    if (left->key_count == 0 && !bough_tree_equal(left, &bound->entry.tree))
        return BOUGH_OK;
    return node_leaf_item(&entry, bound->entry.step, range->arena, &items[(*count)++]);
}

/* The key behind all that stands under the step of a bound: "step0", for '0' follows '/'. */
static enum bough_err behind(const struct range *range, const struct bound *bound,
                             struct bough_bytes *key)
{
    uint8_t *at = bough_arena_take(range->arena, bound->key.len);

    assert(bound->partial && bound->key.at[bound->key.len - 1] == '/');
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(at, bound->key.at, bound->key.len);
    at[bound->key.len - 1] = '/' + 1;
    *key = bough_bytes_of(at, bound->key.len);
    return BOUGH_OK;
}

static enum bough_err cut(const struct range *range, const struct bough_tree *tree,
                          const struct bough_bytes *from, const struct bough_bytes *to,
                          unsigned depth, struct bough_tree *result);

/* Both ends divide the same directory. */
static enum bough_err cut_within(const struct range *range, const struct bound *first,
                                 const struct bound *last, unsigned depth,
                                 struct tree_splice *splice, struct node_item *items)
{
    struct bough_tree left;

    BOUGH_TRY(cut(range, &first->entry.tree, &first->rest, &last->rest, depth + 1, &left));
    BOUGH_TRY(behind(range, first, &splice->to));
    return add_item(range, first, &left, items, &splice->count);
}

/* The ends divide no directory, or two that differ. */
static enum bough_err cut_ends(const struct range *range, const struct bound *first,
                               const struct bound *last, unsigned depth, struct tree_splice *splice,
                               struct node_item *items)
{
    struct bough_tree left;

    if (first->partial) {
        BOUGH_TRY(cut(range, &first->entry.tree, &first->rest, NULL, depth + 1, &left));
        BOUGH_TRY(add_item(range, first, &left, items, &splice->count));
    }
    if (!last->partial)
        return BOUGH_OK;
    BOUGH_TRY(cut(range, &last->entry.tree, NULL, &last->rest, depth + 1, &left));
    BOUGH_TRY(behind(range, last, &splice->to));
    return add_item(range, last, &left, items, &splice->count);
}

/* Removes a range of one directory; NULL = no bound on that side.  Recursion is bounded by
 * BOUGH_PATH_STEPS_MAX. */
static enum bough_err cut(const struct range *range, const struct bough_tree *tree,
                          const struct bough_bytes *from, const struct bough_bytes *to,
                          unsigned depth, struct bough_tree *result)
{
    struct bough_bytes none = {0};
    struct node_item items[2];
    struct tree_splice splice = {.items = items};
    struct bound first;
    struct bound last;

    if (depth > BOUGH_PATH_STEPS_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(read_bound(range, tree, from == NULL ? none : *from, from == NULL, &first));
    BOUGH_TRY(read_bound(range, tree, to == NULL ? none : *to, to == NULL, &last));
    splice.from = first.key;
    splice.to = last.key;
    if (first.partial && last.partial && bough_bytes_equal(first.key, last.key))
        BOUGH_TRY(cut_within(range, &first, &last, depth, &splice, items));
    else
        BOUGH_TRY(cut_ends(range, &first, &last, depth, &splice, items));
    return tree_splice_apply(range->store, tree, &splice, range->arena, result);
}

enum bough_err tree_range_remove(struct bough_store *store, const struct bough_tree *base,
                                 struct bough_bytes from, struct bough_bytes to,
                                 struct bough_arena *arena, struct bough_tree *result)
{
    const struct range range = {.store = store, .arena = arena};
    const struct bough_bytes *first = from.len == 0 ? NULL : &from;
    const struct bough_bytes *last = to.len == 0 ? NULL : &to;

    if (last != NULL && bough_bytes_compare(from, to) >= 0) {
        *result = *base;
        return BOUGH_OK;
    }
    return cut(&range, base, first, last, 0, result);
}
