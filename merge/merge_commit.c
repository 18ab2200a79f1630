/* SPDX-License-Identifier: ISC
 *
 * merge_commit.c - a merge into a branch: the moment is the move of its ref, as for every commit
 * (store/txn.c).
 */
#include "bough/merge.h"
#include "merge_branch.h"

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

enum bough_err bough_merge_commit(struct bough_store *store,
                                  const struct bough_merge_request *request,
                                  struct bough_arena *arena, struct bough_merge_result *result,
                                  struct bough_link *head)
{
    struct bough_link ours;
    struct bough_link theirs;
    struct bough_link next;

    memset(result, 0, sizeof(*result));
    BOUGH_TRY(
        merge_branch_head(store, request->branch, request->expect, &request->expected, &ours));
    *head = ours;
    BOUGH_TRY(merge_branch_find(store, &request->theirs, &theirs));
    next = theirs;
    BOUGH_TRY(bough_merge(store, &ours, &theirs, request->options, arena, result));
    if (result->outcome == BOUGH_MERGE_UP_TO_DATE || result->outcome == BOUGH_MERGE_UNRELATED ||
        (result->outcome == BOUGH_MERGE_CONFLICTS && request->resolved == NULL))
        return BOUGH_OK;
    if (request->resolved != NULL)
        result->tree = *request->resolved;
    if (request->resolved != NULL || request->always_commit ||
        result->outcome != BOUGH_MERGE_FAST_FORWARD)
        BOUGH_TRY(put_commit(store, request, &ours, &theirs, &result->tree, arena, &next));
    BOUGH_TRY(merge_branch_move(store, request->branch, &ours, &next, &request->author, NULL));
    *head = next;
    return BOUGH_OK;
}
