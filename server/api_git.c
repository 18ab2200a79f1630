/* SPDX-License-Identifier: ISC
 *
 * api_git.c - the store as a git repository, over git's smart HTTP protocol.
 *
 * Owns one git exchange per request: first as the sink of the request's body, then as the work that
 * is done between other requests, then as the source of the reply; whichever holds it last closes
 * it.
 *   (1) Only the configured repository name is served.
 *   (2) A push is durable before its reply is made up: the exchange syncs by itself.
 */
#include "api.h"
#include "query.h"
#include "reply.h"

struct git_source {
    struct reply_source base;
    struct bough_git_exchange *exchange;
};

static enum bough_err source_read(struct reply_source *base, void *into, size_t max, size_t *got)
{
    return bough_git_exchange_read(((struct git_source *)base)->exchange, into, max, got);
}

static void source_close(struct reply_source *base)
{
    bough_git_exchange_close(((struct git_source *)base)->exchange);
}

/* Whether the path names our repository, whose service is open.  False: the reply says no. */
static bool check_repository(struct request *request)
{
    struct bough_bytes name = bough_bytes_text(request->service->config.name);
    struct bough_bytes given = request->words[0];

    if (request->service->git == NULL) {
        (void)reply_problem(request, PROBLEM_UNSUPPORTED, "git");
        return false;
    }
    if (given.len == name.len + 4 && bough_bytes_starts(given, name) &&
        memcmp(given.at + name.len, ".git", 4) == 0)
        return true;
    (void)reply_problem(request, PROBLEM_NO_SUCH_PATH, "the repository here is /%s.git",
                        request->service->config.name);
    return false;
}

/* An exchange that is being ended. */
struct git_work {
    struct bough_git_request asked;
    struct git_source source;
    bool ended; /* the reply has the exchange */
};

/* A step; at the end the exchange becomes the reply's source. */
static enum bough_err work_step(struct request *request)
{
    struct git_work *work = request->work_state;
    enum bough_err err = bough_git_exchange_end(work->source.exchange);

    if (err == BOUGH_NOT_FOUND && work->asked.service == BOUGH_GIT_BUNDLE)
        return reply_problem(request, PROBLEM_NO_SUCH_REVISION, "there is no branch or tag yet");
    BOUGH_TRY(err);
    work->ended = true;
    reply_field(request, "Cache-Control", "no-cache, max-age=0, must-revalidate");
    reply_status(request, 200);
    reply_source(request, bough_git_content_type(&work->asked, false), &work->source.base, false,
                 0);
    return BOUGH_OK;
}

static void work_end(struct request *request)
{
    struct git_work *work = request->work_state;

    if (!work->ended)
        bough_git_exchange_close(work->source.exchange);
}

/* The request is complete: the exchange, which is owned from now on, is ended in steps. */
static enum bough_err answer(struct request *request, const struct bough_git_request *asked,
                             struct bough_git_exchange *exchange)
{
    static const struct reply_source_ops source = {.read = source_read, .close = source_close};
    static const struct request_work_ops ops = {.step = work_step, .end = work_end};
    struct git_work *work = bough_arena_zeros(&request->arena, 1, sizeof(*work));

    if (work == NULL) {
        bough_git_exchange_close(exchange);
        return BOUGH_NO_MEMORY;
    }
    *work = (struct git_work){.asked = *asked,
                              .source = {.base = {.ops = &source}, .exchange = exchange}};
    request->work = &ops;
    request->work_state = work;
    return BOUGH_OK;
}

enum bough_err api_git_refs(struct request *request)
{
    static const char *const parameters[] = {"service", NULL};
    struct bough_git_request asked = {.advertise = true,
                                      .protocol = http_in_field(&request->in, "Git-Protocol", 0)};
    struct bough_git_exchange *exchange;
    struct bough_bytes service;
    struct query query;

    if (!check_repository(request) || !query_parse(request, parameters, &query))
        return BOUGH_OK;
    service = query_value(&query, "service");
    if (bough_bytes_equal(service, bough_bytes_text("git-receive-pack")))
        asked.service = BOUGH_GIT_RECEIVE;
    else if (bough_bytes_equal(service, bough_bytes_text("git-upload-pack")))
        asked.service = BOUGH_GIT_UPLOAD;
    else
        return reply_problem(request, PROBLEM_PROTECTED,
                             "only git's smart protocol is served: git-upload-pack and "
                             "git-receive-pack");
    BOUGH_TRY(bough_git_exchange_open(request->service->git, &asked, &exchange));
    return answer(request, &asked, exchange);
}

enum bough_err api_git_bundle(struct request *request)
{
    static const char *const parameters[] = {"since", NULL};
    struct bough_git_request asked = {.service = BOUGH_GIT_BUNDLE};
    struct bough_git_exchange *exchange;
    struct query query;
    enum bough_err err;

    if (!check_repository(request) || !query_parse(request, parameters, &query))
        return BOUGH_OK;
    asked.since = query_value(&query, "since");
    err = bough_git_exchange_open(request->service->git, &asked, &exchange);
    if (err == BOUGH_INVALID)
        return reply_problem(request, PROBLEM_BAD_REQUEST,
                             "\"since\" is a list of git's commit ids with commas between");
    if (err == BOUGH_NOT_FOUND)
        return reply_problem(request, PROBLEM_NO_SUCH_REVISION,
                             "\"since\" names a commit that is "
                             "not here");
    BOUGH_TRY(err);
    return answer(request, &asked, exchange);
}

enum bough_err api_git_dumb(struct request *request)
{
    if (!check_repository(request))
        return BOUGH_OK;
    return reply_problem(request, PROBLEM_PROTECTED,
                         "only git's smart protocol is served; this client asks for plain files");
}

/* ---- POST ---- */

struct git_sink {
    struct bough_git_request asked;
    struct bough_git_exchange *exchange;
};

static enum bough_err sink_add(struct request *request, struct bough_bytes bytes)
{
    struct git_sink *sink = request->sink_state;

    return bough_git_exchange_add(sink->exchange, bytes);
}

static enum bough_err sink_end(struct request *request)
{
    struct git_sink *sink = request->sink_state;

    return answer(request, &sink->asked, sink->exchange);
}

static void sink_abandon(struct request *request)
{
    struct git_sink *sink = request->sink_state;

    bough_git_exchange_close(sink->exchange);
}

static enum bough_err begin_post(struct request *request, enum bough_git_service service)
{
    static const struct request_sink_ops ops = {
        .add = sink_add, .end = sink_end, .abandon = sink_abandon};
    struct git_sink *sink = bough_arena_zeros(&request->arena, 1, sizeof(*sink));
    struct bough_bytes type = http_in_field(&request->in, "Content-Type", 0);

    if (!check_repository(request))
        return BOUGH_OK;
    if (sink == NULL)
        return BOUGH_NO_MEMORY;
    sink->asked = (struct bough_git_request){
        .service = service, .protocol = http_in_field(&request->in, "Git-Protocol", 0)};
    if (!http_in_is(type, bough_git_content_type(&sink->asked, true)))
        return reply_problem(request, PROBLEM_UNSUPPORTED_TYPE, "the type must be %s",
                             bough_git_content_type(&sink->asked, true));
    BOUGH_TRY(bough_git_exchange_open(request->service->git, &sink->asked, &sink->exchange));
    request->sink = &ops;
    request->sink_state = sink;
    request->body_bytes_max = UINT64_MAX; /* the exchange has its own limits, in git's words */
    return BOUGH_OK;
}

enum bough_err api_git_upload(struct request *request)
{
    return begin_post(request, BOUGH_GIT_UPLOAD);
}

enum bough_err api_git_receive(struct request *request)
{
    return begin_post(request, BOUGH_GIT_RECEIVE);
}
