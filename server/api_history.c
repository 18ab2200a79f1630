/* SPDX-License-Identifier: ISC
 *
 * api_history.c - the commits that changed a key or a directory, and the commit each key is from.
 *
 * Owns no data.
 *   (1) A page of history ends with the hashes where the next one begins, a page of blame with the
 *       hash that it looked from: pages need no state here and fit together whatever is written in
 *       between.
 *   (2) What a page shows of history lives in memory one commit at a time.
 * The moment that matters is the end of a page of history: where more lines are side by side than a
 * request line holds, the page says so instead of leaving some of them out.
 */
#include "api.h"
#include "bough/blame.h"
#include "bough/path_log.h"
#include "commit_json.h"
#include "hash.h"
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

/* Where the history goes on; empty at its end, and where *cut says that no URL can hold it. */
static enum bough_err next_history(struct request *request, const struct bough_path_log *log,
                                   uint64_t limit, struct bough_bytes *text, bool *cut)
{
    struct bough_link links[HEADS_MAX];
    size_t count = bough_path_log_waiting(log, links, HEADS_MAX);
    struct out url = begin_url(request, "/history/");

    *text = bough_bytes_of(NULL, 0);
    *cut = count > HEADS_MAX;
    if (count == 0 || *cut)
        return BOUGH_OK;
    percent_encode(&url, request->words[1], true);
    out_format(&url, "?limit=%llu&from=", (unsigned long long)limit);
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

static enum bough_err write_history(struct request *request, struct bough_path_log *log,
                                    uint64_t limit)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes url;
    bool cut;

    json_write_object(&json, NULL);
    BOUGH_TRY(commit_json_list(request, &json, next_commit, log, limit));
    BOUGH_TRY(next_history(request, log, limit, &url, &cut));
    write_next(request, &json, url);
    json_write_bool(&json, "truncated", cut);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_history_get(struct request *request)
{
    static const char *const parameters[] = {"from", "limit", NULL};
    struct bough_path_log log;
    struct heads heads;
    struct query query;
    uint64_t limit;
    enum bough_err err;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, HISTORY_LIMIT_MAX,
                      &limit))
        return BOUGH_OK;
    if (!find_heads(request, &query, &heads, &err))
        return err;
    err = bough_path_log_open(&log, request->service->store, heads.links, heads.count,
                              request->words[1], &request->arena);
    if (err == BOUGH_INVALID)
        return reply_problem(request, PROBLEM_BAD_KEY,
                             "steps must not be empty, \".\" or \"..\", nor hold NUL");
    if (err != BOUGH_OK)
        return err;
    return write_history(request, &log, limit);
}

/* ---- blame ---- */

struct blaming {
    struct request *request;
    struct bough_link commit; /* name none: there are no keys yet */
    struct bough_bytes prefix;
    struct bough_bytes after;
    uint64_t limit;
};

/* Where the keys after `last` are asked for. */
static enum bough_err next_blame(const struct blaming *blaming, struct bough_bytes last,
                                 struct bough_bytes *text)
{
    struct out url = begin_url(blaming->request, "/blame?from=");
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(&blaming->commit.name, hex);
    out_format(&url, "%s&limit=%llu", hex, (unsigned long long)blaming->limit);
    if (blaming->prefix.len > 0) {
        out_text(&url, "&prefix=");
        percent_encode(&url, blaming->prefix, true);
    }
    out_text(&url, "&after=");
    percent_encode(&url, last, true);
    return out_end(&url, text);
}

static enum bough_err write_blame(const struct blaming *blaming, const struct bough_blame_key *keys,
                                  size_t count)
{
    struct request *request = blaming->request;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes url = {0};

    json_write_object(&json, NULL);
    if (bough_hash_is_none(&blaming->commit.name))
        json_write_null(&json, "commit");
    else
        json_write_hash(&json, "commit", &blaming->commit.name);
    json_write_array(&json, "keys");
    for (size_t i = 0; i < count && i < blaming->limit; i++) {
        json_write_object(&json, NULL);
        reply_json_bytes(request, &json, "key", "key_encoded", keys[i].path);
        json_write_hash(&json, "commit", &keys[i].commit.name);
        json_write_end(&json);
    }
    if (count > blaming->limit)
        BOUGH_TRY(next_blame(blaming, keys[blaming->limit - 1].path, &url));
    write_next(request, &json, url);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_history_blame(struct request *request)
{
    static const char *const parameters[] = {"from", "prefix", "after", "limit", NULL};
    struct blaming blaming = {.request = request};
    struct bough_blame_key *keys = NULL;
    struct heads heads;
    struct query query;
    size_t count = 0;
    enum bough_err err;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &blaming.limit))
        return BOUGH_OK;
    if (blaming.limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    if (!find_heads(request, &query, &heads, &err))
        return err;
    if (heads.count > 1)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "\"from\" names several revisions");
    blaming.prefix = query_value(&query, "prefix");
    blaming.after = query_value(&query, "after");
    if (heads.count > 0) {
        blaming.commit = heads.links[0];
        BOUGH_TRY(bough_blame_keys(request->service->store, &blaming.commit, blaming.prefix,
                                   blaming.after, (size_t)blaming.limit + 1, &request->arena, &keys,
                                   &count));
    }
    return write_blame(&blaming, keys, count);
}
