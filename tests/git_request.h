/* SPDX-License-Identifier: ISC
 *
 * git_request.h - git requests by hand: a body made of packets, one exchange, the whole answer.
 */
#ifndef GIT_REQUEST_H
#define GIT_REQUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bough/git.h"
#include "bough/memory.h"
#include "bough/txn.h"
#include "host_env.h"
#include "pkt_line.h"
#include <stdio.h>

struct git_request {
    struct bough_store *store;
    struct bough_git *git;
    struct buffer body;
    struct buffer answer; /* with a NUL behind it */
};

static inline void git_request_open(struct git_request *request)
{
    struct bough_identity identity = {
        .salt = "0123456789abcde", .leaf_window_bytes = 1024, .inner_window_bytes = 1024};
    struct bough_backend *backend;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &request->store), BOUGH_OK);
    assert_int_equal(bough_git_open(request->store, 0, &request->git), BOUGH_OK);
    buffer_init(&request->body, host_env()->heap, 64u << 20);
    buffer_init(&request->answer, host_env()->heap, 64u << 20);
}

static inline void git_request_close(struct git_request *request)
{
    buffer_release(&request->body);
    buffer_release(&request->answer);
    bough_git_close(request->git);
    bough_store_close(request->store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Writes one value natively; the commit is the same in every run. */
static inline void git_request_put(struct git_request *request, const char *key, const char *value)
{
    struct bough_edit edit = {.path = bough_bytes_text(key)};
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"), .edits = &edit, .edit_count = 1};
    struct bough_txn_result result;
    struct bough_arena arena;

    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    edit.entry.mode = BOUGH_MODE_FILE;
    assert_int_equal(
        bough_value_put(request->store, bough_bytes_text(value), &arena, &edit.entry.value),
        BOUGH_OK);
    assert_int_equal(bough_txn_commit(request->store, &txn, &arena, &result), BOUGH_OK);
    bough_arena_release(&arena);
}

/* Adds a packet to the body; "0000" and "0001" stand for the special ones. */
static inline void git_request_line(struct git_request *request, const char *text)
{
    if (strcmp(text, "0000") == 0)
        assert_int_equal(pkt_line_flush(&request->body), BOUGH_OK);
    else if (strcmp(text, "0001") == 0)
        assert_int_equal(pkt_line_delim(&request->body), BOUGH_OK);
    else
        assert_int_equal(pkt_line_add(&request->body, bough_bytes_text(text)), BOUGH_OK);
}

/* Sends the body, in pieces of `piece` bytes; the answer is a string as long as it has no NUL. */
static inline const char *git_request_send(struct git_request *request,
                                           enum bough_git_service service, bool advertise,
                                           const char *protocol, size_t piece)
{
    struct bough_git_request asked = {
        .service = service, .advertise = advertise, .protocol = bough_bytes_text(protocol)};
    struct bough_git_exchange *exchange;
    enum bough_err err;
    size_t got;

    assert_int_equal(bough_git_exchange_open(request->git, &asked, &exchange), BOUGH_OK);
    for (size_t at = 0; at < request->body.len; at += piece) {
        size_t left = request->body.len - at;

        assert_int_equal(
            bough_git_exchange_add(
                exchange, bough_bytes_of(request->body.at + at, left < piece ? left : piece)),
            BOUGH_OK);
    }
    while ((err = bough_git_exchange_end(exchange)) == BOUGH_NOT_READY)
        ;
    assert_int_equal(err, BOUGH_OK);
    request->body.len = 0;
    request->answer.len = 0;
    do {
        uint8_t part[71];

        assert_int_equal(bough_git_exchange_read(exchange, part, sizeof(part), &got), BOUGH_OK);
        assert_int_equal(buffer_add(&request->answer, bough_bytes_of(part, got)), BOUGH_OK);
    } while (got > 0);
    assert_int_equal(buffer_add(&request->answer, bough_bytes_of("", 1)), BOUGH_OK);
    request->answer.len--;
    bough_git_exchange_close(exchange);
    return (const char *)request->answer.at;
}

#endif
