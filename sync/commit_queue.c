/* SPDX-License-Identifier: ISC
 *
 * commit_queue.c - commits in the order of their generations, the greatest first.
 *
 * Owns a binary heap: place n is not less than places 2n + 1 and 2n + 2.
 */
#include "commit_queue.h"

struct commit_queue_place {
    struct bough_link link;
    uint64_t generation;
};

void commit_queue_init(struct commit_queue *queue, struct bough_heap *heap, size_t limit_bytes)
{
    buffer_init(&queue->heap, heap, limit_bytes);
}

void commit_queue_release(struct commit_queue *queue)
{
    buffer_release(&queue->heap);
}

static struct commit_queue_place *places(struct commit_queue *queue)
{
    return (struct commit_queue_place *)(void *)queue->heap.at;
}

static void swap(struct commit_queue_place *a, struct commit_queue_place *b)
{
    struct commit_queue_place kept = *a;

    *a = *b;
    *b = kept;
}

enum bough_err commit_queue_put(struct commit_queue *queue, const struct bough_link *link,
                                uint64_t generation)
{
    struct commit_queue_place place = {.link = *link, .generation = generation};
    size_t n = queue->heap.len / sizeof(place);

    BOUGH_TRY(buffer_add(&queue->heap, bough_bytes_of(&place, sizeof(place))));
    for (; n > 0; n = (n - 1) / 2) {
        struct commit_queue_place *here = &places(queue)[n];
        struct commit_queue_place *above = &places(queue)[(n - 1) / 2];

        if (above->generation >= here->generation)
            break;
        swap(above, here);
    }
    return BOUGH_OK;
}

bool commit_queue_take(struct commit_queue *queue, struct bough_link *link)
{
    struct commit_queue_place *at = places(queue);
    size_t count = queue->heap.len / sizeof(*at);

    if (count == 0)
        return false;
    *link = at[0].link;
    at[0] = at[--count];
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
    return true;
}
