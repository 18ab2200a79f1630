/* SPDX-License-Identifier: ISC
 *
 * collect_stack.h - what a collection has marked and not looked at yet.
 */
#ifndef COLLECT_STACK_H
#define COLLECT_STACK_H

#include "bough/port/backend.h"

/* Where in the store a thing was met: that tells what its links are for. */
enum collect_part {
    COLLECT_STATE,    /* the state's root */
    COLLECT_REFS,     /* its folder refs/ */
    COLLECT_BRANCHES, /* refs/heads/ and below */
    COLLECT_OTHER,    /* all else of the state */
    COLLECT_NEWEST,   /* what a branch shows now */
    COLLECT_PINNED,   /* what is being read, with all behind it, whatever a policy says */
    COLLECT_HISTORY   /* all else */
};

struct collect_todo {
    enum bough_kind kind; /* 0 = a value that may be chunks: its size is not known */
    enum collect_part part;
    struct bough_link link;
};

/* Two stacks: all zeros = empty.  History waits for the rest, so that what is part of both is met
 * as newest. */
struct collect_stack {
    struct collect_stack_half {
        struct collect_todo *list;
        size_t count;
        size_t max;
    } now, later;
};

/* Gives the memory back. */
void collect_stack_release(struct collect_stack *stack, struct bough_heap *heap);

/* Adds one.  BOUGH_NO_MEMORY (also past 256 MiB). */
BOUGH_MUST_CHECK enum bough_err collect_stack_push(struct collect_stack *stack,
                                                   struct bough_heap *heap,
                                                   const struct collect_todo *todo);

/* Takes the last one off; false when there is none. */
bool collect_stack_pop(struct collect_stack *stack, struct collect_todo *todo);

/* Whether nothing waits. */
static inline bool collect_stack_is_empty(const struct collect_stack *stack)
{
    return stack->now.count == 0 && stack->later.count == 0;
}

#endif
