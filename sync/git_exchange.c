/* SPDX-License-Identifier: ISC
 *
 * git_exchange.c - one HTTP request of git's: bytes in, work, bytes out.
 *
 * Owns the request (a fetch, a push, or only an advertisement) and the packet that is not complete
 * yet.
 *   (1) partial holds less than one packet, and is empty once a push's commands are complete; of a
 *       fetch it holds all of the request, which is read when the ids that it names are known.
 *   (2) read is called only after end has answered BOUGH_OK.
 *   (3) While a fetch is open, all that the refs led to stays readable; while a push is, nothing
 * that it has put is garbage.
 */
#include "bough/collect.h"
#include "bundle.h"
#include "git_internal.h"
#include "receive.h"
#include "receive_end.h"
#include "upload.h"
#include "upload_pack.h"
#include "upload_refs.h"
#include "upload_v0.h"
#include "upload_v2.h"
#include <assert.h>

#define REQUEST_BYTES_MAX ((size_t)16 << 20) /* of a fetch */
#define ADVERTISE_MAX     ((size_t)64 << 20)

/* How far the end has come. */
enum stage { STAGE_INDEX, STAGE_ANSWER, STAGE_LIST, STAGE_DONE };

struct bough_git_exchange {
    struct bough_git *git;
    enum bough_git_service service;
    bool advertise;
    unsigned version;
    enum stage stage;
    struct buffer partial;
    struct buffer advert;
    size_t advert_at;
    struct upload upload;
    struct bough_collect_pin pin; /* of a fetch: what it may send */
    struct receive receive;
};

static bool is_push(const struct bough_git_exchange *exchange)
{
    return exchange->service == BOUGH_GIT_RECEIVE && !exchange->advertise;
}

static bool is_fetch(const struct bough_git_exchange *exchange)
{
    return exchange->service != BOUGH_GIT_RECEIVE && !exchange->advertise;
}

enum bough_err bough_git_exchange_open(struct bough_git *git,
                                       const struct bough_git_request *request,
                                       struct bough_git_exchange **exchange)
{
    struct bough_heap *heap = git->view.env->heap;
    struct bough_git_exchange *opened = bough_heap_take(heap, sizeof(*opened));
    enum bough_err err = BOUGH_OK;

    if (opened == NULL)
        return BOUGH_NO_MEMORY;
    memset(opened, 0, sizeof(*opened));
    opened->git = git;
    opened->service = request->service;
    opened->advertise = request->advertise;
    opened->version = upload_refs_version(request->protocol);
    if (request->service == BOUGH_GIT_RECEIVE && opened->version == 2)
        opened->version = 0; /* pushing exists in the old form only */
    buffer_init(&opened->partial, heap, is_fetch(opened) ? REQUEST_BYTES_MAX : BOUGH_PKT_BYTES_MAX);
    buffer_init(&opened->advert, heap, ADVERTISE_MAX);
    if (is_fetch(opened))
        upload_init(&opened->upload, &git->view);
    if (is_fetch(opened))
        bough_collect_pin_state(git->view.store, &opened->pin);
    if (is_push(opened)) {
        bough_collect_hold(git->view.store, true);
        err = receive_init(&opened->receive, &git->view);
    }
    if (request->service == BOUGH_GIT_BUNDLE)
        err = bundle_begin(&opened->upload, request->since);
    if (err != BOUGH_OK) {
        bough_git_exchange_close(opened);
        return err;
    }
    *exchange = opened;
    return BOUGH_OK;
}

void bough_git_exchange_close(struct bough_git_exchange *exchange)
{
    if (exchange == NULL)
        return;
    if (is_fetch(exchange))
        upload_release(&exchange->upload);
    bough_collect_pin_end(&exchange->pin);
    if (is_push(exchange)) {
        receive_release(&exchange->receive);
        bough_collect_hold(exchange->git->view.store, false);
    }
    buffer_release(&exchange->advert);
    buffer_release(&exchange->partial);
    bough_heap_give(exchange->git->view.env->heap, exchange, sizeof(*exchange));
}

static enum bough_err take_packet(struct bough_git_exchange *exchange,
                                  const struct pkt_line *packet)
{
    if (is_push(exchange))
        return receive_packet(&exchange->receive, packet);
    return exchange->version == 2 ? upload_v2_packet(&exchange->upload, packet)
                                  : upload_v0_packet(&exchange->upload, packet);
}

/* Takes one packet off the front of `bytes`, or as much of it as there is. */
static enum bough_err take_some(struct bough_git_exchange *exchange, struct bough_bytes *bytes)
{
    struct buffer *partial = &exchange->partial;
    struct pkt_line packet;
    size_t part;
    size_t used = PKT_LINE_HEAD_BYTES;
    enum bough_err err = BOUGH_NOT_READY;

    if (partial->len == 0)
        err = pkt_line_parse(*bytes, &packet, &used);
    if (partial->len == 0 && err == BOUGH_OK) {
        bytes->at += used;
        bytes->len -= used;
        return take_packet(exchange, &packet);
    }
    if (err == BOUGH_NOT_READY && partial->len > 0)
        err = pkt_line_parse(buffer_bytes(partial), &packet, &used);
    if (err != BOUGH_NOT_READY)
        return err;
    assert(used > partial->len);
    part = used - partial->len < bytes->len ? used - partial->len : bytes->len;
    BOUGH_TRY(buffer_add(partial, bough_bytes_of(bytes->at, part)));
    bytes->at += part;
    bytes->len -= part;
    err = pkt_line_parse(buffer_bytes(partial), &packet, &used);
    if (err == BOUGH_NOT_READY)
        return BOUGH_OK;
    if (err != BOUGH_OK)
        return err;
    partial->len = 0; /* the packet's bytes stay where they are until the next call */
    return take_packet(exchange, &packet);
}

enum bough_err bough_git_exchange_add(struct bough_git_exchange *exchange, struct bough_bytes bytes)
{
    assert(exchange->stage == STAGE_INDEX);
    if (exchange->advertise)
        return BOUGH_OK;
    if (is_fetch(exchange))
        return buffer_add(&exchange->partial, bytes);
    while (bytes.len > 0) {
        if (exchange->receive.commands_complete)
            return receive_pack(&exchange->receive, bytes);
        BOUGH_TRY(take_some(exchange, &bytes));
    }
    return BOUGH_OK;
}

/* Takes all packets of a fetch. */
static enum bough_err take_request(struct bough_git_exchange *exchange)
{
    struct bough_bytes rest = buffer_bytes(&exchange->partial);

    while (rest.len > 0) {
        struct pkt_line packet;
        size_t used;
        enum bough_err err = pkt_line_parse(rest, &packet, &used);

        if (err == BOUGH_NOT_READY)
            return BOUGH_INVALID; /* it stops in the middle of one */
        BOUGH_TRY(err);
        rest.at += used;
        rest.len -= used;
        BOUGH_TRY(take_packet(exchange, &packet));
    }
    return BOUGH_OK;
}

/* What is asked for, but for the pack of a fetch. */
static enum bough_err answer(struct bough_git_exchange *exchange)
{
    struct git_view *view = &exchange->git->view;

    if (exchange->advertise)
        return upload_refs_advertise(view, exchange->version,
                                     exchange->service == BOUGH_GIT_RECEIVE, &exchange->advert);
    if (is_push(exchange))
        return exchange->partial.len > 0 ? BOUGH_INVALID : receive_end(&exchange->receive);
    if (exchange->service == BOUGH_GIT_BUNDLE)
        return bundle_end(&exchange->upload);
    BOUGH_TRY(take_request(exchange));
    return exchange->version == 2 ? upload_v2_end(&exchange->upload)
                                  : upload_v0_end(&exchange->upload);
}

/* One step of the end; what is little is done in one. */
static enum bough_err step(struct bough_git_exchange *exchange)
{
    assert(exchange->stage != STAGE_DONE);
    if (exchange->stage == STAGE_INDEX) {
        BOUGH_TRY(git_history_index_step(&exchange->git->view, BOUGH_GIT_STEP_COMMITS));
        exchange->stage = STAGE_ANSWER;
    }
    if (exchange->stage == STAGE_ANSWER) {
        BOUGH_TRY(answer(exchange));
        exchange->stage = STAGE_LIST;
    }
    if (is_fetch(exchange) && exchange->upload.listing)
        BOUGH_TRY(upload_pack_step(&exchange->upload, BOUGH_GIT_STEP_COMMITS));
    exchange->stage = STAGE_DONE;
    return BOUGH_OK;
}

enum bough_err bough_git_exchange_end(struct bough_git_exchange *exchange)
{
    enum bough_err err;

    err = step(exchange);
    if ((err != BOUGH_NO_MEMORY && err != BOUGH_TOO_BIG) || !is_fetch(exchange) ||
        exchange->service == BOUGH_GIT_BUNDLE)
        return err;
    exchange->stage = STAGE_DONE;
    return upload_fail(&exchange->upload, "upload-pack: too much to send: %s", bough_err_name(err));
}

/* Copies as much of `from` as there is room for. */
static size_t copy(void *into, size_t max, const struct buffer *from, size_t *at)
{
    size_t part = from->len - *at < max ? from->len - *at : max;

    if (part > 0)
        memcpy(into, from->at + *at, part);
    *at += part;
    return part;
}

enum bough_err bough_git_exchange_read(struct bough_git_exchange *exchange, void *into, size_t max,
                                       size_t *got)
{
    assert(exchange->stage == STAGE_DONE && max > 0);
    if (is_fetch(exchange))
        return upload_pack_read(&exchange->upload, into, max, got);
    *got = exchange->advertise ? copy(into, max, &exchange->advert, &exchange->advert_at)
                               : copy(into, max, &exchange->receive.out, &exchange->receive.out_at);
    return BOUGH_OK;
}
