/* SPDX-License-Identifier: ISC
 *
 * pack_plan.c - in which order the objects of a list are sent, and which of them as deltas.
 *
 * Owns a step for each object.  Deltas make families: a root that is sent whole (or on an object
 * outside), and behind it all that are deltas on it, each with its own right behind it.  So a base
 * is mostly the object sent just before.
 *   (1) Each object is sent exactly once, after its base.
 *   (2) No chain is longer than PACK_PLAN_DEPTH_MAX: at its end a new one begins with a whole
 *       object.
 * The list's own bases make no rings, but those of kept entries, and what comes back, may.  What is
 * in a ring is reached from no root; a second round over all objects takes each of the rest as a
 * root.
 */
#include "pack_plan.h"
#include "pack_kept.h"
#include <assert.h>

#define UNSENT UINT32_MAX

struct pack_plan_step {
    uint64_t offset;
    uint32_t base;  /* an object's number, one outside, or PACK_LIST_NONE */
    uint32_t child; /* the first object that is a delta on this one */
    uint32_t next;  /* the next one on the same base */
    uint32_t depth; /* UNSENT, or how long its chain is */
};

static struct pack_plan_step *step_at(const struct pack_plan *plan, uint32_t n)
{
    assert(n < plan->count);
    return (struct pack_plan_step *)(void *)plan->steps.at + n;
}

/* Whether the object's base is sent too. */
static bool is_inside(uint32_t base)
{
    return base < PACK_LIST_OUTSIDE;
}

/* The number of the object that a kept delta is on, if it is in the same array. */
static uint32_t kept_base(struct pack_list *list, const struct pack_kept_entry *kept,
                          enum pack_item_part part)
{
    const uint32_t *number = name_set_find(&list->seen, &kept->base);
    struct bough_hash name;
    uint32_t first;
    uint32_t count = pack_item_count(list, part, &first);

    if (number == NULL || *number == 0 || *number > count ||
        pack_item_name(list, first + *number - 1, &name) != BOUGH_OK ||
        !bough_hash_equal(&name, &kept->base))
        return PACK_LIST_NONE;
    return first + *number - 1;
}

/* What object `n` should be a delta on, where the list says `base`. */
static enum bough_err choose(struct pack_list *list, enum pack_item_part part, uint32_t n,
                             uint32_t *base)
{
    const struct pack_kept_entry *kept;
    struct bough_hash name;
    uint32_t other;

    BOUGH_TRY(pack_item_name(list, n, &name));
    kept = pack_kept_find(list->view->kept, &name);
    if (kept == NULL)
        return BOUGH_OK;
    if (bough_hash_is_none(&kept->base)) {
        if (kept->settled)
            *base = PACK_LIST_NONE;
        return BOUGH_OK;
    }
    other = kept_base(list, kept, part);
    if (other != PACK_LIST_NONE)
        *base = other;
    return BOUGH_OK;
}

static enum bough_err plan_one(struct pack_plan *plan, struct pack_list *list,
                               enum pack_item_part part, uint32_t n, uint32_t base)
{
    struct pack_plan_step *step = step_at(plan, n);

    if (part == PACK_ITEM_TREES || part == PACK_ITEM_BLOBS)
        BOUGH_TRY(choose(list, part, n, &base));
    step->base = base == n ? PACK_LIST_NONE : base;
    if (is_inside(step->base)) {
        step->next = step_at(plan, step->base)->child;
        step_at(plan, step->base)->child = n;
    }
    return BOUGH_OK;
}

/* The number in its array of what the client has, if it came back and is sent as well. */
static uint32_t sent_again(struct pack_list *list, uint32_t base)
{
    struct pack_list_outside outside;
    const uint32_t *number;

    memcpy(&outside, list->outside.at + (base & ~PACK_LIST_OUTSIDE) * sizeof(outside),
           sizeof(outside));
    number = name_set_find(&list->seen, &outside.name);
    return number == NULL || *number == 0 ? base : *number - 1;
}

/* The base that the list gives to element `index` of an array.  What is sent is not taken for an
 * object outside, which it may be, too: git refuses a pack that has both. */
static uint32_t list_base(struct pack_list *list, enum pack_item_part part, uint32_t index,
                          uint32_t first)
{
    struct pack_list_tree tree;
    struct pack_list_blob blob;
    uint32_t base = PACK_LIST_NONE;

    if (part == PACK_ITEM_TREES) {
        memcpy(&tree, list->trees.at + index * sizeof(tree), sizeof(tree));
        base = tree.base;
    } else if (part == PACK_ITEM_BLOBS) {
        memcpy(&blob, list->blobs.at + index * sizeof(blob), sizeof(blob));
        base = blob.base;
    }
    if (base != PACK_LIST_NONE && !is_inside(base))
        base = sent_again(list, base);
    return is_inside(base) ? first + base : base;
}

enum bough_err pack_plan_make(struct pack_plan *plan, struct pack_list *list)
{
    size_t bytes;

    *plan = (struct pack_plan){
        .count = pack_list_count(list), .root = PACK_LIST_NONE, .at = PACK_LIST_NONE};
    buffer_init(&plan->steps, list->view->env->heap, BOUGH_FETCH_BYTES_MAX);
    bytes = plan->count * sizeof(struct pack_plan_step);
    BOUGH_TRY(buffer_reserve(&plan->steps, bytes));
    plan->steps.len = bytes;
    for (uint32_t n = 0; n < plan->count; n++)
        *step_at(plan, n) = (struct pack_plan_step){.base = PACK_LIST_NONE,
                                                    .child = PACK_LIST_NONE,
                                                    .next = PACK_LIST_NONE,
                                                    .depth = UNSENT};
    for (unsigned part = 0; part < PACK_ITEM_PARTS; part++) {
        uint32_t first;
        uint32_t count = pack_item_count(list, (enum pack_item_part)part, &first);

        for (uint32_t i = 0; i < count; i++)
            BOUGH_TRY(plan_one(plan, list, (enum pack_item_part)part, first + i,
                               list_base(list, (enum pack_item_part)part, i, first)));
    }
    (void)pack_item_count(list, PACK_ITEM_TREES, &plan->tree_first);
    (void)pack_item_count(list, PACK_ITEM_BLOBS, &plan->blob_first);
    (void)pack_item_count(list, PACK_ITEM_VALUES, &plan->value_first);
    return BOUGH_OK;
}

void pack_plan_rewind(struct pack_plan *plan)
{
    for (uint32_t n = 0; n < plan->count; n++)
        step_at(plan, n)->depth = UNSENT;
    plan->root_at = 0;
    plan->root = plan->at = PACK_LIST_NONE;
}

void pack_plan_release(struct pack_plan *plan)
{
    if (plan->steps.heap != NULL)
        buffer_release(&plan->steps);
    plan->count = 0;
}

/* The first object of a chain of siblings that is not sent yet. */
static uint32_t unsent(const struct pack_plan *plan, uint32_t n)
{
    while (n != PACK_LIST_NONE && step_at(plan, n)->depth != UNSENT)
        n = step_at(plan, n)->next;
    return n;
}

/* The next object of the family that is being sent. */
static uint32_t next_in_family(const struct pack_plan *plan)
{
    uint32_t n = plan->at;
    uint32_t next;

    if (n == PACK_LIST_NONE)
        return PACK_LIST_NONE;
    next = unsent(plan, step_at(plan, n)->child);
    while (next == PACK_LIST_NONE && n != plan->root) {
        next = unsent(plan, step_at(plan, n)->next);
        n = step_at(plan, n)->base;
    }
    return next;
}

/* The next root: in the first round only what has no base inside, in the second what is left. */
static uint32_t next_root(struct pack_plan *plan)
{
    while (plan->root_at < 2 * (uint64_t)plan->count) {
        bool second = plan->root_at >= plan->count;
        uint32_t n = plan->root_at - (second ? plan->count : 0);

        plan->root_at++;
        if (n >= plan->blob_first && n < plan->value_first)
            n = plan->value_first - 1 - (n - plan->blob_first);
        else if (n >= plan->tree_first && n < plan->blob_first)
            n = plan->blob_first - 1 - (n - plan->tree_first);
        if (step_at(plan, n)->depth == UNSENT && (second || !is_inside(step_at(plan, n)->base)))
            return n;
    }
    return PACK_LIST_NONE;
}

bool pack_plan_next(struct pack_plan *plan, uint64_t offset, uint32_t *n, uint32_t *base)
{
    struct pack_plan_step *step;

    *n = next_in_family(plan);
    if (*n == PACK_LIST_NONE) {
        *n = next_root(plan);
        plan->root = *n;
    }
    plan->at = *n;
    if (*n == PACK_LIST_NONE)
        return false;
    step = step_at(plan, *n);
    step->offset = offset;
    step->depth = 0;
    *base = step->base;
    if (is_inside(*base)) {
        if (*n != plan->root)
            step->depth = step_at(plan, *base)->depth + 1;
        if (*n == plan->root || step->depth > PACK_PLAN_DEPTH_MAX) {
            step->depth = 0;
            *base = PACK_LIST_NONE;
        }
    }
    return true;
}

uint64_t pack_plan_offset(const struct pack_plan *plan, uint32_t n)
{
    assert(step_at(plan, n)->depth != UNSENT);
    return step_at(plan, n)->offset;
}
