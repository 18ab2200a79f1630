/* SPDX-License-Identifier: ISC
 *
 * git_tag_put.c - annotated tags made here.
 *
 * Owns nothing.  A tag is kept as the bytes that git would write for it, so it is the same tag
 * wherever it goes; they hold the commit's id, which is worked out for that.
 */
#include "git_commit.h"
#include "git_history.h"
#include "git_internal.h"

enum bough_err bough_git_tag_put(struct bough_git *git, const struct bough_git_tag *tag,
                                 struct bough_arena *arena, struct bough_link *link)
{
    struct bough_tag made = {.target_kind = BOUGH_KIND_COMMIT, .target = tag->commit};
    struct buffer bytes;
    struct sha1 id;
    enum bough_err err;

    BOUGH_TRY(git_history_commit(&git->view, &tag->commit, &id));
    buffer_init(&bytes, git->view.env->heap, BOUGH_MESSAGE_BYTES_MAX);
    err = git_commit_format_tag(&bytes, &id, tag->name, &tag->tagger, tag->message);
    made.verbatim = buffer_bytes(&bytes);
    if (err == BOUGH_OK)
        err = bough_tag_put(git->view.store, &made, arena, link);
    buffer_release(&bytes);
    return err;
}
