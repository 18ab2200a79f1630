/* SPDX-License-Identifier: ISC
 *
 * api_history.c - the commits that changed a key or a directory, and the commit each key is from.
 *
 * Owns no data.
 *   (1) A page of history ends with the hashes where the next one begins, a page of blame with the
 *       hash that it looked from: pages need no state here and fit together whatever is written in
 *       between.
 *   (2) What a page shows of history lives in memory one commit at a time.
 *   (3) Both walk in bounded steps (long_read.c): a key that did not change in a million commits is
 *       no reason for others to wait.
 *   (4) A page of history ends after HISTORY_PAGE_STEPS of them, whatever it has found: so a client
 *       hears from time to time that it goes on.
 * The moment that matters is the end of a page of history: where more lines are side by side than a
 * request line holds, the page says so instead of leaving some of them out.
 */
#include "api.h"
#include "bough/blame.h"
#include "bough/path_log.h"
#include "commit_json.h"
#include "hash.h"
#include "long_read.h"
#include "percent.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define HISTORY_LIMIT_MAX 1000u
#define HEADS_MAX         100u /* in one request line, with room to spare */
#define LINE_REST_BYTES   64u  /* of a request line, for its method and version */

struct heads {
    struct bough_link links[HEADS_MAX];
    size_t count;
};

/* The branch's head, or what the parameter `from` names instead.  False: the reply is made up, or
 * *err says. */
static bool find_heads(struct request *request, const struct query *query, struct heads *heads,
                       enum bough_err *err)
{
    struct bough_bytes list = query_value(query, "from");
    struct bough_bytes name;
    struct rev rev;

    heads->count = 0;
    *err = rev_branch(request, request->words[0], &rev);
    if (*err != BOUGH_OK) {
        *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
        return false;
    }
    if (list.len == 0 && !bough_hash_is_none(&rev.commit.name))
        heads->links[heads->count++] = rev.commit;
    while (http_in_element(&list, &name)) {
        if (heads->count == HEADS_MAX) {
            *err = reply_problem(request, PROBLEM_BAD_REQUEST, "more than %u revisions", HEADS_MAX);
            return false;
        }
        if (!rev_commit(request, "from", name, &rev, err))
            return false;
        heads->links[heads->count++] = rev.commit;
    }
    return true;
}

/* Begins the URL of the next page: "/v1/b/main/WHAT". */
static struct out begin_url(struct request *request, const char *what)
{
    struct out url = out_begin(&request->arena);

    out_text(&url, "/v1/b/");
    percent_encode(&url, request->words[0], false);
    out_text(&url, what);
    return url;
}

/* Ends the list; says where the next page is, unless `url` is empty. */
static void write_next(struct request *request, struct json_write *json, struct bough_bytes url)
{
    json_write_end(json);
    if (url.len == 0) {
        json_write_null(json, "next");
        return;
    }
    json_write_bytes(json, "next", url);
    out_text(&request->reply.fields, "Link: <");
    out_bytes(&request->reply.fields, url);
    out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
}

/* ---- history ---- */

struct history_read {
    struct long_read base;
    struct heads heads;
    struct bough_path_log log;
    struct out out;
    struct json_write json;
    uint64_t limit;
    uint64_t left; /* of the limit */
    uint32_t step_count;
};

/* Where the history goes on; empty at its end, and where *cut says that no URL can hold it. */
static enum bough_err next_history(struct history_read *read, struct bough_bytes *text, bool *cut)
{
    struct request *request = read->base.request;
    struct bough_link links[HEADS_MAX];
    size_t count = bough_path_log_waiting(&read->log, links, HEADS_MAX);
    struct out url = begin_url(request, "/history/");

    *text = bough_bytes_of(NULL, 0);
    *cut = count > HEADS_MAX;
    if (count == 0 || *cut)
        return BOUGH_OK;
    percent_encode(&url, request->words[1], true);
    out_format(&url, "?limit=%llu&from=", (unsigned long long)read->limit);
    for (size_t i = 0; i < count; i++) {
        char hex[2 * BOUGH_HASH_BYTES + 1];

        hash_hex(&links[i].name, hex);
        out_format(&url, "%s%s", i > 0 ? "," : "", hex);
    }
    BOUGH_TRY(out_end(&url, text));
    *cut = text->len > BOUGH_HTTP_LINE_BYTES_MAX - LINE_REST_BYTES;
    if (*cut)
        text->len = 0;
    return BOUGH_OK;
}

static enum bough_err next_commit(void *source, struct bough_arena *arena, struct bough_link *link,
                                  struct bough_commit *commit)
{
    return bough_path_log_next((struct bough_path_log *)source, arena, link, commit);
}

static enum bough_err history_begin_page(struct long_read *base)
{
    struct history_read *read = (struct history_read *)base;
    struct request *request = base->request;

    read->left = read->limit;
    read->step_count = 0;
    read->out = reply_json_begin(request);
    read->json = json_write_into(&read->out);
    json_write_object(&read->json, NULL);
    json_write_array(&read->json, "commits");
    return bough_path_log_open(&read->log, request->service->store, read->heads.links,
                               read->heads.count, request->words[1], &request->arena);
}

static enum bough_err history_step(struct long_read *base)
{
    struct history_read *read = (struct history_read *)base;
    struct request *request = base->request;
    enum bough_err err =
        commit_json_list(request, &read->json, next_commit, &read->log, &read->left);
    struct bough_bytes url;
    bool cut;

    if (err == BOUGH_NOT_READY && ++read->step_count < BOUGH_HISTORY_PAGE_STEPS)
        return err;
    if (err != BOUGH_OK && err != BOUGH_NOT_READY)
        return err;
    BOUGH_TRY(next_history(read, &url, &cut));
    if (err == BOUGH_NOT_READY && cut)
        return err; /* there is no other way to go on */
    write_next(request, &read->json, url);
    json_write_bool(&read->json, "truncated", cut);
    json_write_end(&read->json);
    return reply_json_end(request, &read->out, 200);
}

enum bough_err api_history_get(struct request *request)
{
    static const char *const parameters[] = {"from", "limit", NULL};
    static const struct long_read_ops ops = {.begin = history_begin_page, .step = history_step};
    struct history_read *read = bough_arena_zeros(&request->arena, 1, sizeof(*read));
    struct query query;
    enum bough_err err;

    if (read == NULL)
        return BOUGH_NO_MEMORY;
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, HISTORY_LIMIT_MAX,
                      &read->limit))
        return BOUGH_OK;
    if (!find_heads(request, &query, &read->heads, &err))
        return err;
    if (bough_tree_path_check(request->words[1]) == BOUGH_INVALID)
        return reply_problem(request, PROBLEM_BAD_KEY,
                             "steps must not be empty, \".\" or \"..\", nor hold NUL");
    return long_read_start(&read->base, request, &ops, read->heads.links, read->heads.count);
}

/* ---- blame ---- */

struct blame_read {
    struct long_read base;
    struct bough_blame blame;
    struct bough_link commit; /* name none: there are no keys yet */
    struct bough_bytes prefix;
    struct bough_bytes after;
    uint64_t limit;
};

/* Where the keys after `last` are asked for. */
static enum bough_err next_blame(const struct blame_read *read, struct bough_bytes last,
                                 struct bough_bytes *text)
{
    struct out url = begin_url(read->base.request, "/blame?from=");
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(&read->commit.name, hex);
    out_format(&url, "%s&limit=%llu", hex, (unsigned long long)read->limit);
    if (read->prefix.len > 0) {
        out_text(&url, "&prefix=");
        percent_encode(&url, read->prefix, true);
    }
    out_text(&url, "&after=");
    percent_encode(&url, last, true);
    return out_end(&url, text);
}

static enum bough_err write_blame(const struct blame_read *read, const struct bough_blame_key *keys,
                                  size_t count)
{
    struct request *request = read->base.request;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes url = {0};

    json_write_object(&json, NULL);
    if (bough_hash_is_none(&read->commit.name))
        json_write_null(&json, "commit");
    else
        json_write_hash(&json, "commit", &read->commit.name);
    json_write_array(&json, "keys");
    for (size_t i = 0; i < count && i < read->limit; i++) {
        json_write_object(&json, NULL);
        reply_json_bytes(request, &json, "key", "key_encoded", keys[i].path);
        json_write_hash(&json, "commit", &keys[i].commit.name);
        json_write_end(&json);
    }
    if (count > read->limit)
        BOUGH_TRY(next_blame(read, keys[read->limit - 1].path, &url));
    write_next(request, &json, url);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

static enum bough_err blame_begin(struct long_read *base)
{
    struct blame_read *read = (struct blame_read *)base;

    if (bough_hash_is_none(&read->commit.name))
        return BOUGH_OK;
    return bough_blame_open(&read->blame, base->request->service->store, &read->commit,
                            read->prefix, read->after, (size_t)read->limit + 1,
                            &base->request->arena);
}

static enum bough_err blame_step(struct long_read *base)
{
    struct blame_read *read = (struct blame_read *)base;
    struct bough_blame_key *keys = NULL;
    size_t count = 0;

    if (!bough_hash_is_none(&read->commit.name))
        BOUGH_TRY(bough_blame_step(&read->blame, &keys, &count));
    return write_blame(read, keys, count);
}

enum bough_err api_history_blame(struct request *request)
{
    static const char *const parameters[] = {"from", "prefix", "after", "limit", NULL};
    static const struct long_read_ops ops = {.begin = blame_begin, .step = blame_step};
    struct blame_read *read = bough_arena_zeros(&request->arena, 1, sizeof(*read));
    struct heads heads;
    struct query query;
    enum bough_err err;

    if (read == NULL)
        return BOUGH_NO_MEMORY;
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &read->limit))
        return BOUGH_OK;
    if (read->limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    if (!find_heads(request, &query, &heads, &err))
        return err;
    if (heads.count > 1)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "\"from\" names several revisions");
    read->prefix = query_value(&query, "prefix");
    read->after = query_value(&query, "after");
    if (heads.count > 0)
        read->commit = heads.links[0];
    return long_read_start(&read->base, request, &ops, heads.links, heads.count);
}
