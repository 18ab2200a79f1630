/* SPDX-License-Identifier: ISC
 *
 * api_dump.c - the whole store, or what is new in it, as a dump that is made while it is sent.
 *
 * Owns no data; a reply owns its dump.  A dump remembers every object that it has sent, so there is
 * one at a time.
 */
#include "api.h"
#include "bough/backup.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define SINCE_MAX 64u

struct dump_source {
    struct reply_source base;
    struct service *service;
    struct bough_backup_dump *dump;
};

static enum bough_err source_read(struct reply_source *base, void *into, size_t max, size_t *got)
{
    return bough_backup_dump_read(((struct dump_source *)base)->dump, into, max, got);
}

static void source_close(struct reply_source *base)
{
    struct dump_source *source = (struct dump_source *)base;

    bough_backup_dump_close(source->dump);
    assert(source->service->dumping);
    source->service->dumping = false;
}

/* The commits of a list "a,b,c".  False: the reply is made up, or *err says. */
static bool find_since(struct request *request, struct bough_bytes list,
                       struct bough_hash since[SINCE_MAX], size_t *count, enum bough_err *err)
{
    struct bough_bytes name;

    *count = 0;
    *err = BOUGH_OK;
    while (http_in_element(&list, &name)) {
        struct rev rev;

        if (*count == SINCE_MAX) {
            *err = reply_problem(request, PROBLEM_BAD_REQUEST, "more than %u revisions", SINCE_MAX);
            return false;
        }
        *err = rev_find(request, name, &rev);
        if (*err != BOUGH_OK) {
            *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_REVISION, name);
            return false;
        }
        if (!bough_hash_is_none(&rev.commit.name)) /* a branch without commits has nothing */
            since[(*count)++] = rev.commit.name;
    }
    return true;
}

enum bough_err api_dump_get(struct request *request)
{
    static const char *const parameters[] = {"since", "offset", NULL};
    static const struct reply_source_ops ops = {.read = source_read, .close = source_close};
    struct service *service = request->service;
    struct bough_hash since[SINCE_MAX];
    struct dump_source *source;
    struct query query;
    uint64_t offset;
    size_t count;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "offset", 0, INT64_MAX, &offset) ||
        !find_since(request, query_value(&query, "since"), since, &count, &err))
        return err;
    if (service->dumping)
        return reply_problem(request, PROBLEM_OVERLOAD,
                             "another dump is being sent: there is one "
                             "at a time");
    source = bough_arena_zeros(&request->arena, 1, sizeof(*source));
    if (source == NULL)
        return BOUGH_NO_MEMORY;
    *source = (struct dump_source){.base = {.ops = &ops}, .service = service};
    BOUGH_TRY(bough_backup_dump_open(service->store, since, count, offset, &source->dump));
    service->dumping = true;
    reply_status(request, 200);
    reply_source(request, "application/octet-stream", &source->base, false, 0);
    return BOUGH_OK;
}
