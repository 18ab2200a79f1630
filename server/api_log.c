/* SPDX-License-Identifier: ISC
 *
 * api_log.c - commits: the history of revisions, and one commit.
 *
 * Owns no data.  A page ends with the hashes where the next one begins, all lines of history side
 * by side; so pages need no state here and fit together whatever is written in between.
 */
#include "api.h"
#include "commit_json.h"
#include "hash.h"
#include "history.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define LOG_LIMIT_MAX 1000u
#define HEADS_MAX     100u /* in one request line, with room to spare */

enum bough_err api_log_get(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_commit commit;
    struct rev rev;
    enum bough_err err = rev_find(request, request->words[0], &rev);

    if (err == BOUGH_OK && bough_hash_is_none(&rev.commit.name))
        err = BOUGH_NOT_FOUND;
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_REVISION, request->words[0]);
    BOUGH_TRY(bough_commit_get(request->service->store, &rev.commit, &request->arena, &commit));
    commit_json_write(&json, &rev.commit, &commit);
    reply_hash(request, "ETag", &rev.commit.name, true);
    reply_hash(request, "Bough-Commit", &rev.commit.name, false);
    if (rev.exact)
        reply_field(request, "Cache-Control", "public, max-age=31536000, immutable");
    return reply_json_end(request, &out, 200);
}

/* Adds the revisions of a list "a,b,c" to the walk.  False: the reply is made up, or *err says. */
static bool add_heads(struct request *request, struct history *history, struct bough_bytes list,
                      bool hide, enum bough_err *err)
{
    struct bough_bytes name;
    unsigned count = 0;

    *err = BOUGH_OK;
    while (http_in_element(&list, &name)) {
        struct rev rev;

        if (++count > HEADS_MAX) {
            *err = reply_problem(request, PROBLEM_BAD_REQUEST, "more than %u revisions", HEADS_MAX);
            return false;
        }
        *err = rev_find(request, name, &rev);
        if (*err != BOUGH_OK) {
            *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_REVISION, name);
            return false;
        }
        if (!bough_hash_is_none(&rev.commit.name))
            *err = history_add(history, &rev.commit, hide);
        if (*err != BOUGH_OK)
            return false;
    }
    return true;
}

/* The heads of the page after this one, as the parameter `from` of its URL; empty when this is the
 * last.  *cut says that there are too many lines of history side by side for a URL. */
static enum bough_err next_heads(struct request *request, struct history *history,
                                 struct bough_bytes *heads, bool *cut)
{
    struct bough_link links[HEADS_MAX];
    struct out out = out_begin(&request->arena);
    size_t count = history_waiting(history, links, HEADS_MAX);

    *cut = count > HEADS_MAX;
    for (size_t i = 0; i < count && !*cut; i++) {
        char hex[2 * BOUGH_HASH_BYTES + 1];

        hash_hex(&links[i].name, hex);
        out_format(&out, "%s%s", i > 0 ? "," : "", hex);
    }
    return out_end(&out, heads);
}

/* Ends the document; adds the link to the next page. */
static enum bough_err answer(struct request *request, struct history *history,
                             struct json_write *json, struct out *out, uint64_t limit,
                             struct bough_bytes until)
{
    struct out url = out_begin(&request->arena);
    struct bough_bytes heads = {0};
    struct bough_bytes text;
    bool cut = false;

    BOUGH_TRY(next_heads(request, history, &heads, &cut));
    json_write_end(json);
    if (heads.len > 0) {
        out_format(&url, "/v1/commits?limit=%llu&from=", (unsigned long long)limit);
        out_bytes(&url, heads);
        if (until.len > 0) {
            out_text(&url, "&until=");
            out_bytes(&url, until);
        }
        BOUGH_TRY(out_end(&url, &text));
        json_write_bytes(json, "next", text);
        out_text(&request->reply.fields, "Link: <");
        out_bytes(&request->reply.fields, text);
        out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
    } else {
        json_write_null(json, "next");
    }
    json_write_bool(json, "truncated", cut);
    json_write_end(json);
    return reply_json_end(request, out, 200);
}

static enum bough_err next_commit(void *source, struct bough_arena *arena, struct bough_link *link,
                                  struct bough_commit *commit)
{
    return history_next((struct history *)source, arena, link, commit);
}

static enum bough_err list(struct request *request, struct history *history, uint64_t limit,
                           struct bough_bytes until)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    uint64_t left = limit;

    json_write_object(&json, NULL);
    json_write_array(&json, "commits");
    BOUGH_TRY(commit_json_list(request, &json, next_commit, history, &left));
    return answer(request, history, &json, &out, limit, until);
}

enum bough_err api_log_list(struct request *request)
{
    static const char *const parameters[] = {"from", "until", "limit", NULL};
    struct history history;
    struct bough_bytes from;
    struct bough_bytes head;
    struct query query;
    uint64_t limit;
    enum bough_err err;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, LOG_LIMIT_MAX, &limit))
        return BOUGH_OK;
    from = query_value(&query, "from");
    if (from.len == 0) {
        BOUGH_TRY(bough_ref_head(request->service->store, &request->arena, &head));
        from = bough_bytes_of(head.at + strlen("heads/"), head.len - strlen("heads/"));
    }
    history_begin(&history, request->service->store, &request->arena);
    if (!add_heads(request, &history, from, false, &err) ||
        !add_heads(request, &history, query_value(&query, "until"), true, &err))
        return err;
    return list(request, &history, limit, query_value(&query, "until"));
}
