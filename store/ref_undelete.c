/* SPDX-License-Identifier: ISC
 *
 * ref_undelete.c - bring a deleted branch or tag back.
 *
 * Owns nothing: the log (ref_log.c) kept what the ref pointed at, and the ref is made anew there.
 */
#include "bough/ref.h"
#include "ref_state.h"

/* The newest deletion in a ref's log. */
static enum bough_err find_deletion(struct bough_store *store, struct bough_bytes name,
                                    struct bough_arena *arena, struct bough_ref *ref)
{
    struct bough_ref_log_entry entry = {0};

    do {
        struct bough_arena_mark mark = bough_arena_now(arena);
        enum bough_err err = bough_ref_log_prev(store, name, entry.sequence, arena, &entry);

        bough_arena_back(arena, mark);
        if (err != BOUGH_OK)
            return err;
        assert(entry.sequence > 0);
    } while (!entry.removed);
    *ref = entry.old;
    return BOUGH_OK;
}

enum bough_err bough_ref_undelete(struct bough_store *store, struct bough_bytes name,
                                  struct bough_ref *ref)
{
    struct bough_ref_move move = {.name = name, .expect = BOUGH_EXPECT_ABSENT};
    struct bough_arena arena;
    enum bough_err err;

    err = bough_ref_get(store, name, ref);
    if (err != BOUGH_NOT_FOUND)
        return err == BOUGH_OK ? BOUGH_STALE : err;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = find_deletion(store, name, &arena, ref);
    bough_arena_release(&arena);
    if (err != BOUGH_OK)
        return err;
    assert(!bough_hash_is_none(&ref->link.name));
    move.next = *ref;
    return bough_ref_move(store, &move, 1, NULL);
}
