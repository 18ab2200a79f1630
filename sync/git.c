/* SPDX-License-Identifier: ISC
 *
 * git.c - the git view of a store, opened and closed.
 *
 * Owns the memo that all exchanges share.
 */
#include "git_internal.h"

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
    if (err != BOUGH_OK) {
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
    git_memo_close(git->view.memo);
    bough_heap_give(git->view.env->heap, git, sizeof(*git));
}

void bough_git_forget(struct bough_git *git)
{
    git_memo_erase(git->view.memo);
    git->view.indexed = false;
}

const char *bough_git_content_type(const struct bough_git_request *request, bool of_request)
{
    static const char *const types[2][3] = {
        {"application/x-git-upload-pack-advertisement", "application/x-git-upload-pack-result",
         "application/x-git-upload-pack-request"},
        {"application/x-git-receive-pack-advertisement", "application/x-git-receive-pack-result",
         "application/x-git-receive-pack-request"}};

    return types[request->service == BOUGH_GIT_RECEIVE][of_request           ? 2
                                                        : request->advertise ? 0
                                                                             : 1];
}
