/* SPDX-License-Identifier: ISC
 *
 * merge_list.c - conflicts kept, in an arena of their own.
 */
#include "bough/merge.h"

#define LIST_FIRST 16u

/* A copy of an entry, NULL for none; *enough turns false when there is no memory. */
static const struct bough_entry *copy(struct bough_arena *arena, const struct bough_entry *entry,
                                      bool *enough)
{
    struct bough_entry *copied;

    if (entry == NULL)
        return NULL;
    copied = bough_arena_take(arena, sizeof(*copied));
    if (copied != NULL) {
        *copied = *entry;
        copied->step = bough_arena_copy(arena, entry->step);
        copied->value.data = bough_arena_copy(arena, entry->value.data);
    }
    *enough = *enough && copied != NULL && copied->step.at != NULL && copied->value.data.at != NULL;
    return copied;
}

/* Makes room for one more. */
static enum bough_err grow(struct bough_merge_list *list)
{
    size_t room = list->room == 0 ? LIST_FIRST : 2 * list->room;
    struct bough_merge_conflict *conflicts;

    if (list->count < list->room)
        return BOUGH_OK;
    conflicts = bough_arena_take(list->arena, room * sizeof(*conflicts));
    if (conflicts == NULL)
        return BOUGH_NO_MEMORY;
    if (list->count > 0)
        memcpy(conflicts, list->conflicts, list->count * sizeof(*conflicts));
    list->conflicts = conflicts;
    list->room = room;
    return BOUGH_OK;
}

enum bough_err bough_merge_list_add(void *context, const struct bough_merge_conflict *conflict)
{
    struct bough_merge_list *list = context;
    struct bough_merge_conflict *kept;
    bool enough = true;

    assert(list->count <= list->max);
    if (list->count == list->max)
        return BOUGH_OK;
    BOUGH_TRY(grow(list));
    assert(list->count < list->room);
    kept = &list->conflicts[list->count];
    *kept = *conflict;
    kept->draft = (struct bough_bytes){0};
    kept->path = bough_arena_copy(list->arena, conflict->path);
    kept->base = copy(list->arena, conflict->base, &enough);
    kept->ours = copy(list->arena, conflict->ours, &enough);
    kept->theirs = copy(list->arena, conflict->theirs, &enough);
    if (!enough || kept->path.at == NULL)
        return BOUGH_NO_MEMORY;
    list->count++;
    return BOUGH_OK;
}
