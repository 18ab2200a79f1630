/* SPDX-License-Identifier: ISC
 *
 * loop.c - the event loop: who is ready is served, then one sync, then the replies.
 *
 * Owns the connections.
 *   (1) No reply leaves before a sync that came after everything its request has seen or written:
 *       group commit is a property of the turn.
 *   (2) After a sync has failed nothing of the store is shown any more: what its memory holds may
 *       not be what the device kept.
 *   (3) At most the configured number of connections is served; who comes after that is told so
 *       (TURNED_AWAY_MAX at once, the others find the door closed), unless an idle connection can
 *       make room.
 *   (4) What takes many steps takes one in a turn, whoever asked and however many did: so a turn
 *       is short, and everybody comes to it.
 * The moment that matters is make_durable.
 */
#include "loop.h"
#include "bough/collect.h"

#define SECOND_NS        ((uint64_t)1000000000)
#define GOODBYE_NS       (SECOND_NS / 2)
#define ACCEPTS_PER_TURN 64u

/* One step of collection between two turns: a few milliseconds at most. */
#define COLLECT_OBJECTS 200u
#define COLLECT_BYTES   (256u << 10)
#define COLLECT_WAIT_NS (60 * SECOND_NS)

/* The same of a scrub. */
#define SCRUB_BYTES (512u << 10)

void loop_init(struct loop *loop, struct service *service, struct bough_net *net)
{
    memset(loop, 0, sizeof(*loop));
    loop->service = service;
    loop->net = net;
}

static uint64_t now_ns(const struct loop *loop)
{
    return bough_clock_now_ns(loop->service->env->clock);
}

/* Closes connection `index`; the last one takes its place. */
static void drop(struct loop *loop, size_t index)
{
    conn_close(loop->conns[index]);
    loop->conns[index] = loop->conns[--loop->conn_count];
    loop->service->connections_now = loop->conn_count;
}

/* Closes the connection that has been idle for longest; false when none is. */
static bool make_room(struct loop *loop)
{
    size_t oldest = loop->conn_count;

    for (size_t i = 0; i < loop->conn_count; i++)
        if (conn_is_idle(loop->conns[i]) &&
            (oldest == loop->conn_count ||
             conn_deadline_ns(loop->conns[i]) < conn_deadline_ns(loop->conns[oldest])))
            oldest = i;
    if (oldest == loop->conn_count)
        return false;
    drop(loop, oldest);
    return true;
}

/* Takes a new connection in, or tells it that there is no place. */
static void admit(struct loop *loop, struct bough_stream *stream)
{
    size_t most = (size_t)loop->service->config.connections;
    bool refused = loop->conn_count >= most && !make_room(loop);

    assert(most <= BOUGH_CONNECTIONS_MAX);
    if (refused)
        bough_log(loop->service->env->log, BOUGH_WARN, "loop", "%s: too many connections (%zu)",
                  stream->peer, loop->conn_count);
    if (loop->conn_count >= most + TURNED_AWAY_MAX) {
        bough_stream_close(stream);
        return;
    }
    if (conn_open(loop->service, stream, refused, &loop->conns[loop->conn_count]) != BOUGH_OK)
        return;
    loop->conn_count++;
    loop->service->connections_now = loop->conn_count;
}

static void accept_all(struct loop *loop)
{
    struct bough_stream *stream;

    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (bough_net_accept(loop->net, &stream) != BOUGH_OK)
            return;
        loop->service->stats.connection_count++;
        admit(loop, stream);
    }
}

/* Invariants (1) and (2); gives whether the store may be shown. */
static bool make_durable(struct service *service)
{
    struct bough_store_info info;
    enum bough_err err;

    if (service->store == NULL || service->failed)
        return !service->failed;
    bough_store_info(service->store, &info);
    if (!info.unsynced && info.read_only == service->read_only)
        return true;
    err = info.read_only ? BOUGH_READ_ONLY : bough_store_sync(service->store);
    if (err == BOUGH_OK) {
        service->stats.write_count++;
        return true;
    }
    service->failed = true;
    bough_log(service->env->log, BOUGH_ERROR, "loop",
              "sync failed (%s): the store is not shown any more until it is opened again",
              bough_err_name(err));
    return false;
}

/* Whether a step of collection is to be made now. */
static bool has_to_collect(const struct loop *loop)
{
    const struct service *service = loop->service;

    if (service->store == NULL || service->failed)
        return false;
    return job_is_running(&service->job, JOB_GC) ||
           (bough_collect_is_wanted(service->store) && now_ns(loop) >= loop->collect_from_ns);
}

/* Gives space back, a little at a time. */
static void collect(struct loop *loop)
{
    struct service *service = loop->service;
    struct bough_collect_progress progress;
    enum bough_err err;

    if (!has_to_collect(loop))
        return;
    err = bough_collect_step(service->store, COLLECT_OBJECTS, COLLECT_BYTES, &progress);
    service->collecting = progress.phase;
    job_note(&service->job, service->store, err, &progress);
    if (progress.swept) {
        service->stats.collection_count++;
        if (service->git != NULL)
            bough_git_forget(service->git); /* what it remembers may be gone */
    }
    if (err == BOUGH_OK)
        return;
    loop->collect_from_ns = now_ns(loop) + COLLECT_WAIT_NS;
    bough_log(service->env->log, BOUGH_WARN, "loop", "collection given up: %s",
              bough_err_name(err));
}

/* Whether a step of a scrub is to be made now. */
static bool has_to_scrub(const struct loop *loop)
{
    return loop->service->store != NULL && job_is_running(&loop->service->job, JOB_SCRUB);
}

/* Reads and checks what is kept, a little at a time. */
static void scrub(struct loop *loop)
{
    struct service *service = loop->service;
    struct bough_scrub_report report;
    enum bough_err err;

    if (!has_to_scrub(loop))
        return;
    err = bough_scrub_step(service->store, SCRUB_BYTES, &report);
    job_note_scrub(&service->job, err, &report);
    if (err != BOUGH_OK)
        bough_log(service->env->log, BOUGH_WARN, "loop", "scrub given up: %s", bough_err_name(err));
}

/* When the next thing has to be done without anybody asking. */
static uint64_t next_deadline_ns(const struct loop *loop, uint64_t until_ns)
{
    if (has_to_collect(loop) || has_to_scrub(loop) || loop->has_upkeep)
        return 0;
    for (size_t i = 0; i < loop->conn_count; i++) {
        uint64_t deadline = conn_deadline_ns(loop->conns[i]);

        if (conn_has_work(loop->conns[i]))
            return 0;
        if (deadline < until_ns)
            until_ns = deadline;
    }
    return until_ns;
}

/* Invariant (4): one step for one of the connections that have such work, in turns. */
static void work(struct loop *loop)
{
    for (size_t i = 0; i < loop->conn_count; i++) {
        size_t at = (loop->work_at + i) % loop->conn_count;

        if (conn_work(loop->conns[at])) {
            loop->work_at = at + 1;
            return;
        }
    }
}

static void serve_all(struct loop *loop)
{
    bool shown;

    for (size_t i = 0; i < loop->conn_count; i++)
        conn_receive(loop->conns[i]);
    work(loop);
    shown = make_durable(loop->service);
    for (size_t i = 0; i < loop->conn_count; i++) {
        conn_release(loop->conns[i], !shown);
        conn_send(loop->conns[i]);
        conn_expire(loop->conns[i]);
    }
    for (size_t i = loop->conn_count; i > 0; i--)
        if (loop->conns[i - 1]->state == CONN_GONE)
            drop(loop, i - 1);
}

enum bough_err loop_turn(struct loop *loop, uint64_t until_ns)
{
    BOUGH_TRY(bough_net_wait(loop->net, next_deadline_ns(loop, until_ns)));
    accept_all(loop);
    serve_all(loop);
    collect(loop);
    scrub(loop);
    loop->has_upkeep = loop->service->upkeep != NULL && loop->service->upkeep(loop->service);
    return BOUGH_OK;
}

enum bough_err loop_run(struct loop *loop, const volatile int *stop)
{
    while (*stop == 0)
        BOUGH_TRY(loop_turn(loop, now_ns(loop) + SECOND_NS));
    return BOUGH_OK;
}

void loop_close(struct loop *loop)
{
    uint64_t until = now_ns(loop) + GOODBYE_NS;

    for (size_t i = 0; i < loop->conn_count; i++)
        conn_stop(loop->conns[i]);
    serve_all(loop);
    while (loop->conn_count > 0 && now_ns(loop) < until) {
        if (bough_net_wait(loop->net, next_deadline_ns(loop, until)) != BOUGH_OK)
            break;
        serve_all(loop);
    }
    while (loop->conn_count > 0)
        drop(loop, loop->conn_count - 1);
}
