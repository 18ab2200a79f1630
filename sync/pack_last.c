/* SPDX-License-Identifier: ISC
 *
 * pack_last.c - what the last clone was sent, remembered for the next one.
 *
 * Owns at most one list with its plan, and the wants that they are for.
 *   (1) What is taken out is not there any more: two clones at a time never share a plan.
 * Objects are immutable and what is wanted is named by them, so a list never becomes wrong; it only
 * holds addresses of objects that must not be gone (bough_git_forget).
 */
#include "pack_last.h"
#include <assert.h>

struct pack_last {
    struct bough_heap *heap;
    bool full;
    struct buffer wants;
    struct pack_list list;
    struct pack_plan plan;
};

enum bough_err pack_last_open(struct bough_heap *heap, struct pack_last **last)
{
    *last = bough_heap_take(heap, sizeof(**last));
    if (*last == NULL)
        return BOUGH_NO_MEMORY;
    **last = (struct pack_last){.heap = heap};
    buffer_init(&(*last)->wants, heap, BOUGH_GIT_LIST_BYTES);
    return BOUGH_OK;
}

void pack_last_erase(struct pack_last *last)
{
    if (!last->full)
        return;
    last->full = false;
    buffer_release(&last->wants);
    pack_plan_release(&last->plan);
    pack_list_release(&last->list);
}

void pack_last_close(struct pack_last *last)
{
    if (last == NULL)
        return;
    pack_last_erase(last);
    bough_heap_give(last->heap, last, sizeof(*last));
}

bool pack_last_take(struct pack_last *last, struct bough_bytes wants, struct pack_list *list,
                    struct pack_plan *plan)
{
    if (!last->full || !bough_bytes_equal(wants, buffer_bytes(&last->wants)))
        return false;
    *list = last->list;
    *plan = last->plan;
    pack_plan_rewind(plan);
    buffer_release(&last->wants);
    last->full = false;
    return true;
}

/* How much the two hold. */
static size_t held_bytes(const struct pack_list *list, const struct pack_plan *plan)
{
    return list->commits.room_bytes + list->tags.room_bytes + list->trees.room_bytes +
           list->blobs.room_bytes + list->values.room_bytes + list->outside.room_bytes +
           list->steps.room_bytes + plan->steps.room_bytes;
}

void pack_last_put(struct pack_last *last, struct bough_bytes wants, struct pack_list *list,
                   struct pack_plan *plan)
{
    pack_last_erase(last);
    assert(last->wants.len == 0);
    name_set_release(&list->seen);
    if (held_bytes(list, plan) > BOUGH_GIT_LIST_BYTES ||
        held_bytes(list, plan) > last->heap->limit_bytes / 16 ||
        buffer_add(&last->wants, wants) != BOUGH_OK) {
        buffer_release(&last->wants);
        pack_plan_release(plan);
        pack_list_release(list);
        return;
    }
    last->list = *list;
    last->plan = *plan;
    last->full = true;
}
