/* SPDX-License-Identifier: ISC
 *
 * exchange.c - one request and its reply.
 *
 * Owns the request's arena, its sink while the body arrives, its work, and its reply's source.
 *   (1) The handler runs exactly once: before the body where it takes it in pieces, else after it.
 *       It makes up the reply, or leaves work that will, of which the first step is made at once.
 *   (2) A request is refused as early as what is known of it allows: by its head before its body.
 *   (3) In states RECEIVING and WORKING there is no reply; in the others there is one.
 *   (4) After a refusal in the middle of a body, either the rest is short and is read and dropped,
 *       or the connection is closed: bytes of a body are never taken for a request.
 * The moment that matters is exchange_release: before it, nothing of the reply has left.
 */
#include "exchange.h"
#include "reply.h"
#include <stdio.h>

/* An exchange with an empty request. */
static struct exchange *make(struct service *service)
{
    struct exchange *exchange = bough_heap_take(service->env->heap, sizeof(*exchange));

    if (exchange == NULL)
        return NULL;
    memset(exchange, 0, sizeof(*exchange));
    exchange->request.service = service;
    bough_arena_init(&exchange->request.arena, service->env->heap,
                     (size_t)service->config.request_bytes);
    (void)snprintf(exchange->request.id, sizeof(exchange->request.id), "%016llx",
                   (unsigned long long)(service->id_base + service->id_count++));
    exchange->body = out_begin(&exchange->request.arena);
    reply_reset(&exchange->request);
    service->stats.request_count++;
    return exchange;
}

/* The reply is made up: writes its head. */
static void finish(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    assert(exchange->state <= EXCHANGE_WORKING && request->reply.status != 0);
    assert(request->work == NULL);
    exchange->state = EXCHANGE_READY;
    exchange->close |= !request->in.keep_alive;
    request->service->stats.refused_count += request->reply.status >= 400;
    bough_log(request->service->env->log, BOUGH_DEBUG, "http", "%s %s %.*s: %u", request->id,
              http_in_method_name(request->in.method),
              request->in.path.len < 160 ? (int)request->in.path.len : 160,
              request->in.path.len == 0 ? "" : (const char *)request->in.path.at,
              request->reply.status);
}

/* Lets go of a sink that will get no more. */
static void drop_sink(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    if (request->sink != NULL)
        request->sink->abandon(request);
    request->sink = NULL;
}

/* Lets go of work that is done, or given up. */
static void drop_work(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    if (request->work != NULL)
        request->work->end(request);
    request->work = NULL;
}

/* What is still to come of a refused body is dropped if it is short, else the connection closes. */
static void stop_body(struct exchange *exchange)
{
    bool short_rest =
        !exchange->request.in.chunked && exchange->wire_left_bytes <= BOUGH_DRAIN_BYTES_MAX;

    drop_sink(exchange);
    drop_work(exchange);
    exchange->gunzip = NULL;
    if (exchange->body_done)
        return;
    if (!short_rest || exchange->say_continue)
        exchange->close = exchange->body_done = true;
    exchange->say_continue = false;
}

static void refuse(struct exchange *exchange, enum problem_kind kind, const char *detail)
{
    enum bough_err err;

    stop_body(exchange);
    err = reply_problem(&exchange->request, kind, "%s", detail);
    assert(err == BOUGH_OK);
    (void)err;
    finish(exchange);
}

/* What was to be done is done: the reply is made up, or `err` becomes one. */
static void end_work(struct exchange *exchange, enum bough_err err)
{
    struct request *request = &exchange->request;

    if (err != BOUGH_OK) {
        bough_log(request->service->env->log, BOUGH_DEBUG, "http", "%s: %s", request->id,
                  bough_err_name(err));
        reply_error(request, err);
    }
    /* HTTP/1.0 has no chunks, and the end of the connection is no end that can be trusted. */
    if (request->in.minor == 0 && request->reply.source != NULL && !request->reply.length_known)
        (void)reply_problem(request, PROBLEM_VERSION, "this reply needs HTTP/1.1");
    stop_body(exchange);
    finish(exchange);
}

void exchange_work(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    enum bough_err err;

    assert(exchange->state == EXCHANGE_WORKING && request->reply.status == 0);
    err = request->work->step(request);
    if (err != BOUGH_NOT_READY)
        end_work(exchange, err);
}

/* The handler, or the sink's end, has returned. */
static void take_result(struct exchange *exchange, enum bough_err err)
{
    if (err != BOUGH_OK || exchange->request.work == NULL) {
        end_work(exchange, err);
        return;
    }
    assert(exchange->body_done);
    exchange->state = EXCHANGE_WORKING;
    exchange_work(exchange);
}

/* Whether the store can be shown at all. */
static bool is_served(struct exchange *exchange)
{
    const struct service *service = exchange->request.service;

    if (exchange->route->always)
        return true;
    if (service->store == NULL)
        refuse(exchange, PROBLEM_NOT_READY, "");
    else if (service->failed)
        refuse(exchange, PROBLEM_STORAGE_FAILED,
               "the device failed while writing; restart to see what it kept");
    return exchange->state == EXCHANGE_RECEIVING;
}

/* How the body is framed, and what can be said before it. */
static void begin_body(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    const struct http_in *in = &request->in;

    exchange->wire_left_bytes = in->length_bytes;
    exchange->body_done = !in->chunked && in->length_bytes == 0;
    exchange->say_continue = in->expects_continue && !exchange->body_done;
}

/* Runs what can be run before the body. */
static void begin_route(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    const struct http_in *in = &request->in;
    enum bough_err err;

    exchange->route = route_find(request);
    if (exchange->route == NULL) {
        stop_body(exchange);
        finish(exchange);
        return;
    }
    if (!is_served(exchange))
        return;
    request->body_bytes_max = exchange->route->body == ROUTE_BODY_WHOLE ? BOUGH_JSON_BODY_BYTES_MAX
                                                                        : BOUGH_DRAIN_BYTES_MAX;
    if (exchange->route->body == ROUTE_BODY_PIECES) {
        if (!in->has_length && !in->chunked) {
            refuse(exchange, PROBLEM_LENGTH_REQUIRED, "");
            return;
        }
        err = exchange->route->handle(request);
        if (err != BOUGH_OK || request->reply.status != 0) {
            take_result(exchange, err);
            return;
        }
        assert(request->sink != NULL);
    }
    if (in->length_bytes > request->body_bytes_max && !in->gzip) {
        refuse(exchange, PROBLEM_TOO_BIG, "the body");
        return;
    }
    if (in->gzip && http_gunzip_open(&request->arena, &exchange->gunzip) != BOUGH_OK)
        refuse(exchange, PROBLEM_OVERLOAD, "");
}

enum bough_err exchange_open(struct service *service, struct bough_bytes head,
                             struct exchange **result)
{
    struct exchange *exchange = make(service);
    struct bough_bytes copy;
    unsigned status;

    if (exchange == NULL)
        return BOUGH_NO_MEMORY;
    copy = bough_arena_copy(&exchange->request.arena, head);
    if (copy.at == NULL) {
        exchange_close(exchange);
        return BOUGH_NO_MEMORY;
    }
    *result = exchange;
    status = http_in_parse(copy, &exchange->request.in);
    if (status != 0) {
        exchange->close = exchange->body_done = true;
        refuse(exchange, problem_of_status(status), "");
        return BOUGH_OK;
    }
    begin_body(exchange);
    begin_route(exchange);
    return BOUGH_OK;
}

enum bough_err exchange_refuse(struct service *service, unsigned status, struct exchange **result)
{
    struct exchange *exchange = make(service);

    if (exchange == NULL)
        return BOUGH_NO_MEMORY;
    *result = exchange;
    exchange->request.in.minor = 1;
    exchange->close = exchange->body_done = true;
    refuse(exchange, problem_of_status(status), "");
    return BOUGH_OK;
}

/* Bytes of the body, unpacked. */
static enum bough_err deliver(struct exchange *exchange, struct bough_bytes bytes)
{
    struct request *request = &exchange->request;

    if (bytes.len > request->body_bytes_max - exchange->body_bytes)
        return BOUGH_TOO_BIG;
    exchange->body_bytes += bytes.len;
    if (bytes.len > 0 && request->sink != NULL)
        return request->sink->add(request, bytes);
    if (exchange->route->body == ROUTE_BODY_WHOLE)
        out_bytes(&exchange->body, bytes);
    return BOUGH_OK;
}

/* Bytes of the body as they travelled. */
static enum bough_err deliver_wire(struct exchange *exchange, struct bough_bytes bytes)
{
    struct bough_bytes data;

    if (exchange->gunzip == NULL)
        return deliver(exchange, bytes);
    do {
        BOUGH_TRY(http_gunzip_take(exchange->gunzip, &bytes, &data));
        BOUGH_TRY(deliver(exchange, data));
    } while (bytes.len > 0 || data.len > 0);
    return BOUGH_OK;
}

/* Undoes the framing: takes the next run of the body off the front of *input; 0 or a status. */
static unsigned take_run(struct exchange *exchange, struct bough_bytes *input,
                         struct bough_bytes *data)
{
    if (exchange->request.in.chunked) {
        unsigned status = http_chunk_take(&exchange->chunk, input, data);

        exchange->body_done = exchange->chunk.state == HTTP_CHUNK_DONE;
        return status;
    }
    *data = *input;
    if (data->len > exchange->wire_left_bytes)
        data->len = (size_t)exchange->wire_left_bytes;
    *input = bough_bytes_of(input->at + data->len, input->len - data->len);
    exchange->wire_left_bytes -= data->len;
    exchange->body_done = exchange->wire_left_bytes == 0;
    return 0;
}

/* The body is complete. */
static void end_body(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    const struct request_sink_ops *sink = request->sink;

    if (exchange->gunzip != NULL && !http_gunzip_is_done(exchange->gunzip)) {
        refuse(exchange, PROBLEM_BAD_BODY, "the compressed body is cut short");
        return;
    }
    if (sink != NULL) {
        request->sink = NULL;
        take_result(exchange, sink->end(request));
        return;
    }
    if (out_end(&exchange->body, &request->body) != BOUGH_OK) {
        refuse(exchange, PROBLEM_OVERLOAD, "the body does not fit into memory");
        return;
    }
    take_result(exchange, exchange->route->handle(request));
}

void exchange_feed(struct exchange *exchange, struct bough_bytes *input)
{
    while (input->len > 0 && !exchange->body_done) {
        struct bough_bytes data;
        unsigned status = take_run(exchange, input, &data);
        enum bough_err err;

        exchange->wire_bytes += data.len;
        exchange->say_continue = false;
        if (status != 0) {
            exchange->close = exchange->body_done = true;
            if (exchange->state == EXCHANGE_RECEIVING)
                refuse(exchange, problem_of_status(status), "the chunks of the body");
            return;
        }
        if (exchange->state != EXCHANGE_RECEIVING)
            continue;
        err = deliver_wire(exchange, data);
        if (err == BOUGH_INVALID)
            refuse(exchange, PROBLEM_BAD_BODY, "");
        else if (err == BOUGH_TOO_BIG)
            refuse(exchange, PROBLEM_TOO_BIG, "the body");
        else if (err != BOUGH_OK)
            take_result(exchange, err);
    }
    if (exchange->body_done && exchange->state == EXCHANGE_RECEIVING)
        end_body(exchange);
}

void exchange_give_up(struct exchange *exchange, enum problem_kind kind)
{
    exchange->close = exchange->body_done = true;
    if (exchange->state == EXCHANGE_RECEIVING)
        refuse(exchange, kind, "");
}

void exchange_release(struct exchange *exchange, bool failed)
{
    struct request *request = &exchange->request;

    if (failed && exchange->state == EXCHANGE_WORKING)
        refuse(exchange, PROBLEM_STORAGE_FAILED, "");
    if (exchange->state != EXCHANGE_READY)
        return;
    if (failed && exchange->route != NULL && !exchange->route->always) {
        enum bough_err err = reply_problem(request, PROBLEM_STORAGE_FAILED,
                                           "the device failed before this could be made durable");

        assert(err == BOUGH_OK);
        (void)err;
    }
    if (http_out_begin(&exchange->out, request, exchange->close) != BOUGH_OK)
        exchange->out = (struct http_out){.stage = HTTP_OUT_DONE, .close = true};
    exchange->state = EXCHANGE_RELEASED;
}

void exchange_close(struct exchange *exchange)
{
    struct bough_heap *heap = exchange->request.service->env->heap;

    drop_sink(exchange);
    drop_work(exchange);
    reply_reset(&exchange->request);
    bough_arena_release(&exchange->request.arena);
    bough_heap_give(heap, exchange, sizeof(*exchange));
}
