/* SPDX-License-Identifier: ISC
 *
 * history.c - commits from some heads backwards, children before parents, each once.
 *
 * Owns a binary heap of commits that wait, in the caller's arena.
 *   (1) A commit's generation is greater than its parents'; so when a commit is taken out, all its
 *       children have been, and nothing that is put in later can stand before it.
 *   (2) Equal commits have equal generations and names and come out one after the other: that is
 *       where repeats and the hidden mark are merged.
 *   (3) shown_count is the number of spots without the hidden mark: the walk ends when it is 0.
 */
#include "history.h"
#include "bough/limits.h"

struct history_spot {
    struct bough_link link;
    uint64_t generation;
    bool hide;
};

void history_begin(struct history *history, struct bough_store *store, struct bough_arena *arena)
{
    *history = (struct history){.store = store, .arena = arena};
}

static bool stands_before(const struct history_spot *a, const struct history_spot *b)
{
    if (a->generation != b->generation)
        return a->generation > b->generation;
    return memcmp(a->link.name.at, b->link.name.at, BOUGH_HASH_BYTES) < 0;
}

static void swap(struct history_spot *a, struct history_spot *b)
{
    struct history_spot kept = *a;

    *a = *b;
    *b = kept;
}

static enum bough_err put_in(struct history *history, const struct history_spot *spot)
{
    size_t at = history->count;

    if (history->count == history->max) {
        size_t max = history->max == 0 ? 16 : 2 * history->max;
        struct history_spot *spots = bough_arena_zeros(history->arena, max, sizeof(*spots));

        if (spots == NULL)
            return BOUGH_NO_MEMORY;
        if (history->count > 0)
            memcpy(spots, history->spots, history->count * sizeof(*spots));
        history->spots = spots;
        history->max = max;
    }
    history->spots[history->count++] = *spot;
    history->shown_count += !spot->hide;
    while (at > 0 && stands_before(&history->spots[at], &history->spots[(at - 1) / 2])) {
        swap(&history->spots[at], &history->spots[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return BOUGH_OK;
}

static struct history_spot take_out(struct history *history)
{
    struct history_spot first = history->spots[0];
    size_t at = 0;

    history->spots[0] = history->spots[--history->count];
    history->shown_count -= !first.hide;
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= history->count)
            return first;
        if (child + 1 < history->count &&
            stands_before(&history->spots[child + 1], &history->spots[child]))
            child++;
        if (!stands_before(&history->spots[child], &history->spots[at]))
            return first;
        swap(&history->spots[child], &history->spots[at]);
        at = child;
    }
}

enum bough_err history_add(struct history *history, const struct bough_link *head, bool hide)
{
    struct history_spot spot = {.link = *head, .hide = hide};
    struct bough_commit commit;

    BOUGH_TRY(bough_commit_get(history->store, head, history->arena, &commit));
    spot.generation = commit.generation;
    return put_in(history, &spot);
}

/* Puts the parents of a commit in. */
static enum bough_err put_parents(struct history *history, const struct bough_commit *commit,
                                  bool hide)
{
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        struct history_spot spot = {.link = commit->parents[i], .hide = hide};
        struct bough_arena scrap;
        struct bough_commit parent;
        enum bough_err err;

        if (bough_commit_is_cut(&spot.link))
            continue; /* history ends here */
        bough_arena_init(&scrap, history->arena->heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
        err = bough_commit_get(history->store, &spot.link, &scrap, &parent);
        spot.generation = err == BOUGH_OK ? parent.generation : 0;
        bough_arena_release(&scrap);
        BOUGH_TRY(err);
        BOUGH_TRY(put_in(history, &spot));
    }
    return BOUGH_OK;
}

enum bough_err history_next(struct history *history, struct bough_arena *into,
                            struct bough_link *link, struct bough_commit *commit)
{
    while (history->shown_count > 0) {
        struct history_spot spot;

        if (history->passed == BOUGH_HISTORY_STEP_MAX) {
            history->passed = 0;
            return BOUGH_NOT_READY;
        }
        history->passed++;
        spot = take_out(history);
        while (history->count > 0 &&
               bough_hash_equal(&history->spots[0].link.name, &spot.link.name))
            spot.hide |= take_out(history).hide;
        BOUGH_TRY(bough_commit_get(history->store, &spot.link, into, commit));
        BOUGH_TRY(put_parents(history, commit, spot.hide));
        *link = spot.link;
        if (!spot.hide)
            return BOUGH_OK;
    }
    return BOUGH_NOT_FOUND;
}

size_t history_waiting(const struct history *history, struct bough_link *links, size_t max)
{
    size_t count = 0;

    if (history->shown_count == 0)
        return 0;
    for (size_t i = 0; i < history->count; i++) {
        if (history->spots[i].hide)
            continue;
        if (count < max)
            links[count] = history->spots[i].link;
        count++;
    }
    return count;
}
