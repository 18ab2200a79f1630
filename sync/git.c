/* SPDX-License-Identifier: ISC
 *
 * git.c - the git view of a store, opened and closed.
 *
 * Owns the memo and the compressed objects that all exchanges share.
 */
#include "git_history.h"
#include "git_internal.h"
#include "pack_last.h"

#define KEPT_SHARE 8u /* of the heap: one part in so many */

/* How much may be kept: what is disposable must not crowd out what is not. */
static size_t kept_bytes(const struct bough_heap *heap)
{
    size_t share = heap->limit_bytes / KEPT_SHARE;

    return share < BOUGH_GIT_KEPT_BYTES ? share : BOUGH_GIT_KEPT_BYTES;
}

enum bough_err bough_git_open(struct bough_store *store, size_t memo_bytes, struct bough_git **git)
{
    struct bough_env *env = bough_store_env(store);
    struct bough_git *opened = bough_heap_take(env->heap, sizeof(*opened));
    struct bough_store_info info;
    enum bough_err err;

    if (opened == NULL)
        return BOUGH_NO_MEMORY;
    *opened = (struct bough_git){.view = {.store = store, .env = env}};
    bough_store_info(store, &info);
    err = git_memo_open(env->heap, info.identity.salt,
                        memo_bytes == 0 ? BOUGH_GIT_MEMO_BYTES : memo_bytes, false,
                        &opened->view.memo);
    if (err == BOUGH_OK)
        err = pack_kept_open(env->heap, info.identity.salt, kept_bytes(env->heap),
                             &opened->view.kept);
    if (err == BOUGH_OK)
        err = pack_last_open(env->heap, &opened->view.last);
    if (err == BOUGH_OK)
        err = git_history_index_open(&opened->view);
    if (err != BOUGH_OK) {
        pack_last_close(opened->view.last);
        pack_kept_close(opened->view.kept);
        git_memo_close(opened->view.memo);
        bough_heap_give(env->heap, opened, sizeof(*opened));
        return err;
    }
    *git = opened;
    return BOUGH_OK;
}

void bough_git_close(struct bough_git *git)
{
    if (git == NULL)
        return;
    git_history_index_close(&git->view);
    pack_last_close(git->view.last);
    pack_kept_close(git->view.kept);
    git_memo_close(git->view.memo);
    bough_heap_give(git->view.env->heap, git, sizeof(*git));
}

void bough_git_forget(struct bough_git *git)
{
    git_memo_erase(git->view.memo);
    pack_kept_erase(git->view.kept);
    pack_last_erase(git->view.last);
    git_history_index_erase(&git->view);
}

const char *bough_git_content_type(const struct bough_git_request *request, bool of_request)
{
    static const char *const types[2][3] = {
        {"application/x-git-upload-pack-advertisement", "application/x-git-upload-pack-result",
         "application/x-git-upload-pack-request"},
        {"application/x-git-receive-pack-advertisement", "application/x-git-receive-pack-result",
         "application/x-git-receive-pack-request"}};

    if (request->service == BOUGH_GIT_BUNDLE)
        return "application/x-git-bundle";
    return types[request->service == BOUGH_GIT_RECEIVE][of_request           ? 2
                                                        : request->advertise ? 0
                                                                             : 1];
}
