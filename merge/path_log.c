/* SPDX-License-Identifier: ISC
 *
 * path_log.c - the commits that changed a path.
 *
 * Owns a front (front.c) in the caller's arena.
 *   (1) Whatever is in it will be looked at, and nothing else has to be known to go on: so its
 *       commits are the heads of a log that continues this one.
 *   (2) A step ends between two commits only, and no sooner than it has looked at one.
 */
#include "bough/path_log.h"
#include "bough/limits.h"
#include "front.h"
#include "merge_step.h"

enum bough_err bough_path_log_open(struct bough_path_log *log, struct bough_store *store,
                                   const struct bough_link *heads, size_t count,
                                   struct bough_bytes path, struct bough_arena *arena)
{
    struct front_commit *commit;

    BOUGH_TRY(bough_tree_path_check(path));
    log->passed = 0;
    log->front = bough_arena_take(arena, sizeof(*log->front));
    log->path = bough_arena_copy(arena, path);
    if (log->front == NULL || log->path.at == NULL)
        return BOUGH_NO_MEMORY;
    front_init(log->front, store, arena);
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(front_add(log->front, &heads[i], UINT64_MAX, &commit));
    return BOUGH_OK;
}

/* What a tree has at the path; NULL for nothing. */
static enum bough_err look_up(const struct bough_path_log *log, const struct bough_tree *tree,
                              struct bough_arena *scratch, struct bough_entry *entry,
                              const struct bough_entry **found)
{
    enum bough_err err = bough_tree_find(log->front->store, tree, log->path, scratch, entry);

    *found = err == BOUGH_OK && (entry->kind != BOUGH_ENTRY_TREE || entry->tree.key_count > 0)
                 ? entry
                 : NULL;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Brings the parents that must be followed to the front.  *changed: none of them has at the path
 * what the commit has. */
static enum bough_err follow(struct bough_path_log *log, const struct front_commit *commit,
                             struct bough_arena *scratch, bool *changed)
{
    struct bough_entry entries[2];
    const struct bough_entry *own;
    const struct bough_entry *other;
    struct front_commit *parent;

    BOUGH_TRY(look_up(log, &commit->tree, scratch, &entries[0], &own));
    *changed = own != NULL;
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        struct bough_commit read;

        if (bough_commit_is_cut(&commit->parents[i]))
            continue;
        log->passed++;
        BOUGH_TRY(bough_commit_get(log->front->store, &commit->parents[i], scratch, &read));
        BOUGH_TRY(look_up(log, &read.tree, scratch, &entries[1], &other));
        *changed = !merge_step_same(own, other);
        if (!*changed)
            return front_add(log->front, &commit->parents[i], commit->generation, &parent);
    }
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        if (!bough_commit_is_cut(&commit->parents[i]))
            BOUGH_TRY(front_add(log->front, &commit->parents[i], commit->generation, &parent));
    }
    return BOUGH_OK;
}

enum bough_err bough_path_log_next(struct bough_path_log *log, struct bough_arena *into,
                                   struct bough_link *link, struct bough_commit *commit)
{
    while (log->passed < BOUGH_HISTORY_STEP_MAX) {
        const struct front_commit *next = front_take(log->front);
        struct bough_arena_mark mark = bough_arena_now(into);
        bool changed;

        if (next == NULL)
            return BOUGH_NOT_FOUND;
        assert(next->generation > 0);
        log->passed++;
        BOUGH_TRY(follow(log, next, into, &changed));
        bough_arena_back(into, mark);
        *link = next->link;
        if (changed)
            return bough_commit_get(log->front->store, link, into, commit);
    }
    log->passed = 0;
    return BOUGH_NOT_READY;
}

size_t bough_path_log_waiting(const struct bough_path_log *log, struct bough_link *links,
                              size_t max)
{
    for (size_t i = 0; i < log->front->count && i < max; i++)
        links[i] = log->front->heap[i]->link;
    return log->front->count;
}
