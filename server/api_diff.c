/* SPDX-License-Identifier: ISC
 *
 * api_diff.c - what differs between two revisions, page by page, as a patch, or counted.
 *
 * Owns no data.
 *   (1) The next page is asked for at full hashes, so pages fit together whatever is written in
 *       between.
 *   (2) What is the same in both is not read: a page costs what it shows.
 *   (3) A page of a patch ends when it has compared so much that other requests would wait: lines
 *       that have little in common take about a second for each MiB.
 */
#include "api.h"
#include "bough/diff.h"
#include "git_patch.h"
#include "hash.h"
#include "percent.h"
#include "query.h"
#include "reply.h"
#include "rev.h"
#include <stdio.h>

static const char *const kinds[] = {
    [BOUGH_DIFF_ADDED] = "added",
    [BOUGH_DIFF_REMOVED] = "removed",
    [BOUGH_DIFF_CHANGED] = "modified",
};

struct comparing {
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
    uint64_t compared_bytes;
    struct out out;
    struct json_write json;
    struct bough_bytes last; /* the last key shown, in the request's arena */
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

/* Whether a page with so many changes ends. */
static bool is_full(const struct comparing *comparing, uint64_t count)
{
    return count == comparing->limit ||
           (comparing->patch &&
            comparing->compared_bytes + comparing->out.len > BOUGH_DIFF_PAGE_BYTES_MAX);
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

/* Shows a page of changes. */
static enum bough_err show(struct comparing *comparing, struct bough_tree_diff *diff)
{
    struct bough_diff_change change;

    for (uint64_t i = 0;; i++) {
        enum bough_err err = bough_tree_diff_next(diff, &change);

        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK)
            return err;
        if (is_full(comparing, i)) {
            comparing->more = true;
            return BOUGH_OK;
        }
        if (comparing->patch)
            BOUGH_TRY(write_patch(comparing, &change));
        else
            write_change(comparing, &change);
        if (is_full(comparing, i + 1)) {
            comparing->last = bough_arena_copy(&comparing->request->arena, change.path);
            if (comparing->last.at == NULL)
                return BOUGH_NO_MEMORY;
        }
    }
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

/* Writes the document, or the lines, and the link to the next page. */
static enum bough_err write_all(struct comparing *comparing, struct bough_tree_diff *diff,
                                bool stat)
{
    struct request *request = comparing->request;
    struct json_write *json = &comparing->json;
    struct bough_bytes url = {0};

    if (!comparing->lines && !comparing->patch) {
        json_write_object(json, NULL);
        write_commit(json, "from", &comparing->from);
        write_commit(json, "to", &comparing->to);
        if (!stat)
            json_write_array(json, "changes");
    }
    BOUGH_TRY(stat ? count(comparing, diff) : show(comparing, diff));
    if (comparing->more) {
        BOUGH_TRY(next_url(comparing, &url));
        out_text(&request->reply.fields, "Link: <");
        out_bytes(&request->reply.fields, url);
        out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
    }
    if (comparing->lines || comparing->patch)
        return BOUGH_OK;
    if (!stat) {
        json_write_end(json);
        if (comparing->more)
            json_write_bytes(json, "next", url);
        else
            json_write_null(json, "next");
    }
    json_write_end(json);
    return BOUGH_OK;
}

enum bough_err api_diff_get(struct request *request)
{
    static const char *const parameters[] = {"from",  "to",   "prefix", "after",
                                             "limit", "stat", NULL};
    struct comparing comparing = {.request = request, .out = reply_json_begin(request)};
    struct bough_tree_diff diff;
    struct bough_bytes body;
    struct query query;
    bool stat;
    enum bough_err err = BOUGH_OK;

    comparing.json = json_write_into(&comparing.out);
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &comparing.limit) ||
        !find_side(&comparing, &query, "from", &comparing.from, &comparing.names[0], &err) ||
        !find_side(&comparing, &query, "to", &comparing.to, &comparing.names[1], &err))
        return err;
    if (comparing.limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    stat = query_flag(&query, "stat");
    comparing.prefix = query_value(&query, "prefix");
    comparing.after = query_value(&query, "after");
    comparing.patch = !stat && http_in_accepts(&request->in, "text/x-diff");
    comparing.lines =
        !stat && !comparing.patch && http_in_accepts(&request->in, "application/x-ndjson");
    BOUGH_TRY(bough_tree_diff_open(&diff, request->service->store, &comparing.from.tree,
                                   &comparing.to.tree, comparing.prefix, comparing.after,
                                   &request->arena));
    err = write_all(&comparing, &diff, stat);
    bough_tree_diff_close(&diff);
    if (err != BOUGH_OK || (!comparing.lines && !comparing.patch))
        return err != BOUGH_OK ? err : reply_json_end(request, &comparing.out, 200);
    BOUGH_TRY(out_end(&comparing.out, &body));
    reply_status(request, 200);
    reply_body(request, comparing.patch ? "text/x-diff" : "application/x-ndjson", body);
    return BOUGH_OK;
}
