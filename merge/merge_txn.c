/* SPDX-License-Identifier: ISC
 *
 * merge_txn.c - edits that are merged onto a head that has moved on.
 *
 * What the writer saw is the base, the head is ours, and what the writer made of it is theirs.  The
 * head is read and moved in one call, so nobody comes between.
 */
#include "bough/merge.h"
#include "merge_branch.h"

/* The commit that the writer saw, if the head descends from it; else BOUGH_STALE. */
static enum bough_err find_seen(struct bough_store *store, const struct bough_hash *name,
                                const struct bough_link *head, struct bough_arena *arena,
                                struct bough_tree *tree)
{
    struct bough_link seen;
    struct bough_commit commit;
    bool descends = false;
    enum bough_err err = bough_store_find(store, name, &seen);

    if (err == BOUGH_OK)
        err = bough_merge_base_is_ancestor(store, &seen, head, arena, &descends);
    if (err == BOUGH_NOT_FOUND || (err == BOUGH_OK && !descends))
        return BOUGH_STALE;
    if (err == BOUGH_OK)
        err = bough_commit_get(store, &seen, arena, &commit);
    if (err == BOUGH_OK)
        *tree = commit.tree;
    return err;
}

/* Makes the edits to what the writer saw, and merges that with the head's tree. */
static enum bough_err merge_edits(struct bough_store *store, const struct bough_txn *txn,
                                  const struct bough_merge_options *given,
                                  const struct bough_link *head, const struct bough_tree *seen,
                                  const struct bough_commit *commit, struct bough_arena *arena,
                                  struct bough_merge_result *merged,
                                  struct bough_txn_result *written)
{
    struct bough_merge_options options = *given;
    struct bough_tree edited;

    BOUGH_TRY(bough_tree_edit(store, seen, txn->edits, txn->edit_count, arena, &written->culprit,
                              &edited));
    written->culprit = txn->edit_count;
    options.ours.time_s = commit->committer.time_s;
    options.ours.name = bough_bytes_of(head->name.at, BOUGH_HASH_BYTES);
    options.theirs.time_s = txn->author.time_s;
    BOUGH_TRY(bough_merge_tree(store, seen, &commit->tree, &edited, &options, arena, &merged->tree,
                               &merged->conflict_count));
    merged->outcome = merged->conflict_count > 0 ? BOUGH_MERGE_CONFLICTS
                      : bough_tree_equal(&merged->tree, &commit->tree) && !txn->keep_empty
                          ? BOUGH_MERGE_UP_TO_DATE
                          : BOUGH_MERGE_CLEAN;
    return BOUGH_OK;
}

/* The branch is at `head`, and not where the writer saw it. */
static enum bough_err write_later(struct bough_store *store, const struct bough_txn *txn,
                                  const struct bough_merge_options *options,
                                  const struct bough_link *head, struct bough_arena *arena,
                                  struct bough_merge_result *merged,
                                  struct bough_txn_result *written)
{
    struct bough_commit commit;
    struct bough_tree seen;

    BOUGH_TRY(find_seen(store, &txn->expected, head, arena, &seen));
    BOUGH_TRY(bough_commit_get(store, head, arena, &commit));
    BOUGH_TRY(merge_edits(store, txn, options, head, &seen, &commit, arena, merged, written));
    written->commit = *head;
    written->unchanged = merged->outcome != BOUGH_MERGE_CLEAN;
    if (written->unchanged)
        return BOUGH_OK;
    commit = (struct bough_commit){
        .tree = merged->tree,
        .parents = head,
        .parent_count = 1,
        .author = txn->author,
        .committer = txn->author,
        .message = txn->message,
    };
    BOUGH_TRY(bough_commit_put(store, &commit, arena, &written->commit));
    return merge_branch_move(store, txn->branch, head, &written->commit, &txn->author, NULL);
}

enum bough_err bough_merge_txn(struct bough_store *store, const struct bough_txn *txn,
                               const struct bough_merge_options *options, struct bough_arena *arena,
                               struct bough_merge_result *merged, struct bough_txn_result *written)
{
    struct bough_hash none = {0};
    struct bough_link head;
    enum bough_err err;

    memset(merged, 0, sizeof(*merged));
    *written = (struct bough_txn_result){.culprit = txn->edit_count};
    if (txn->expect == BOUGH_EXPECT_NAME) {
        err = merge_branch_head(store, txn->branch, BOUGH_EXPECT_ANY, &none, &head);
        if (err == BOUGH_OK && !bough_hash_equal(&head.name, &txn->expected))
            return write_later(store, txn, options, &head, arena, merged, written);
    }
    err = bough_txn_commit(store, txn, arena, written);
    merged->outcome = written->unchanged ? BOUGH_MERGE_UP_TO_DATE : BOUGH_MERGE_CLEAN;
    return err;
}
