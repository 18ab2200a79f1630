/* SPDX-License-Identifier: ISC
 *
 * merge_commit.c - a merge into a branch: the moment is the move of its ref, as for every commit
 * (store/txn.c).
 */
#include "bough/merge.h"

/* Stages the commit with both parents. */
static enum bough_err put_commit(struct bough_store *store,
                                 const struct bough_merge_request *request,
                                 const struct bough_link *ours, const struct bough_link *theirs,
                                 const struct bough_tree *tree, struct bough_arena *arena,
                                 struct bough_link *link)
{
    const struct bough_link parents[] = {*ours, *theirs};
    struct bough_commit commit = {
        .tree = *tree,
        .parents = parents,
        .parent_count = 2,
        .author = request->author,
        .committer = request->author,
        .message = request->message,
    };

    return bough_commit_put(store, &commit, arena, link);
}

/* Moves the branch from `ours` to `next`, which descends from it. */
static enum bough_err move(struct bough_store *store, const struct bough_merge_request *request,
                           const struct bough_link *ours, const struct bough_link *next)
{
    const struct bough_ref_move move = {
        .name = request->branch,
        .expect = BOUGH_EXPECT_NAME,
        .expected = ours->name,
        .next = {.kind = BOUGH_KIND_COMMIT, .link = *next},
        .forward = true,
    };

    assert(next->address != 0);
    return bough_ref_move(store, &move, 1, NULL);
}

enum bough_err bough_merge_commit(struct bough_store *store,
                                  const struct bough_merge_request *request,
                                  struct bough_arena *arena, struct bough_merge_result *result,
                                  struct bough_link *head)
{
    struct bough_ref ref;
    struct bough_link theirs = request->theirs;
    struct bough_link next;

    memset(result, 0, sizeof(*result));
    BOUGH_TRY(bough_ref_get(store, request->branch, &ref));
    if (ref.kind != BOUGH_KIND_COMMIT)
        return BOUGH_INVALID;
    *head = ref.link;
    if (request->expect == BOUGH_EXPECT_ABSENT ||
        (request->expect == BOUGH_EXPECT_NAME &&
         !bough_hash_equal(&ref.link.name, &request->expected)))
        return BOUGH_STALE;
    if (theirs.address == 0)
        BOUGH_TRY(bough_store_find(store, &theirs.name, &theirs));
    next = theirs;
    BOUGH_TRY(bough_merge(store, &ref.link, &theirs, request->options, arena, result));
    if (result->outcome == BOUGH_MERGE_UP_TO_DATE || result->outcome == BOUGH_MERGE_UNRELATED ||
        (result->outcome == BOUGH_MERGE_CONFLICTS && request->resolved == NULL))
        return BOUGH_OK;
    if (request->resolved != NULL)
        result->tree = *request->resolved;
    if (request->resolved != NULL || request->always_commit ||
        result->outcome != BOUGH_MERGE_FAST_FORWARD)
        BOUGH_TRY(put_commit(store, request, &ref.link, &theirs, &result->tree, arena, &next));
    BOUGH_TRY(move(store, request, &ref.link, &next));
    *head = next;
    return BOUGH_OK;
}
