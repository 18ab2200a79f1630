/* SPDX-License-Identifier: ISC
 *
 * api_diff.c - what differs between two revisions, page by page, as a patch, or counted.
 *
 * Owns no data.
 *   (1) The next page is asked for at full hashes, so pages fit together whatever is written in
 *       between.
 *   (2) What is the same in both is not read: a page costs what it shows.
 *   (3) A page of a patch is made in steps between other requests (long_read.c), and ends when
 *       much was compared: lines that have little in common take about a second for each MiB.  No
 *       comparison of trees stays open between two steps; the next one goes on behind `last`.
 */
#include "api.h"
#include "bough/diff.h"
#include "git_patch.h"
#include "hash.h"
#include "long_read.h"
#include "percent.h"
#include "query.h"
#include "reply.h"
#include "rev.h"
#include <stdio.h>

/* Compared and written in one step of a patch, but for the change that is last. */
#define STEP_BYTES (128u << 10)

static const char *const kinds[] = {
    [BOUGH_DIFF_ADDED] = "added",
    [BOUGH_DIFF_REMOVED] = "removed",
    [BOUGH_DIFF_CHANGED] = "modified",
};

struct comparing {
    struct long_read base;
    struct request *request;
    struct rev from;
    struct rev to;
    struct bough_bytes
        names[2]; /* of from and to, for the next page: full hashes where it can be */
    struct bough_bytes prefix;
    struct bough_bytes after;
    uint64_t limit;
    bool lines; /* application/x-ndjson */
    bool patch; /* text/x-diff */
    bool stat;
    uint64_t shown_count;
    uint64_t compared_bytes;
    struct out out;
    struct json_write json;
    struct bough_bytes last; /* the last key of a page or step, in the request's arena */
    bool more;
};

/* The revision that a parameter names.  False: the reply is made up, or *err says what. */
static bool find_side(struct comparing *comparing, const struct query *query, const char *name,
                      struct rev *rev, struct bough_bytes *shown, enum bough_err *err)
{
    struct request *request = comparing->request;
    struct out out = out_begin(&request->arena);
    char hex[2 * BOUGH_HASH_BYTES + 1];

    *err = BOUGH_OK;
    *shown = query_value(query, name);
    if (shown->len == 0) {
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "\"%s\" must name a revision", name);
        return false;
    }
    *err = rev_find(request, *shown, rev);
    if (*err != BOUGH_OK) {
        *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_REVISION, *shown);
        return false;
    }
    if (bough_hash_is_none(&rev->commit.name))
        return true; /* a default branch without a commit yet: the empty tree */
    hash_hex(&rev->commit.name, hex);
    out_text(&out, hex);
    *err = out_end(&out, shown);
    return *err == BOUGH_OK;
}

static void write_entry(struct json_write *json, const char *name, const struct bough_entry *entry)
{
    struct bough_hash etag;
    char mode[16];

    if (entry == NULL) {
        json_write_null(json, name);
        return;
    }
    (void)snprintf(mode, sizeof(mode), "%06o", entry->mode);
    bough_value_name(&entry->value, &etag);
    json_write_object(json, name);
    json_write_hash(json, "etag", &etag);
    json_write_number(json, "size", entry->value.size_bytes);
    json_write_text(json, "mode", mode);
    json_write_end(json);
}

static void write_change(struct comparing *comparing, const struct bough_diff_change *change)
{
    struct json_write line = json_write_into(&comparing->out);
    struct json_write *json = comparing->lines ? &line : &comparing->json;

    json_write_object(json, NULL);
    reply_json_bytes(comparing->request, json, "key", "key_encoded", change->path);
    json_write_text(json, "change", kinds[change->kind]);
    write_entry(json, "old", change->kind == BOUGH_DIFF_ADDED ? NULL : &change->from);
    write_entry(json, "new", change->kind == BOUGH_DIFF_REMOVED ? NULL : &change->to);
    json_write_end(json);
    if (comparing->lines)
        out_text(&comparing->out, "\n");
}

/* What the page has cost so far. */
static uint64_t cost_of(const struct comparing *comparing)
{
    return comparing->compared_bytes + comparing->out.len;
}

/* Whether the page ends here. */
static bool is_full(const struct comparing *comparing)
{
    return comparing->shown_count == comparing->limit ||
           (comparing->patch && cost_of(comparing) > BOUGH_DIFF_PAGE_BYTES_MAX);
}

/* Shows a change with its lines: invariant (3). */
static enum bough_err write_patch(struct comparing *comparing,
                                  const struct bough_diff_change *change)
{
    if (change->kind != BOUGH_DIFF_ADDED &&
        change->from.value.size_bytes <= BOUGH_DIFF_TEXT_BYTES_MAX)
        comparing->compared_bytes += change->from.value.size_bytes;
    if (change->kind != BOUGH_DIFF_REMOVED &&
        change->to.value.size_bytes <= BOUGH_DIFF_TEXT_BYTES_MAX)
        comparing->compared_bytes += change->to.value.size_bytes;
    return git_patch_write(comparing->request, &comparing->out, change);
}

/* Shows a change; *pause says that others should have their turn. */
static enum bough_err show_one(struct comparing *comparing, uint64_t begun,
                               const struct bough_diff_change *change, bool *pause)
{
    if (comparing->patch)
        BOUGH_TRY(write_patch(comparing, change));
    else
        write_change(comparing, change);
    comparing->shown_count++;
    *pause = comparing->patch && cost_of(comparing) - begun > STEP_BYTES && !is_full(comparing);
    if (!*pause && !is_full(comparing))
        return BOUGH_OK;
    comparing->last = bough_arena_copy(&comparing->request->arena, change->path);
    return comparing->last.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Shows the changes of a page, or of a step of it: BOUGH_NOT_READY. */
static enum bough_err show(struct comparing *comparing, struct bough_tree_diff *diff)
{
    uint64_t begun = cost_of(comparing);
    struct bough_diff_change change;
    bool pause = false;

    while (!pause) {
        enum bough_err err = bough_tree_diff_next(diff, &change);

        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK)
            return err;
        if (is_full(comparing)) {
            comparing->more = true;
            return BOUGH_OK;
        }
        BOUGH_TRY(show_one(comparing, begun, &change, &pause));
    }
    return BOUGH_NOT_READY;
}

/* Counts changes, BOUGH_DIFF_STAT_MAX of them at most, instead of showing them. */
static enum bough_err count(struct comparing *comparing, struct bough_tree_diff *diff)
{
    struct json_write *json = &comparing->json;
    uint64_t counts[sizeof(kinds) / sizeof(kinds[0])] = {0};
    uint64_t old_bytes = 0;
    uint64_t new_bytes = 0;
    struct bough_diff_change change;
    uint64_t total = 0;
    enum bough_err err;

    for (;; total++) {
        err = bough_tree_diff_next(diff, &change);
        if (err != BOUGH_OK || total == BOUGH_DIFF_STAT_MAX)
            break;
        counts[change.kind]++;
        if (change.kind != BOUGH_DIFF_ADDED)
            old_bytes += change.from.value.size_bytes;
        if (change.kind != BOUGH_DIFF_REMOVED)
            new_bytes += change.to.value.size_bytes;
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_write_number(json, kinds[i], counts[i]);
    json_write_number(json, "old_bytes", old_bytes);
    json_write_number(json, "new_bytes", new_bytes);
    json_write_bool(json, "truncated", err == BOUGH_OK);
    return BOUGH_OK;
}

/* Where the next page is: invariant (1). */
static enum bough_err next_url(struct comparing *comparing, struct bough_bytes *url)
{
    struct out out = out_begin(&comparing->request->arena);

    out_text(&out, "/v1/diff?from=");
    percent_encode(&out, comparing->names[0], true);
    out_text(&out, "&to=");
    percent_encode(&out, comparing->names[1], true);
    out_format(&out, "&limit=%llu", (unsigned long long)comparing->limit);
    if (comparing->prefix.len > 0) {
        out_text(&out, "&prefix=");
        percent_encode(&out, comparing->prefix, true);
    }
    out_text(&out, "&after=");
    percent_encode(&out, comparing->last, true);
    return out_end(&out, url);
}

static void write_commit(struct json_write *json, const char *name, const struct rev *rev)
{
    if (bough_hash_is_none(&rev->commit.name))
        json_write_null(json, name);
    else
        json_write_hash(json, name, &rev->commit.name);
}

/* Ends the document, or the lines; adds the link to the next page. */
static enum bough_err answer(struct comparing *comparing)
{
    struct request *request = comparing->request;
    struct json_write *json = &comparing->json;
    struct bough_bytes url = {0};
    struct bough_bytes body;

    if (comparing->more) {
        BOUGH_TRY(next_url(comparing, &url));
        out_text(&request->reply.fields, "Link: <");
        out_bytes(&request->reply.fields, url);
        out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
    }
    if (comparing->lines || comparing->patch) {
        BOUGH_TRY(out_end(&comparing->out, &body));
        reply_status(request, 200);
        reply_body(request, comparing->patch ? "text/x-diff" : "application/x-ndjson", body);
        return BOUGH_OK;
    }
    if (!comparing->stat) {
        json_write_end(json);
        if (comparing->more)
            json_write_bytes(json, "next", url);
        else
            json_write_null(json, "next");
    }
    json_write_end(json);
    return reply_json_end(request, &comparing->out, 200);
}

static enum bough_err diff_begin(struct long_read *base)
{
    struct comparing *comparing = (struct comparing *)base;

    comparing->out = reply_json_begin(comparing->request);
    comparing->json = json_write_into(&comparing->out);
    comparing->shown_count = comparing->compared_bytes = 0;
    comparing->last = comparing->after;
    comparing->more = false;
    if (comparing->lines || comparing->patch)
        return BOUGH_OK;
    json_write_object(&comparing->json, NULL);
    write_commit(&comparing->json, "from", &comparing->from);
    write_commit(&comparing->json, "to", &comparing->to);
    if (!comparing->stat)
        json_write_array(&comparing->json, "changes");
    return BOUGH_OK;
}

static enum bough_err diff_step(struct long_read *base)
{
    struct comparing *comparing = (struct comparing *)base;
    struct bough_tree_diff diff;
    enum bough_err err;

    BOUGH_TRY(bough_tree_diff_open(&diff, comparing->request->service->store, &comparing->from.tree,
                                   &comparing->to.tree, comparing->prefix, comparing->last,
                                   &comparing->request->arena));
    err = comparing->stat ? count(comparing, &diff) : show(comparing, &diff);
    bough_tree_diff_close(&diff);
    return err != BOUGH_OK ? err : answer(comparing);
}

/* Leaves the page to be made, of two commits that stay, or of one and nothing. */
static enum bough_err start(struct comparing *comparing)
{
    static const struct long_read_ops ops = {.begin = diff_begin, .step = diff_step};
    const struct rev *sides[] = {&comparing->from, &comparing->to};
    struct bough_link commits[2];
    size_t count = 0;

    for (size_t i = 0; i < 2; i++)
        if (!bough_hash_is_none(&sides[i]->commit.name))
            commits[count++] = sides[i]->commit;
    return long_read_start(&comparing->base, comparing->request, &ops, commits, count);
}

enum bough_err api_diff_get(struct request *request)
{
    static const char *const parameters[] = {"from",  "to",   "prefix", "after",
                                             "limit", "stat", NULL};
    struct comparing *comparing = bough_arena_zeros(&request->arena, 1, sizeof(*comparing));
    struct query query;
    enum bough_err err = BOUGH_OK;

    if (comparing == NULL)
        return BOUGH_NO_MEMORY;
    comparing->request = request;
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &comparing->limit) ||
        !find_side(comparing, &query, "from", &comparing->from, &comparing->names[0], &err) ||
        !find_side(comparing, &query, "to", &comparing->to, &comparing->names[1], &err))
        return err;
    if (comparing->limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    comparing->stat = query_flag(&query, "stat");
    comparing->prefix = query_value(&query, "prefix");
    comparing->after = query_value(&query, "after");
    comparing->patch = !comparing->stat && http_in_accepts(&request->in, "text/x-diff");
    comparing->lines = !comparing->stat && !comparing->patch &&
                       http_in_accepts(&request->in, "application/x-ndjson");
    return start(comparing);
}
