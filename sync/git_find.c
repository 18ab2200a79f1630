/* SPDX-License-Identifier: ISC
 *
 * git_find.c - objects by id that the memo does not place: looked for in histories.
 *
 * Owns, for one search, a queue of commits and the set of what was looked at.  The memo does not
 * place short values, because there may be millions of them and they are only asked for by id when
 * a push builds on them, or a partial clone wants them.
 *   (1) All that a commit in the queue shows has been looked at, or is while it is first there.
 * So of a parent only what differs from that has to be: the cost follows the changes.
 */
#include "git_find.h"
#include "bough/diff.h"
#include <assert.h>

#define QUEUE_BYTES_MAX (32u << 20)
#define SEEN_BYTES_MAX  (32u << 20)
#define ARENA_BYTES_MAX (16u << 20)

struct search {
    struct git_view *view;
    struct git_find *sought;
    size_t count;
    size_t left;
    bool trees;     /* some may be trees */
    uint32_t looks; /* entries that may still be looked at */
    struct bough_arena *results;
    struct bough_arena scratch;
    struct buffer queue; /* of struct bough_link */
    struct name_set seen;
};

int git_find_order(const void *a, const void *b)
{
    const struct git_find *left = a;
    const struct git_find *right = b;

    return memcmp(left->id.at, right->id.at, SHA1_BYTES);
}

struct git_find *git_find_id(struct git_find *sought, size_t count, const struct sha1 *id)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = memcmp(sought[middle].id.at, id->at, SHA1_BYTES);

        if (order == 0)
            return &sought[middle];
        if (order < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return NULL;
}

/* Notes what the memo knows the place of. */
static void ask_memo(struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        struct git_find *item = &search->sought[i];

        assert(i == 0 || git_find_order(item - 1, item) < 0);
        item->native = (struct git_native){0};
        item->found = git_view_find(search->view, &item->id, &item->native) &&
                      (item->native.kind != GIT_BLOB || item->native.link.address != 0);
        search->trees = search->trees || item->native.kind == GIT_NONE;
        if (item->found && item->native.kind == GIT_BLOB)
            item->value =
                (struct bough_value){.size_bytes = item->native.number, .link = item->native.link};
        search->left -= item->found ? 1 : 0;
    }
}

/* Whether the search is over, found or not. */
static bool is_over(const struct search *search)
{
    return search->left == 0 || search->looks == 0;
}

/* Notes an object that was met, if it is looked for. */
static struct git_find *met(struct search *search, const struct sha1 *id)
{
    struct git_find *item = git_find_id(search->sought, search->count, id);

    if (item == NULL || item->found)
        return NULL;
    item->found = true;
    search->left--;
    return item;
}

static enum bough_err look_at_value(struct search *search, const struct bough_tree *tree,
                                    const struct bough_entry *entry)
{
    struct git_find *item;
    struct sha1 id;

    if (entry->kind != BOUGH_ENTRY_VALUE || entry->mode == BOUGH_MODE_GITLINK)
        return BOUGH_OK;
    search->looks -= search->looks > 0 ? 1 : 0;
    BOUGH_TRY(git_project_value(search->view, &entry->value, &id));
    item = met(search, &id);
    if (item == NULL)
        return BOUGH_OK;
    git_project_native(&entry->value, &item->native);
    item->value = entry->value;
    if (!bough_hash_is_none(&entry->value.link.name))
        return BOUGH_OK;
    item->tree = *tree;
    item->step = bough_arena_copy(search->results, entry->step);
    item->value.data = bough_arena_copy(search->results, entry->value.data);
    return item->value.data.at == NULL || item->step.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Looks at a tree itself, once; *is_new: not at what is in it yet. */
static enum bough_err look_at_name(struct search *search, const struct bough_tree *tree,
                                   bool *is_new)
{
    struct git_find *item;
    uint32_t *number;
    struct sha1 id;

    BOUGH_TRY(name_set_add(&search->seen, &tree->root.name, &number, is_new));
    if (!*is_new || !search->trees)
        return BOUGH_OK;
    BOUGH_TRY(git_project_tree(search->view, tree, &id));
    item = met(search, &id);
    if (item != NULL)
        item->native = git_memo_of_tree(tree);
    return BOUGH_OK;
}

/* Looks at a tree and all that is in it. */
static enum bough_err look_at_tree(struct search *search, const struct bough_tree *tree,
                                   uint32_t depth)
{
    struct bough_arena_mark mark = bough_arena_now(&search->scratch);
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    bool is_new;
    enum bough_err err;

    if (depth >= GIT_DEPTH_MAX || is_over(search))
        return BOUGH_OK;
    BOUGH_TRY(look_at_name(search, tree, &is_new));
    if (!is_new)
        return BOUGH_OK;
    BOUGH_TRY(bough_tree_cursor_open(&cursor, search->view->store, tree, &search->scratch));
    while (!is_over(search) && (err = bough_tree_cursor_next(&cursor, &entry)) != BOUGH_NOT_FOUND) {
        BOUGH_TRY(err);
        BOUGH_TRY(entry.kind == BOUGH_ENTRY_TREE ? look_at_tree(search, &entry.tree, depth + 1)
                                                 : look_at_value(search, tree, &entry));
    }
    bough_arena_back(&search->scratch, mark);
    return BOUGH_OK;
}

static enum bough_err look_at_older(struct search *search, const struct bough_tree *newer,
                                    const struct bough_tree *older, uint32_t depth);

/* What a directory had in the place of, or besides, what it came to have. */
static enum bough_err look_at_change(struct search *search, const struct bough_tree *older,
                                     const struct bough_diff_change *change, uint32_t depth)
{
    if (change->kind == BOUGH_DIFF_REMOVED)
        return BOUGH_OK;
    if (change->to.kind != BOUGH_ENTRY_TREE)
        return look_at_value(search, older, &change->to);
    if (change->kind == BOUGH_DIFF_ADDED)
        return look_at_tree(search, &change->to.tree, depth + 1);
    return look_at_older(search, &change->from.tree, &change->to.tree, depth + 1);
}

/* Looks at what is in `older` and not in `newer`, which has been looked at. */
static enum bough_err look_at_older(struct search *search, const struct bough_tree *newer,
                                    const struct bough_tree *older, uint32_t depth)
{
    struct bough_arena_mark mark = bough_arena_now(&search->scratch);
    struct bough_tree_diff_level level;
    struct bough_diff_change change;
    bool is_new;
    enum bough_err err;

    if (depth >= GIT_DEPTH_MAX || is_over(search))
        return BOUGH_OK;
    BOUGH_TRY(look_at_name(search, older, &is_new));
    if (!is_new)
        return BOUGH_OK;
    err = bough_tree_diff_level_open(&level, search->view->store, newer, older, &search->scratch);
    while (err == BOUGH_OK && !is_over(search)) {
        err = bough_tree_diff_level_next(&level, &change);
        if (err == BOUGH_OK)
            err = look_at_change(search, older, &change, depth);
    }
    bough_tree_diff_level_close(&level);
    bough_arena_back(&search->scratch, mark);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Puts a commit at the end of the queue, once, and looks at it; `newer` is the tree of one that it
 * is a parent of, or NULL. */
static enum bough_err enqueue(struct search *search, const struct bough_link *link,
                              const struct bough_tree *newer)
{
    struct bough_arena_mark mark = bough_arena_now(&search->scratch);
    struct bough_commit commit;
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&search->seen, &link->name, &number, &is_new));
    if (!is_new || is_over(search))
        return BOUGH_OK;
    BOUGH_TRY(buffer_add(&search->queue, bough_bytes_of(link, sizeof(*link))));
    BOUGH_TRY(bough_commit_get(search->view->store, link, &search->scratch, &commit));
    BOUGH_TRY(newer == NULL ? look_at_tree(search, &commit.tree, 0)
                            : look_at_older(search, newer, &commit.tree, 0));
    bough_arena_back(&search->scratch, mark);
    return BOUGH_OK;
}

static enum bough_err enqueue_refs(struct search *search)
{
    struct bough_bytes after = {0};
    struct git_ref ref;
    enum bough_err err;

    while ((err = git_history_ref_next(search->view, (struct bough_bytes){0}, after,
                                       &search->scratch, &ref)) == BOUGH_OK) {
        const struct git_native *tip = ref.native.kind == GIT_TAG ? &ref.target : &ref.native;

        if (tip->kind == GIT_COMMIT)
            BOUGH_TRY(enqueue(search, &tip->link, NULL));
        after = ref.name;
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Goes back through history, breadth first. */
static enum bough_err run(struct search *search)
{
    for (size_t at = 0; !is_over(search) && at < search->queue.len;) {
        struct bough_arena_mark mark = bough_arena_now(&search->scratch);
        struct bough_commit commit;
        struct bough_link link;

        memcpy(&link, search->queue.at + at, sizeof(link));
        at += sizeof(link);
        BOUGH_TRY(bough_commit_get(search->view->store, &link, &search->scratch, &commit));
        for (uint32_t i = 0; i < commit.parent_count; i++) {
            if (!bough_commit_is_cut(&commit.parents[i]))
                BOUGH_TRY(enqueue(search, &commit.parents[i], &commit.tree));
        }
        bough_arena_back(&search->scratch, mark);
    }
    return BOUGH_OK;
}

enum bough_err git_find(struct git_view *view, const struct bough_link *first, size_t first_count,
                        struct git_find *sought, size_t count, struct bough_arena *arena)
{
    struct search search = {.view = view,
                            .sought = sought,
                            .count = count,
                            .left = count,
                            .looks = GIT_FIND_LOOKS_MAX,
                            .results = arena};
    enum bough_err err = BOUGH_OK;

    ask_memo(&search);
    if (search.left == 0)
        return BOUGH_OK;
    bough_arena_init(&search.scratch, view->env->heap, ARENA_BYTES_MAX);
    buffer_init(&search.queue, view->env->heap, QUEUE_BYTES_MAX);
    name_set_init(&search.seen, view->env->heap, SEEN_BYTES_MAX);
    for (size_t i = 0; err == BOUGH_OK && i < first_count; i++)
        err = enqueue(&search, &first[i], NULL);
    if (err == BOUGH_OK)
        err = enqueue_refs(&search);
    if (err == BOUGH_OK)
        err = run(&search);
    name_set_release(&search.seen);
    buffer_release(&search.queue);
    bough_arena_release(&search.scratch);
    return err;
}
