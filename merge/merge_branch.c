/* SPDX-License-Identifier: ISC
 *
 * merge_branch.c - the branch that a merge or a rewrite is for.
 *
 * What is merged is merged with the head that was read, and the move expects it: so nothing that
 * others did to the branch is lost.
 */
#include "merge_branch.h"

enum bough_err merge_branch_head(struct bough_store *store, struct bough_bytes branch,
                                 enum bough_expect expect, const struct bough_hash *expected,
                                 struct bough_link *head)
{
    struct bough_ref ref;

    BOUGH_TRY(bough_ref_get(store, branch, &ref));
    if (ref.kind != BOUGH_KIND_COMMIT)
        return BOUGH_INVALID;
    *head = ref.link;
    if (expect == BOUGH_EXPECT_ABSENT ||
        (expect == BOUGH_EXPECT_NAME && !bough_hash_equal(&head->name, expected)))
        return BOUGH_STALE;
    return BOUGH_OK;
}

enum bough_err merge_branch_move(struct bough_store *store, struct bough_bytes branch,
                                 const struct bough_link *head, const struct bough_link *next,
                                 const struct bough_ident *who, const char *why)
{
    struct bough_ref_move move = {
        .name = branch,
        .expect = BOUGH_EXPECT_NAME,
        .expected = head->name,
        .next = {.kind = BOUGH_KIND_COMMIT, .link = *next},
        .forward = why == NULL,
        .who = *who,
    };

    assert(next->address != 0);
    if (why != NULL)
        move.why = bough_bytes_text(why);
    return bough_ref_move(store, &move, 1, NULL);
}

enum bough_err merge_branch_find(struct bough_store *store, const struct bough_link *named,
                                 struct bough_link *link)
{
    *link = *named;
    return named->address != 0 ? BOUGH_OK : bough_store_find(store, &named->name, link);
}
