/* SPDX-License-Identifier: ISC
 *
 * pack_list.c - which objects a fetch sends.
 *
 * Owns the arrays of the list and, while it is filled, a queue of commits.  The queue gives out the
 * commit of the greatest generation: all its descendants have come before it, so whether the other
 * side has it is settled.
 *   (1) A commit that leaves the queue unmarked is sent, and only such.
 *   (2) The walk ends when everything in the queue is had, so its cost follows what is sent.
 */
#include "pack_list.h"
#include "pack_diff.h"
#include <assert.h>

#define HAD 1u /* numbers in `seen` of commits */

#define ARENA_BYTES_MAX (32u << 20)

/* A commit in the queue. */
struct place {
    struct bough_link link;
    uint64_t generation;
};

struct queue {
    struct pack_list *list;
    struct bough_arena arena;
    struct buffer heap;    /* of struct place, a binary heap */
    uint32_t lacked_count; /* places in it that are not had */
};

void pack_list_init(struct pack_list *list, struct git_view *view, bool thin)
{
    struct bough_heap *heap = view->env->heap;

    *list = (struct pack_list){.view = view, .thin = thin};
    buffer_init(&list->commits, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->tags, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->trees, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->blobs, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->values, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->outside, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&list->steps, heap, BOUGH_FETCH_BYTES_MAX);
    name_set_init(&list->seen, heap, BOUGH_FETCH_BYTES_MAX);
}

void pack_list_release(struct pack_list *list)
{
    buffer_release(&list->commits);
    buffer_release(&list->tags);
    buffer_release(&list->trees);
    buffer_release(&list->blobs);
    buffer_release(&list->values);
    buffer_release(&list->outside);
    buffer_release(&list->steps);
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

static struct place *places(struct queue *queue)
{
    return (struct place *)(void *)queue->heap.at;
}

static void swap(struct place *a, struct place *b)
{
    struct place kept = *a;

    *a = *b;
    *b = kept;
}

/* Puts a place into the heap. */
static enum bough_err heap_push(struct queue *queue, const struct place *place)
{
    size_t n = queue->heap.len / sizeof(*place);

    BOUGH_TRY(buffer_add(&queue->heap, bough_bytes_of(place, sizeof(*place))));
    for (; n > 0; n = (n - 1) / 2) {
        struct place *here = &places(queue)[n];
        struct place *above = &places(queue)[(n - 1) / 2];

        if (above->generation >= here->generation)
            break;
        swap(above, here);
    }
    return BOUGH_OK;
}

/* Takes the place of the greatest generation out. */
static struct place heap_pop(struct queue *queue)
{
    struct place *at = places(queue);
    struct place top = at[0];
    size_t count = queue->heap.len / sizeof(*at) - 1;

    at[0] = at[count];
    queue->heap.len -= sizeof(*at);
    for (size_t n = 0;;) {
        size_t child = 2 * n + 1;

        if (child >= count)
            break;
        if (child + 1 < count && at[child + 1].generation > at[child].generation)
            child++;
        if (at[n].generation >= at[child].generation)
            break;
        swap(&at[n], &at[child]);
        n = child;
    }
    return top;
}

/* Queues a commit, or marks it as had if it is queued already. */
static enum bough_err enqueue(struct queue *queue, const struct bough_link *link, bool had)
{
    struct bough_arena_mark mark = bough_arena_now(&queue->arena);
    struct place place = {.link = *link};
    struct bough_commit commit;
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&queue->list->seen, &link->name, &number, &is_new));
    if (!is_new) {
        if (had && *number != HAD)
            queue->lacked_count--;
        *number = had ? HAD : *number;
        return BOUGH_OK;
    }
    *number = had ? HAD : 0;
    queue->lacked_count += had ? 0 : 1;
    BOUGH_TRY(bough_commit_get(queue->list->view->store, link, &queue->arena, &commit));
    place.generation = commit.generation;
    bough_arena_back(&queue->arena, mark);
    return heap_push(queue, &place);
}

/* Takes one commit out of the queue and puts its parents in. */
static enum bough_err walk_one(struct queue *queue)
{
    struct bough_arena_mark mark = bough_arena_now(&queue->arena);
    struct place place = heap_pop(queue);
    const uint32_t *number = name_set_find(&queue->list->seen, &place.link.name);
    struct bough_commit commit;
    bool had;

    assert(number != NULL);
    had = *number == HAD;
    if (!had) {
        assert(queue->lacked_count > 0);
        queue->lacked_count--;
        BOUGH_TRY(
            buffer_add(&queue->list->commits, bough_bytes_of(&place.link, sizeof(place.link))));
    }
    BOUGH_TRY(bough_commit_get(queue->list->view->store, &place.link, &queue->arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count; i++)
        BOUGH_TRY(enqueue(queue, &commit.parents[i], had));
    bough_arena_back(&queue->arena, mark);
    return BOUGH_OK;
}

/* The trees and values of one commit that its parents do not have. */
static enum bough_err add_contents(struct queue *queue, const struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(&queue->arena);
    struct bough_store *store = queue->list->view->store;
    struct bough_tree bases[PACK_DIFF_BASES_MAX];
    struct bough_commit commit;
    struct bough_commit parent;
    uint32_t base_count = 0;

    BOUGH_TRY(bough_commit_get(store, link, &queue->arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count && base_count < PACK_DIFF_BASES_MAX; i++) {
        BOUGH_TRY(bough_commit_get(store, &commit.parents[i], &queue->arena, &parent));
        bases[base_count++] = parent.tree;
    }
    BOUGH_TRY(pack_diff(queue->list, &commit.tree, bases, base_count, &queue->arena));
    bough_arena_back(&queue->arena, mark);
    return BOUGH_OK;
}

/* Adds a tag and what it points at, down to a commit, which is queued. */
static enum bough_err want_tag(struct queue *queue, struct git_native want);

/* Adds or queues one object that is wanted. */
static enum bough_err want_one(struct queue *queue, const struct git_native *want)
{
    struct pack_list_value value = {.link = want->link, .size_bytes = want->number};
    struct bough_tree tree;
    uint32_t *number;
    bool is_new;

    switch (want->kind) {
    case GIT_COMMIT:
        return enqueue(queue, &want->link, false);
    case GIT_TAG:
        return want_tag(queue, *want);
    case GIT_TREE:
        tree = git_memo_tree(want);
        return pack_diff(queue->list, &tree, NULL, 0, &queue->arena);
    default:
        break;
    }
    assert(want->kind == GIT_BLOB && want->link.address != 0);
    BOUGH_TRY(name_set_add(&queue->list->seen, &want->link.name, &number, &is_new));
    return is_new ? buffer_add(&queue->list->values, bough_bytes_of(&value, sizeof(value)))
                  : BOUGH_OK;
}

/* Adds one tag; false in *is_new when it was there. */
static enum bough_err add_tag(struct pack_list *list, const struct bough_link *link, bool *is_new)
{
    uint32_t *number;

    BOUGH_TRY(name_set_add(&list->seen, &link->name, &number, is_new));
    return *is_new ? buffer_add(&list->tags, bough_bytes_of(link, sizeof(*link))) : BOUGH_OK;
}

static enum bough_err want_tag(struct queue *queue, struct git_native want)
{
    while (want.kind == GIT_TAG) {
        struct bough_link link = want.link;
        bool is_new;

        BOUGH_TRY(add_tag(queue->list, &link, &is_new));
        BOUGH_TRY(git_history_tag_target(queue->list->view, &link, &want));
    }
    return want_one(queue, &want);
}

static enum bough_err fill(struct queue *queue, const struct git_native *wants, size_t want_count,
                           const struct bough_link *haves, size_t have_count)
{
    struct pack_list *list = queue->list;

    for (size_t i = 0; i < have_count; i++)
        BOUGH_TRY(enqueue(queue, &haves[i], true));
    for (size_t i = 0; i < want_count; i++)
        BOUGH_TRY(want_one(queue, &wants[i]));
    while (queue->lacked_count > 0)
        BOUGH_TRY(walk_one(queue));
    for (size_t i = list->commits.len; i > 0; i -= sizeof(struct bough_link)) {
        struct bough_link link;

        memcpy(&link, list->commits.at + i - sizeof(link), sizeof(link));
        BOUGH_TRY(add_contents(queue, &link));
    }
    return BOUGH_OK;
}

enum bough_err pack_list_fill(struct pack_list *list, const struct git_native *wants,
                              size_t want_count, const struct bough_link *haves, size_t have_count)
{
    struct queue queue = {.list = list};
    enum bough_err err;

    bough_arena_init(&queue.arena, list->view->env->heap, ARENA_BYTES_MAX);
    buffer_init(&queue.heap, list->view->env->heap, BOUGH_FETCH_BYTES_MAX);
    err = fill(&queue, wants, want_count, haves, have_count);
    buffer_release(&queue.heap);
    bough_arena_release(&queue.arena);
    return err;
}

/* Adds a ref's tag, and the tags it points at, if what it stands for is in the list. */
static enum bough_err add_ref_tag(struct pack_list *list, const struct git_ref *ref)
{
    const uint32_t *number = name_set_find(&list->seen, &ref->target.link.name);
    struct git_native at = ref->native;

    if (ref->native.kind != GIT_TAG || number == NULL)
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
