/* SPDX-License-Identifier: ISC
 *
 * git_view.c - two memos seen as one: what all know, and what a push has made so far.
 *
 * Owns nothing.  A push that fails drops its overlay, and with it every trace of its objects; one
 * that succeeds merges it.
 */
#include "git_view.h"

const struct sha1 *git_view_empty_tree(void)
{
    /* SHA-1 of "tree 0\0" */
    static const struct sha1 empty = {{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
                                       0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}};

    return &empty;
}

bool git_view_find(struct git_view *view, const struct sha1 *id, struct git_native *native)
{
    if (sha1_equal(id, git_view_empty_tree())) {
        *native = (struct git_native){.kind = GIT_TREE};
        return true;
    }
    return (view->overlay != NULL && git_memo_find(view->overlay, id, native)) ||
           git_memo_find(view->memo, id, native);
}

static bool is_empty_tree(const struct git_native *native)
{
    return native->kind == GIT_TREE && bough_hash_is_none(&native->link.name) &&
           bough_hash_is_none(&native->verbatim.name);
}

bool git_view_id(struct git_view *view, const struct git_native *native, struct sha1 *id)
{
    if (is_empty_tree(native)) {
        *id = *git_view_empty_tree();
        return true;
    }
    return (view->overlay != NULL && git_memo_id(view->overlay, native, id)) ||
           git_memo_id(view->memo, native, id);
}

enum bough_err git_view_add(struct git_view *view, const struct sha1 *id,
                            const struct git_native *native)
{
    struct git_native known;

    if (is_empty_tree(native))
        return BOUGH_OK;
    if (view->overlay == NULL)
        return git_memo_add(view->memo, id, native);
    if (git_memo_find(view->memo, id, &known))
        BOUGH_TRY(git_memo_add(view->memo, id, native)); /* compares, and learns an address */
    return git_memo_add(view->overlay, id, native);
}
