/* SPDX-License-Identifier: ISC
 *
 * fuzz_git_exchange.c - any bytes as a request: the first byte says of what (fetch in protocol 0, 1
 * or 2, or push).  The store is the same for all inputs and holds one commit.
 */
#include "bough/git.h"
#include "bough/memory.h"
#include "bough/txn.h"
#include "host_env.h"

static struct bough_git *open_git(void)
{
    static struct bough_git *git;
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_arena arena;
    struct bough_edit edit = {.path = bough_bytes_text("a/b")};
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"), .edits = &edit, .edit_count = 1};
    struct bough_txn_result result;

    if (git != NULL)
        return git;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    edit.entry.mode = BOUGH_MODE_FILE;
    if (bough_memory_open(host_env(), NULL, &backend) != BOUGH_OK ||
        bough_store_open(host_env(), backend, 1 << 20, &store) != BOUGH_OK ||
        bough_value_put(store, bough_bytes_text("value"), &arena, &edit.entry.value) != BOUGH_OK ||
        bough_txn_commit(store, &txn, &arena, &result) != BOUGH_OK ||
        bough_git_open(store, 0, &git) != BOUGH_OK)
        abort();
    bough_arena_release(&arena);
    return git;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const protocols[] = {"", "version=1", "version=2", ""};
    struct bough_git *git = open_git();
    struct bough_git_request request = {0};
    struct bough_git_exchange *exchange;
    uint8_t piece[333];
    size_t got;
    enum bough_err err;

    if (size == 0)
        return 0;
    request.service = data[0] % 4 == 3 ? BOUGH_GIT_RECEIVE : BOUGH_GIT_UPLOAD;
    request.protocol = bough_bytes_text(protocols[data[0] % 4]);
    if (bough_git_exchange_open(git, &request, &exchange) != BOUGH_OK)
        abort();
    err = bough_git_exchange_add(exchange, bough_bytes_of(data + 1, size - 1));
    if (err == BOUGH_OK)
        while ((err = bough_git_exchange_end(exchange)) == BOUGH_NOT_READY)
            ;
    do {
        got = 0;
        if (err == BOUGH_OK)
            err = bough_git_exchange_read(exchange, piece, sizeof(piece), &got);
    } while (err == BOUGH_OK && got > 0);
    bough_git_exchange_close(exchange);
    if (err != BOUGH_OK && err != BOUGH_INVALID && err != BOUGH_TOO_BIG)
        abort();
    return 0;
}
