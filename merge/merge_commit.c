/* SPDX-License-Identifier: ISC
 *
 * merge_commit.c - a merge into a branch: the moment is the move of its ref, as for every commit
 * (store/txn.c).
 */
#include "bough/merge.h"
#include "merge_branch.h"

/* A merge on its way into a branch. */
struct merging {
    struct bough_store *store;
    const struct bough_merge_request *request;
    struct bough_link ours;
    struct bough_link theirs[BOUGH_MERGE_HEADS_MAX];
    size_t count;
    bool forward; /* one of several has all of ours */
};

/* Finds what is to be merged: always one commit at least. */
static enum bough_err find_theirs(struct merging *merging, struct bough_arena *arena)
{
    const struct bough_merge_request *request = merging->request;
    struct bough_link first;

    if (request->more_count >= BOUGH_MERGE_HEADS_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(merge_branch_find(merging->store, &request->theirs, &first));
    merging->theirs[0] = first;
    merging->count = 1 + request->more_count;
    for (size_t i = 0; i < request->more_count; i++)
        BOUGH_TRY(merge_branch_find(merging->store, &request->more[i], &merging->theirs[i + 1]));
    if (request->more_count > 0)
        BOUGH_TRY(bough_merge_heads(merging->store, &merging->ours, merging->theirs,
                                    &merging->count, arena, &merging->forward));
    if (merging->count > 0)
        return BOUGH_OK;
    merging->theirs[0] = first; /* the branch has it, which the merge will say */
    merging->count = 1;
    return BOUGH_OK;
}

/* Stages the commit with all parents. */
static enum bough_err put_commit(const struct merging *merging, const struct bough_tree *tree,
                                 struct bough_arena *arena, struct bough_link *link)
{
    const struct bough_merge_request *request = merging->request;
    bool without_ours = merging->forward && merging->count > 1 && !request->always_commit;
    struct bough_link parents[1 + BOUGH_MERGE_HEADS_MAX];
    struct bough_commit commit = {
        .tree = *tree,
        .parents = without_ours ? parents + 1 : parents,
        .parent_count = (uint32_t)merging->count + !without_ours,
        .author = request->author,
        .committer = request->author,
        .message = request->message,
    };

    _Static_assert(1 + BOUGH_MERGE_HEADS_MAX <= BOUGH_PARENTS_MAX, "all of them can be parents");
    parents[0] = merging->ours;
    memcpy(parents + 1, merging->theirs, merging->count * sizeof(*parents));
    return bough_commit_put(merging->store, &commit, arena, link);
}

enum bough_err bough_merge_commit(struct bough_store *store,
                                  const struct bough_merge_request *request,
                                  struct bough_arena *arena, struct bough_merge_result *result,
                                  struct bough_link *head)
{
    struct merging merging = {.store = store, .request = request};
    struct bough_link next;

    memset(result, 0, sizeof(*result));
    BOUGH_TRY(merge_branch_head(store, request->branch, request->expect, &request->expected,
                                &merging.ours));
    *head = merging.ours;
    BOUGH_TRY(find_theirs(&merging, arena));
    next = merging.theirs[0];
    BOUGH_TRY(bough_merge_many(store, &merging.ours, merging.theirs, merging.count,
                               request->options, arena, result));
    if (result->outcome == BOUGH_MERGE_UP_TO_DATE || result->outcome == BOUGH_MERGE_UNRELATED ||
        (result->outcome == BOUGH_MERGE_CONFLICTS && request->resolved == NULL))
        return BOUGH_OK;
    if (request->resolved != NULL)
        result->tree = *request->resolved;
    if (request->resolved != NULL || request->always_commit ||
        result->outcome != BOUGH_MERGE_FAST_FORWARD)
        BOUGH_TRY(put_commit(&merging, &result->tree, arena, &next));
    BOUGH_TRY(
        merge_branch_move(store, request->branch, &merging.ours, &next, &request->author, NULL));
    *head = next;
    return BOUGH_OK;
}
