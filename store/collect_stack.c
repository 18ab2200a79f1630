/* SPDX-License-Identifier: ISC
 *
 * collect_stack.c - what a collection has marked and not looked at yet.
 *
 *   (1) count <= max of each half; max is 0 or STACK_FIRST doubled some times.
 *   (2) Only what is COLLECT_HISTORY is in `later`, and nothing of it is looked at before the rest.
 */
#include "collect_stack.h"

#define STACK_FIRST     256u
#define STACK_BYTES_MAX ((size_t)256 << 20)

static void release(struct collect_stack_half *half, struct bough_heap *heap)
{
    bough_heap_give(heap, half->list, half->max * sizeof(*half->list));
    *half = (struct collect_stack_half){0};
}

void collect_stack_release(struct collect_stack *stack, struct bough_heap *heap)
{
    release(&stack->now, heap);
    release(&stack->later, heap);
}

/* Makes room for one more. */
static enum bough_err grow(struct collect_stack_half *half, struct bough_heap *heap)
{
    size_t max = half->max == 0 ? STACK_FIRST : 2 * half->max;
    struct collect_todo *list;

    if (max * sizeof(*list) > STACK_BYTES_MAX)
        return BOUGH_NO_MEMORY;
    list = bough_heap_take(heap, max * sizeof(*list));
    if (list == NULL)
        return BOUGH_NO_MEMORY;
    if (half->count > 0)
        memcpy(list, half->list, half->count * sizeof(*list));
    bough_heap_give(heap, half->list, half->max * sizeof(*half->list));
    half->list = list;
    half->max = max;
    return BOUGH_OK;
}

enum bough_err collect_stack_push(struct collect_stack *stack, struct bough_heap *heap,
                                  const struct collect_todo *todo)
{
    struct collect_stack_half *half = todo->part == COLLECT_HISTORY ? &stack->later : &stack->now;

    if (half->count == half->max)
        BOUGH_TRY(grow(half, heap));
    half->list[half->count++] = *todo;
    return BOUGH_OK;
}

bool collect_stack_pop(struct collect_stack *stack, struct collect_todo *todo)
{
    struct collect_stack_half *half = stack->now.count > 0 ? &stack->now : &stack->later;

    if (half->count == 0)
        return false;
    *todo = half->list[--half->count];
    return true;
}
