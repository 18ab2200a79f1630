/* SPDX-License-Identifier: ISC
 *
 * txn.c - edit a branch: all edits become one commit, or nothing happens.
 */
#include "bough/txn.h"

/* The branch's head; found is false for the default branch that is not born yet. */
static enum bough_err read_head(struct bough_store *store, const struct bough_txn *txn,
                                struct bough_arena *arena, struct bough_ref *head, bool *found)
{
    enum bough_err err = bough_ref_get(store, txn->branch, head);
    struct bough_bytes default_branch;

    *found = err == BOUGH_OK;
    if (err == BOUGH_OK && head->kind != BOUGH_KIND_COMMIT)
        return BOUGH_INVALID;
    if (err != BOUGH_NOT_FOUND)
        return err;
    BOUGH_TRY(bough_ref_head(store, arena, &default_branch));
    return bough_bytes_equal(default_branch, txn->branch) ? BOUGH_OK : BOUGH_NOT_FOUND;
}

/* Whether the head is what the caller expects. */
static bool expectation_holds(const struct bough_txn *txn, const struct bough_ref *head, bool found)
{
    switch (txn->expect) {
    case BOUGH_EXPECT_ANY:
        return true;
    case BOUGH_EXPECT_ABSENT:
        return !found;
    case BOUGH_EXPECT_NAME:
        return found && bough_hash_equal(&head->link.name, &txn->expected);
    }
    return false;
}

/* Stages the commit with `tree` on top of the head, and moves the branch to it. */
static enum bough_err commit_and_move(struct bough_store *store, const struct bough_txn *txn,
                                      const struct bough_tree *tree, const struct bough_ref *head,
                                      bool found, struct bough_arena *arena,
                                      struct bough_link *link)
{
    struct bough_commit commit = {
        .tree = *tree,
        .parents = &head->link,
        .parent_count = found ? 1 : 0,
        .author = txn->author,
        .committer = txn->author,
        .message = txn->message,
    };
    struct bough_ref_move move = {
        .name = txn->branch,
        .expect = found ? BOUGH_EXPECT_NAME : BOUGH_EXPECT_ABSENT,
        .expected = head->link.name,
        .next = {.kind = BOUGH_KIND_COMMIT},
        .forward = true,
    };

    BOUGH_TRY(bough_commit_put(store, &commit, arena, link));
    assert(link->address != 0);
    move.next.link = *link;
    return bough_ref_move(store, &move, 1, NULL);
}

enum bough_err bough_txn_commit(struct bough_store *store, const struct bough_txn *txn,
                                struct bough_arena *arena, struct bough_txn_result *result)
{
    struct bough_ref head = {0};
    struct bough_tree base = {0};
    struct bough_tree next;
    bool found;

    *result = (struct bough_txn_result){.culprit = txn->edit_count};
    BOUGH_TRY(read_head(store, txn, arena, &head, &found));
    if (!expectation_holds(txn, &head, found))
        return BOUGH_STALE;
    if (found) {
        struct bough_commit commit;

        BOUGH_TRY(bough_commit_get(store, &head.link, arena, &commit));
        base = commit.tree;
    }
    BOUGH_TRY(
        bough_tree_edit(store, &base, txn->edits, txn->edit_count, arena, &result->culprit, &next));
    result->culprit = txn->edit_count;
    if (bough_tree_equal(&base, &next) && !txn->keep_empty) {
        result->commit = head.link;
        result->unchanged = true;
        return BOUGH_OK;
    }
    return commit_and_move(store, txn, &next, &head, found, arena, &result->commit);
}

struct bough_ident bough_txn_ident(struct bough_env *env, struct bough_bytes name,
                                   struct bough_bytes email)
{
    uint64_t wall_ns = bough_clock_wall_ns(env->clock);

    return (struct bough_ident){
        .name = name, .email = email, .time_s = (int64_t)(wall_ns / 1000000000u)};
}
