/* SPDX-License-Identifier: ISC
 *
 * api_log.c - commits: the history of revisions, and one commit.
 *
 * Owns no data.
 *   (1) A page ends with the hashes where the next one begins, all lines of history side by side;
 *       so pages need no state here and fit together whatever is written in between.
 *   (2) A page is made in steps between other requests (long_read.c), since there may be any number
 *       of hidden commits before the first that is shown.
 */
#include "api.h"
#include "commit_json.h"
#include "hash.h"
#include "history.h"
#include "long_read.h"
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

struct log_read {
    struct long_read base;
    struct history history;
    struct bough_link heads[2 * HEADS_MAX];
    size_t shown_count; /* of the heads; those behind them are hidden */
    size_t head_count;
    struct bough_bytes until;
    struct out out;
    struct json_write json;
    uint64_t limit;
    uint64_t left; /* of the limit */
};

/* Adds the revisions of a list "a,b,c" to the heads.  False: the reply is made up, or *err says. */
static bool add_heads(struct log_read *read, struct request *request, struct bough_bytes list,
                      enum bough_err *err)
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
            read->heads[read->head_count++] = rev.commit;
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
static enum bough_err answer(struct log_read *read)
{
    struct request *request = read->base.request;
    struct out url = out_begin(&request->arena);
    struct bough_bytes heads = {0};
    struct bough_bytes text;
    bool cut = false;

    BOUGH_TRY(next_heads(request, &read->history, &heads, &cut));
    json_write_end(&read->json);
    if (heads.len > 0) {
        out_format(&url, "/v1/commits?limit=%llu&from=", (unsigned long long)read->limit);
        out_bytes(&url, heads);
        if (read->until.len > 0) {
            out_text(&url, "&until=");
            out_bytes(&url, read->until);
        }
        BOUGH_TRY(out_end(&url, &text));
        json_write_bytes(&read->json, "next", text);
        out_text(&request->reply.fields, "Link: <");
        out_bytes(&request->reply.fields, text);
        out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
    } else {
        json_write_null(&read->json, "next");
    }
    json_write_bool(&read->json, "truncated", cut);
    json_write_end(&read->json);
    return reply_json_end(request, &read->out, 200);
}

static enum bough_err next_commit(void *source, struct bough_arena *arena, struct bough_link *link,
                                  struct bough_commit *commit)
{
    return history_next((struct history *)source, arena, link, commit);
}

static enum bough_err log_begin(struct long_read *base)
{
    struct log_read *read = (struct log_read *)base;
    struct request *request = base->request;

    read->left = read->limit;
    read->out = reply_json_begin(request);
    read->json = json_write_into(&read->out);
    json_write_object(&read->json, NULL);
    json_write_array(&read->json, "commits");
    history_begin(&read->history, request->service->store, &request->arena);
    for (size_t i = 0; i < read->head_count; i++)
        BOUGH_TRY(history_add(&read->history, &read->heads[i], i >= read->shown_count));
    return BOUGH_OK;
}

static enum bough_err log_step(struct long_read *base)
{
    struct log_read *read = (struct log_read *)base;

    BOUGH_TRY(
        commit_json_list(base->request, &read->json, next_commit, &read->history, &read->left));
    return answer(read);
}

enum bough_err api_log_list(struct request *request)
{
    static const char *const parameters[] = {"from", "until", "limit", NULL};
    static const struct long_read_ops ops = {.begin = log_begin, .step = log_step};
    struct log_read *read = bough_arena_zeros(&request->arena, 1, sizeof(*read));
    struct bough_bytes from;
    struct bough_bytes head;
    struct query query;
    enum bough_err err;

    if (read == NULL)
        return BOUGH_NO_MEMORY;
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, LOG_LIMIT_MAX,
                      &read->limit))
        return BOUGH_OK;
    from = query_value(&query, "from");
    if (from.len == 0) {
        BOUGH_TRY(bough_ref_head(request->service->store, &request->arena, &head));
        from = bough_bytes_of(head.at + strlen("heads/"), head.len - strlen("heads/"));
    }
    if (!add_heads(read, request, from, &err))
        return err;
    read->shown_count = read->head_count;
    read->until = query_value(&query, "until");
    if (!add_heads(read, request, read->until, &err))
        return err;
    return long_read_start(&read->base, request, &ops, read->heads, read->head_count);
}
