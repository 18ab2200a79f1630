/* SPDX-License-Identifier: ISC
 *
 * conn.c - one client's connection: bytes in, exchanges in order, bytes out.
 *
 * Owns the stream, two buffers that exist only while something is in them, and the exchanges that
 * are not fully sent, oldest first.
 *   (1) Replies leave in the order of the requests.
 *   (2) Only the last exchange may still be receiving its body.
 *   (3) At most BOUGH_HTTP_PIPELINE_MAX exchanges and about BOUGH_QUEUED_BYTES_MAX of replies are
 *       kept; then nothing more is read, and TCP makes the client wait.
 *   (4) Only the last exchange may be working: what comes behind it waits.
 *   (5) A reply that cannot be completed ends the connection in the middle of it, never at what
 *       could be taken for its end.
 */
#include "conn.h"

#define CONN_IN_BYTES      (BOUGH_HTTP_LINE_BYTES_MAX + BOUGH_HTTP_HEAD_BYTES_MAX + 64u)
#define CONN_OUT_BYTES     32768u
#define CONN_OUT_BYTES_MIN 1024u
#define TURN_IN_BYTES_MAX  262144u
#define TURN_OUT_BYTES_MAX 524288u
#define LINGER_BYTES_MAX   1048576u
#define PULL_BYTES_MIN     64u

static const char overload[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Retry-After: 1\r\nConnection: close\r\n\r\n";
static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

static struct bough_heap *heap_of(const struct conn *conn)
{
    return conn->service->env->heap;
}

static uint64_t now_ns(const struct conn *conn)
{
    return bough_clock_now_ns(conn->service->env->clock);
}

enum bough_err conn_open(struct service *service, struct bough_stream *stream, bool refused,
                         struct conn **result)
{
    struct conn *conn = bough_heap_take(service->env->heap, sizeof(*conn));

    if (conn == NULL) {
        bough_stream_close(stream);
        return BOUGH_NO_MEMORY;
    }
    *conn = (struct conn){.service = service, .stream = stream, .state = CONN_OPEN};
    conn->input_since_ns = conn->output_since_ns = now_ns(conn);
    if (refused) {
        conn->farewell = bough_bytes_of(overload, sizeof(overload) - 1);
        conn->closing = true;
    }
    *result = conn;
    return BOUGH_OK;
}

void conn_close(struct conn *conn)
{
    while (conn->first != NULL) {
        struct exchange *exchange = conn->first;

        conn->first = exchange->next;
        exchange_close(exchange);
    }
    bough_heap_give(heap_of(conn), conn->in, CONN_IN_BYTES);
    bough_heap_give(heap_of(conn), conn->out, conn->out_max);
    bough_stream_close(conn->stream);
    bough_heap_give(heap_of(conn), conn, sizeof(*conn));
}

/* ---- in ---- */

static bool has_output(const struct conn *conn)
{
    const struct exchange *first = conn->first;

    if (conn->out_len > conn->out_at || conn->farewell.len > 0)
        return true;
    if (first == NULL)
        return false;
    return first->say_continue || first->state == EXCHANGE_READY ||
           (first->state == EXCHANGE_RELEASED && first->out.stage != HTTP_OUT_DONE);
}

/* Invariant (3): whether another request may be begun. */
static bool has_room(const struct conn *conn)
{
    size_t queued = 0;

    if (conn->exchange_count >= BOUGH_HTTP_PIPELINE_MAX)
        return false;
    for (const struct exchange *at = conn->first; at != NULL; at = at->next) {
        if (at->state == EXCHANGE_WORKING || at->request.reply.source != NULL)
            return false;
        queued += at->request.reply.body.len;
    }
    return queued < BOUGH_QUEUED_BYTES_MAX;
}

/* Puts an exchange at the end of the queue, or says farewell when there was no memory for it. */
static void add_exchange(struct conn *conn, struct exchange *exchange, enum bough_err err)
{
    if (err != BOUGH_OK) {
        conn->farewell = bough_bytes_of(overload, sizeof(overload) - 1);
        conn->closing = true;
        return;
    }
    if (conn->last == NULL)
        conn->first = exchange;
    else
        conn->last->next = exchange;
    conn->last = exchange;
    conn->exchange_count++;
}

/* Takes one request's head off the front of *input; false when it is not complete. */
static bool take_head(struct conn *conn, struct bough_bytes *input)
{
    struct exchange *exchange = NULL;
    size_t head_len = 0;
    unsigned status = http_in_scan(&conn->scan, *input, &head_len);
    struct bough_bytes none = {0};
    enum bough_err err;

    if (status == 0 && head_len == 0) {
        if (input->len < CONN_IN_BYTES)
            return false;
        status = 431;
    }
    conn->scan = (struct http_in_scan){0};
    conn->input_since_ns = now_ns(conn);
    if (status != 0) {
        err = exchange_refuse(conn->service, status, &exchange);
        add_exchange(conn, exchange, err);
        return true;
    }
    err = exchange_open(conn->service, bough_bytes_of(input->at, head_len), &exchange);
    add_exchange(conn, exchange, err);
    *input = bough_bytes_of(input->at + head_len, input->len - head_len);
    if (err == BOUGH_OK)
        exchange_feed(exchange, &none);
    return true;
}

/* Runs what the input holds, as far as it goes. */
static void advance(struct conn *conn)
{
    struct bough_bytes input = bough_bytes_of(conn->in, conn->in_len);

    conn->held_back = false;
    while (input.len > 0) {
        if (conn->last != NULL && conn->last->close && conn->last->body_done)
            conn->closing = true;
        if (conn->closing) {
            input.len = 0;
        } else if (conn->last != NULL && !conn->last->body_done) {
            exchange_feed(conn->last, &input);
            if (conn->last->body_done)
                conn->input_since_ns = now_ns(conn);
        } else if (!has_room(conn)) {
            conn->held_back = true;
            break;
        } else if (!take_head(conn, &input)) {
            break;
        }
    }
    if (conn->last != NULL && conn->last->close && conn->last->body_done)
        conn->closing = true;
    if (input.len > 0)
        memmove(conn->in, input.at, input.len);
    conn->in_len = input.len;
}

/* The client sends no more; what it did not finish is dropped. */
static void end_input(struct conn *conn, enum bough_err err)
{
    conn->input_end = true;
    if (err != BOUGH_CLOSED) {
        conn->state = CONN_GONE;
        return;
    }
    if (conn->last != NULL && !conn->last->body_done)
        exchange_give_up(conn->last, PROBLEM_BAD_REQUEST);
    if (!conn->held_back) {
        conn->in_len = 0;
        conn->closing = true;
    }
    if (conn->first == NULL && !has_output(conn) && conn->closing)
        conn->state = CONN_GONE;
}

/* Reads once; false when nothing more can be had now. */
static bool read_some(struct conn *conn, size_t *total)
{
    size_t got = 0;
    enum bough_err err;

    if (conn->in == NULL)
        conn->in = bough_heap_take(heap_of(conn), CONN_IN_BYTES);
    if (conn->in == NULL) {
        conn->farewell = bough_bytes_of(overload, sizeof(overload) - 1);
        conn->closing = true;
        return false;
    }
    err = bough_stream_read(conn->stream, conn->in + conn->in_len, CONN_IN_BYTES - conn->in_len,
                            &got);
    if (err == BOUGH_NOT_READY)
        return false;
    if (err != BOUGH_OK) {
        end_input(conn, err);
        return false;
    }
    if (conn->in_len == 0 && (conn->last == NULL || conn->last->body_done))
        conn->input_since_ns = now_ns(conn);
    conn->in_len += got;
    *total += got;
    return true;
}

/* Reads and forgets, so that a reset does not overtake the last reply. */
static void linger(struct conn *conn)
{
    uint8_t scrap[4096];
    enum bough_err err = BOUGH_OK;

    while (err == BOUGH_OK && conn->linger_bytes < LINGER_BYTES_MAX) {
        size_t got = 0;

        err = bough_stream_read(conn->stream, scrap, sizeof(scrap), &got);
        conn->linger_bytes += got;
    }
    if (err != BOUGH_NOT_READY)
        conn->state = CONN_GONE;
}

static bool wants_input(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->closing && !conn->input_end && !conn->held_back;
}

void conn_receive(struct conn *conn)
{
    size_t total = 0;

    if (conn->state == CONN_LINGERING) {
        linger(conn);
        return;
    }
    if (conn->held_back && has_room(conn)) {
        advance(conn);
        if (conn->input_end && !conn->held_back)
            conn->closing = true;
    }
    while (conn->stream->readable && wants_input(conn) && total < TURN_IN_BYTES_MAX) {
        if (!read_some(conn, &total))
            break;
        advance(conn);
    }
    if (conn->in_len == 0 && conn->in != NULL && !conn->held_back) {
        bough_heap_give(heap_of(conn), conn->in, CONN_IN_BYTES);
        conn->in = NULL;
    }
}

/* ---- between ---- */

static bool is_working(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->last != NULL && conn->last->state == EXCHANGE_WORKING;
}

bool conn_work(struct conn *conn)
{
    if (!is_working(conn))
        return false;
    exchange_work(conn->last);
    return true;
}

/* ---- out ---- */

/* The time for sending begins anew. */
static void restart_output(struct conn *conn)
{
    conn->output_since_ns = now_ns(conn);
    conn->output_bytes = 0;
}

void conn_release(struct conn *conn, bool failed)
{
    if (conn->first != NULL && conn->first->state == EXCHANGE_READY)
        restart_output(conn);
    for (struct exchange *at = conn->first; at != NULL; at = at->next)
        exchange_release(at, failed);
}

static void drop_first(struct conn *conn)
{
    struct exchange *exchange = conn->first;

    conn->first = exchange->next;
    if (conn->first == NULL)
        conn->last = NULL;
    conn->exchange_count--;
    exchange_close(exchange);
    restart_output(conn);
}

static void put(struct conn *conn, struct bough_bytes bytes)
{
    assert(bytes.len <= conn->out_max - conn->out_len);
    memcpy(conn->out + conn->out_len, bytes.at, bytes.len);
    conn->out_len += bytes.len;
}

/* Puts some of the oldest exchange into the buffer; false when it has nothing to give now. */
static bool pull(struct conn *conn)
{
    struct exchange *exchange = conn->first;
    size_t got = 0;
    enum bough_err err;

    if (exchange->state == EXCHANGE_RECEIVING && exchange->say_continue) {
        put(conn, bough_bytes_of(go_on, sizeof(go_on) - 1));
        exchange->say_continue = false;
        return false;
    }
    if (exchange->state != EXCHANGE_RELEASED)
        return false;
    err = http_out_pull(&exchange->out, &exchange->request, conn->out + conn->out_len,
                        conn->out_max - conn->out_len, &got);
    if (err == BOUGH_NOT_READY) {
        if (conn->out_len == 0)
            restart_output(conn); /* the client waits for us, not we for it */
        return false;
    }
    if (err != BOUGH_OK) {
        bough_log(conn->service->env->log, BOUGH_WARN, "http", "%s: reply %s is cut: %s",
                  conn->stream->peer, exchange->request.id, bough_err_name(err));
        conn->state = CONN_GONE;
        return false;
    }
    conn->out_len += got;
    if (exchange->out.stage != HTTP_OUT_DONE)
        return true;
    if (!exchange->body_done)
        return false; /* its body is still being dropped; the next reply cannot be there yet */
    conn->closing |= exchange->out.close;
    drop_first(conn);
    return true;
}

/* Fills the buffer, which is empty. */
static void fill(struct conn *conn)
{
    conn->out_at = conn->out_len = 0;
    while (conn->first != NULL && conn->out_max - conn->out_len >= PULL_BYTES_MIN)
        if (!pull(conn))
            break;
    if (conn->first == NULL && conn->farewell.len > 0 &&
        conn->out_max - conn->out_len >= conn->farewell.len) {
        put(conn, conn->farewell);
        conn->farewell.len = 0;
    }
}

/* All is sent: what now? */
static void settle(struct conn *conn)
{
    bough_heap_give(heap_of(conn), conn->out, conn->out_max);
    conn->out = NULL;
    conn->out_at = conn->out_len = 0;
    if (!conn->closing || conn->first != NULL)
        return;
    if (conn->input_end) {
        conn->state = CONN_GONE;
        return;
    }
    bough_stream_shut(conn->stream);
    conn->state = CONN_LINGERING;
    conn->input_since_ns = now_ns(conn);
}

/* A buffer of the usual size, or of the least when memory is short: a refusal must still go out. */
static bool take_out_buffer(struct conn *conn)
{
    conn->out_max = CONN_OUT_BYTES;
    conn->out = bough_heap_take(heap_of(conn), conn->out_max);
    if (conn->out == NULL) {
        conn->out_max = CONN_OUT_BYTES_MIN;
        conn->out = bough_heap_take(heap_of(conn), conn->out_max);
    }
    return conn->out != NULL;
}

void conn_send(struct conn *conn)
{
    size_t total = 0;

    while (conn->state == CONN_OPEN && total < TURN_OUT_BYTES_MAX) {
        size_t took = 0;
        enum bough_err err;

        if (conn->out == NULL && !take_out_buffer(conn)) {
            conn->state = CONN_GONE;
            return;
        }
        if (conn->out_at == conn->out_len)
            fill(conn);
        if (conn->state != CONN_OPEN)
            return;
        if (conn->out_at == conn->out_len) {
            settle(conn);
            return;
        }
        err = bough_stream_write(conn->stream, conn->out + conn->out_at,
                                 conn->out_len - conn->out_at, &took);
        if (err == BOUGH_NOT_READY)
            return;
        if (err != BOUGH_OK) {
            conn->state = CONN_GONE;
            return;
        }
        conn->out_at += took;
        conn->output_bytes += took;
        total += took;
    }
}

/* ---- time ---- */

#define MS_NS ((uint64_t)1000000)

/* What moves slower than the least rate ends after the grace time. */
static uint64_t rate_deadline_ns(uint64_t since_ns, uint64_t bytes)
{
    return since_ns + BOUGH_BODY_GRACE_MS * MS_NS +
           bytes * (1000 * MS_NS / BOUGH_BODY_RATE_BYTES_MIN);
}

uint64_t conn_deadline_ns(const struct conn *conn)
{
    if (conn->state == CONN_GONE)
        return 0;
    if (conn->state == CONN_LINGERING)
        return conn->input_since_ns + BOUGH_LINGER_MS * MS_NS;
    if (conn->first != NULL && conn->first->state == EXCHANGE_READY)
        return UINT64_MAX; /* it waits for us, not we for the client */
    if (has_output(conn))
        return rate_deadline_ns(conn->output_since_ns, conn->output_bytes);
    if (is_working(conn))
        return UINT64_MAX; /* the same */
    if (conn->last != NULL && !conn->last->body_done)
        return rate_deadline_ns(conn->input_since_ns, conn->last->wire_bytes);
    if (conn->in_len > 0)
        return conn->input_since_ns + BOUGH_HEAD_TIMEOUT_MS * MS_NS;
    return conn->input_since_ns + BOUGH_IDLE_TIMEOUT_MS * MS_NS;
}

void conn_expire(struct conn *conn)
{
    struct exchange *exchange = NULL;
    enum bough_err err;

    if (now_ns(conn) < conn_deadline_ns(conn))
        return;
    if (conn->state != CONN_OPEN || has_output(conn)) {
        conn->state = CONN_GONE;
        return;
    }
    conn->closing = true;
    if (conn->last != NULL && !conn->last->body_done) {
        exchange_give_up(conn->last, PROBLEM_TIMEOUT);
    } else if (conn->in_len > 0) {
        conn->in_len = 0;
        err = exchange_refuse(conn->service, 408, &exchange);
        add_exchange(conn, exchange, err);
    } else {
        conn->state = CONN_GONE; /* idle: nobody waits for an answer */
    }
}

bool conn_has_work(const struct conn *conn)
{
    if (conn->state == CONN_LINGERING)
        return conn->stream->readable;
    if (conn->state != CONN_OPEN)
        return false;
    return is_working(conn) || (conn->held_back && has_room(conn)) ||
           (conn->stream->readable && wants_input(conn)) ||
           (conn->stream->writable && has_output(conn));
}

bool conn_is_idle(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->first == NULL && conn->in_len == 0 &&
           !has_output(conn);
}

void conn_stop(struct conn *conn)
{
    conn->closing = true;
    conn->in_len = 0;
    if (conn->last != NULL && !conn->last->body_done)
        exchange_give_up(conn->last, PROBLEM_OVERLOAD);
    else if (conn->last != NULL)
        conn->last->close = true;
    if (conn->first == NULL && !has_output(conn))
        conn->state = CONN_GONE;
}
