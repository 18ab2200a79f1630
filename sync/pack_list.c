/* SPDX-License-Identifier: ISC
 *
 * pack_list.c - which objects a fetch sends.
 *
 * Owns the arrays of the list and, while it is filled, a queue of commits.  The queue gives out the
 * commit of the greatest generation: all its descendants have come before it, so whether the other
 * side has it is settled.
 *   (1) A commit that leaves the queue unmarked is sent, and only such.
 *   (2) The walk ends when everything in the queue is had, so its cost follows what is sent; then
 *       every commit in `seen` is either had or sent.
 *   (3) Where a history ends for the client (shallow.h), it does for the walk.
 */
#include "pack_list.h"
#include "commit_queue.h"
#include "pack_diff.h"
#include <assert.h>

#define HAD 1u /* numbers in `seen` of commits */

#define ARENA_BYTES_MAX (32u << 20)

struct pack_list_walk {
    struct pack_list *list;
    struct pack_list_request request;
    struct bough_arena arena;
    struct commit_queue queue;
    uint32_t lacked_count; /* commits in it that are not had */
    size_t left;           /* of list->commits, in bytes: those whose contents are not listed */
    bool walked;
};

void pack_list_init(struct pack_list *list, struct git_view *view, bool thin)
{
    struct bough_heap *heap = view->env->heap;

    *list = (struct pack_list){.view = view, .thin = thin, .filter = FETCH_FILTER_NONE};
    buffer_init(&list->commits, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->tags, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->trees, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->blobs, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->values, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->outside, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->steps, heap, BOUGH_FETCH_BYTES_MAX);
    name_set_init(&list->depths, heap, BOUGH_FETCH_BYTES_MAX);
    name_set_init(&list->seen, heap, BOUGH_FETCH_BYTES_MAX);
}

/* Ends the filling of a list, done or not. */
static void close_walk(struct pack_list *list)
{
    struct bough_heap *heap = list->view->env->heap;

    if (list->walk == NULL)
        return;
    commit_queue_release(&list->walk->queue);
    bough_arena_release(&list->walk->arena);
    bough_heap_give(heap, list->walk, sizeof(*list->walk));
    list->walk = NULL;
}

void pack_list_release(struct pack_list *list)
{
    close_walk(list);
    buffer_release(&list->commits);
    buffer_release(&list->tags);
    buffer_release(&list->trees);
    buffer_release(&list->blobs);
    buffer_release(&list->values);
    buffer_release(&list->outside);
    buffer_release(&list->steps);
    name_set_release(&list->depths);
    name_set_release(&list->seen);
}

uint32_t pack_list_count(const struct pack_list *list)
{
    return (uint32_t)(list->commits.len / sizeof(struct bough_link) +
                      list->tags.len / sizeof(struct bough_link) +
                      list->trees.len / sizeof(struct pack_list_tree) +
                      list->blobs.len / sizeof(struct pack_list_blob) +
                      list->values.len / sizeof(struct pack_list_value));
}

/* Queues a commit, or marks it as had if it is queued already. */
static enum bough_err enqueue(struct pack_list_walk *walk, const struct bough_link *link, bool had)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    struct bough_commit commit;
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&walk->list->seen, &link->name, &number, &is_new));
    if (!is_new) {
        if (had && *number != HAD)
            walk->lacked_count--;
        *number = had ? HAD : *number;
        return BOUGH_OK;
    }
    *number = had ? HAD : 0;
    walk->lacked_count += had ? 0 : 1;
    BOUGH_TRY(bough_commit_get(walk->list->view->store, link, &walk->arena, &commit));
    bough_arena_back(&walk->arena, mark);
    return commit_queue_put(&walk->queue, link, commit.generation);
}

/* Puts the parents of a commit that was taken out into the queue. */
static enum bough_err walk_one(struct pack_list_walk *walk, const struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    const uint32_t *number = name_set_find(&walk->list->seen, &link->name);
    struct name_set *ends = walk->request.after;
    struct bough_commit commit;
    bool had;

    assert(number != NULL);
    had = *number == HAD;
    if (had) {
        ends = walk->request.before;
    } else {
        assert(walk->lacked_count > 0);
        walk->lacked_count--;
        BOUGH_TRY(buffer_add(&walk->list->commits, bough_bytes_of(link, sizeof(*link))));
    }
    if (ends != NULL && name_set_find(ends, &link->name) != NULL)
        return BOUGH_OK;
    BOUGH_TRY(bough_commit_get(walk->list->view->store, link, &walk->arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count; i++)
        BOUGH_TRY(enqueue(walk, &commit.parents[i], had));
    bough_arena_back(&walk->arena, mark);
    return BOUGH_OK;
}

/* Takes the tree of a commit for one of those that are compared with. */
static enum bough_err add_base(struct pack_list_walk *walk, const struct bough_link *link,
                               struct bough_tree *bases, uint32_t *base_count)
{
    struct bough_commit commit;

    if (*base_count == PACK_DIFF_BASES_MAX)
        return BOUGH_OK;
    BOUGH_TRY(bough_commit_get(walk->list->view->store, link, &walk->arena, &commit));
    bases[(*base_count)++] = commit.tree;
    return BOUGH_OK;
}

/* The trees and values of one commit that its parents do not have.  Where none of them is at the
 * client's, that is: that the client has not otherwise. */
static enum bough_err add_contents(struct pack_list_walk *walk, const struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    const struct pack_list_request *request = &walk->request;
    struct bough_tree bases[PACK_DIFF_BASES_MAX];
    struct bough_commit commit;
    uint32_t base_count = 0;

    BOUGH_TRY(bough_commit_get(walk->list->view->store, link, &walk->arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count; i++) {
        if (name_set_find(&walk->list->seen, &commit.parents[i].name) != NULL)
            BOUGH_TRY(add_base(walk, &commit.parents[i], bases, &base_count));
    }
    for (size_t i = 0; i < request->have_count && base_count == 0; i++)
        BOUGH_TRY(add_base(walk, &request->haves[i], bases, &base_count));
    BOUGH_TRY(pack_diff(walk->list, &commit.tree, bases, base_count, &walk->arena));
    bough_arena_back(&walk->arena, mark);
    return BOUGH_OK;
}

/* Adds a tag and what it points at, down to a commit, which is queued. */
static enum bough_err want_tag(struct pack_list_walk *walk, struct git_native want);

/* Adds or queues one object that is wanted. */
static enum bough_err want_one(struct pack_list_walk *walk, const struct git_native *want)
{
    struct pack_list_value value = {.link = want->link, .size_bytes = want->number};
    struct bough_tree tree;
    uint32_t *number;
    bool is_new;

    switch (want->kind) {
    case GIT_COMMIT:
        return enqueue(walk, &want->link, false);
    case GIT_TAG:
        return want_tag(walk, *want);
    case GIT_TREE:
        tree = git_memo_tree(want);
        return pack_diff_wanted(walk->list, &tree, &walk->arena);
    default:
        break;
    }
    assert(want->kind == GIT_BLOB && want->link.address != 0);
    BOUGH_TRY(name_set_add(&walk->list->seen, &want->link.name, &number, &is_new));
    return is_new ? buffer_add(&walk->list->values, bough_bytes_of(&value, sizeof(value)))
                  : BOUGH_OK;
}

/* Adds one tag; false in *is_new when it was there. */
static enum bough_err add_tag(struct pack_list *list, const struct bough_link *link, bool *is_new)
{
    uint32_t *number;

    BOUGH_TRY(name_set_add(&list->seen, &link->name, &number, is_new));
    return *is_new ? buffer_add(&list->tags, bough_bytes_of(link, sizeof(*link))) : BOUGH_OK;
}

static enum bough_err want_tag(struct pack_list_walk *walk, struct git_native want)
{
    while (want.kind == GIT_TAG) {
        struct bough_link link = want.link;
        bool is_new;

        BOUGH_TRY(add_tag(walk->list, &link, &is_new));
        BOUGH_TRY(git_history_tag_target(walk->list->view, &link, &want));
    }
    return want_one(walk, &want);
}

enum bough_err pack_list_fill(struct pack_list *list, const struct pack_list_request *request)
{
    struct bough_heap *heap = list->view->env->heap;
    struct pack_list_walk *walk = bough_heap_take(heap, sizeof(*walk));

    assert(list->walk == NULL);
    if (walk == NULL)
        return BOUGH_NO_MEMORY;
    *walk = (struct pack_list_walk){.list = list, .request = *request};
    bough_arena_init(&walk->arena, heap, ARENA_BYTES_MAX);
    commit_queue_init(&walk->queue, heap, BOUGH_FETCH_BYTES_MAX);
    list->walk = walk;
    list->filter = request->filter;
    for (size_t i = 0; i < request->have_count; i++)
        BOUGH_TRY(enqueue(walk, &request->haves[i], true));
    for (size_t i = 0; i < request->want_count; i++)
        BOUGH_TRY(want_one(walk, &request->wants[i]));
    return BOUGH_OK;
}

enum bough_err pack_list_fill_step(struct pack_list *list, uint32_t commits)
{
    struct pack_list_walk *walk = list->walk;
    struct bough_link link;

    assert(walk != NULL);
    walk->list = list; /* it may have been moved */
    for (; !walk->walked && commits > 0; commits--) {
        walk->walked = walk->lacked_count == 0 || !commit_queue_take(&walk->queue, &link);
        if (!walk->walked)
            BOUGH_TRY(walk_one(walk, &link));
        walk->left = list->commits.len;
    }
    for (; walk->left > 0 && commits > 0; commits--) {
        walk->left -= sizeof(link);
        memcpy(&link, list->commits.at + walk->left, sizeof(link));
        BOUGH_TRY(add_contents(walk, &link));
    }
    if (!walk->walked || walk->left > 0)
        return BOUGH_NOT_READY;
    close_walk(list);
    return BOUGH_OK;
}

enum bough_err pack_list_add_short(struct pack_list *list, const struct bough_hash *name,
                                   const struct bough_tree *tree, struct bough_bytes step)
{
    struct pack_list_value value = {
        .tree = *tree, .step_offset = (uint32_t)list->steps.len, .step_len = (uint8_t)step.len};
    uint32_t *number;
    bool is_new;

    assert(step.len > 0);
    BOUGH_TRY(name_set_add(&list->seen, name, &number, &is_new));
    if (!is_new)
        return BOUGH_OK;
    BOUGH_TRY(buffer_add(&list->steps, step));
    return buffer_add(&list->values, bough_bytes_of(&value, sizeof(value)));
}

/* Adds a ref's tag, and the tags it points at, if what it stands for is sent.  Of tags of what the
 * client has it knows by their refs, and wants those that it lacks. */
static enum bough_err add_ref_tag(struct pack_list *list, const struct git_ref *ref)
{
    const uint32_t *number = name_set_find(&list->seen, &ref->target.link.name);
    struct git_native at = ref->native;

    if (ref->native.kind != GIT_TAG || number == NULL ||
        (ref->target.kind == GIT_COMMIT && *number == HAD))
        return BOUGH_OK;
    while (at.kind == GIT_TAG) {
        struct bough_link link = at.link;
        bool is_new;

        BOUGH_TRY(add_tag(list, &link, &is_new));
        BOUGH_TRY(git_history_tag_target(list->view, &link, &at));
    }
    return BOUGH_OK;
}

enum bough_err pack_list_add_tags(struct pack_list *list)
{
    struct bough_bytes after = {0};
    struct bough_arena arena;
    struct git_ref ref;
    enum bough_err err;

    bough_arena_init(&arena, list->view->env->heap, ARENA_BYTES_MAX);
    while ((err = git_history_ref_next(list->view, bough_bytes_text("refs/tags/"), after, &arena,
                                       &ref)) == BOUGH_OK) {
        err = add_ref_tag(list, &ref);
        if (err != BOUGH_OK)
            break;
        after = ref.name;
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}
