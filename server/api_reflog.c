/* SPDX-License-Identifier: ISC
 *
 * api_reflog.c - the log of refs: what branches and tags pointed at before.
 *
 * Owns no data.  A log outlives its branch: that is how a deleted one comes back (api_branch.c).
 */
#include "api.h"
#include "date.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define DAYS_MAX 36500u

static void write_entry(struct json_write *json, const struct bough_ref_log_entry *entry)
{
    char date[DATE_ISO_BYTES];

    date_iso(entry->who.time_s, 0, date);
    json_write_object(json, NULL);
    json_write_number(json, "sequence", entry->sequence);
    json_write_hash(json, "old", &entry->old.link.name);
    if (entry->removed)
        json_write_null(json, "new");
    else
        json_write_hash(json, "new", &entry->next);
    json_write_text(json, "time", date);
    json_write_signed(json, "time_s", entry->who.time_s);
    json_write_bytes(json, "name", entry->who.name);
    json_write_bytes(json, "email", entry->who.email);
    json_write_bytes(json, "why", entry->why);
    json_write_end(json);
}

/* The log of the ref that the path names. */
static enum bough_err show(struct request *request, const char *kind, enum problem_kind missing)
{
    static const char *const parameters[] = {"before", "limit", NULL};
    struct bough_store *store = request->service->store;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_ref_log_entry entry;
    struct bough_bytes name;
    struct query query;
    uint64_t before;
    uint64_t limit;
    enum bough_err err;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "before", 0, INT64_MAX, &before) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &limit))
        return BOUGH_OK;
    err = rev_ref_name(request, kind, request->words[0], &name);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, missing, request->words[0]);
    json_write_object(&json, NULL);
    reply_json_bytes(request, &json, "name", "name_encoded", request->words[0]);
    json_write_array(&json, "log");
    for (uint64_t i = 0; i < limit && err == BOUGH_OK; i++) {
        err = bough_ref_log_prev(store, name, before, &request->arena, &entry);
        if (err == BOUGH_OK) {
            write_entry(&json, &entry);
            before = entry.sequence;
        }
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_end(&json);
    json_write_bool(&json, "more", err == BOUGH_OK);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_reflog_branch(struct request *request)
{
    return show(request, "heads/", PROBLEM_NO_SUCH_BRANCH);
}

enum bough_err api_reflog_tag(struct request *request)
{
    return show(request, "tags/", PROBLEM_NO_SUCH_TAG);
}

/* Adds one ref that has a log. */
static enum bough_err write_ref(struct request *request, struct json_write *json,
                                struct bough_bytes name)
{
    struct bough_ref ref;
    enum bough_err err = bough_ref_get(request->service->store, name, &ref);

    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_object(json, NULL);
    reply_json_bytes(request, json, "ref", "ref_encoded", name);
    json_write_bool(json, "exists", err == BOUGH_OK);
    json_write_end(json);
    return BOUGH_OK;
}

enum bough_err api_reflog_list(struct request *request)
{
    static const char *const parameters[] = {"after", "limit", NULL};
    struct bough_store *store = request->service->store;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_ref_log_window window;
    struct bough_bytes name;
    struct query query;
    uint64_t limit;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &limit))
        return BOUGH_OK;
    name = query_value(&query, "after");
    BOUGH_TRY(bough_ref_log_window(store, &window));
    json_write_object(&json, NULL);
    json_write_number(&json, "moves", window.moves);
    json_write_number(&json, "days", window.days);
    json_write_array(&json, "refs");
    for (uint64_t i = 0; i < limit && err == BOUGH_OK; i++) {
        err = bough_ref_log_next_name(store, name, &request->arena, &name);
        if (err == BOUGH_OK)
            err = write_ref(request, &json, name);
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_end(&json);
    json_write_bool(&json, "more", err == BOUGH_OK);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_reflog_put(struct request *request)
{
    static const char *const members[] = {"moves", "days", NULL};
    const struct json *body = query_body(request, members);
    struct bough_ref_log_window window;

    if (body == NULL)
        return BOUGH_OK;
    BOUGH_TRY(bough_ref_log_window(request->service->store, &window));
    if (!query_member(request, body, "moves", BOUGH_REFLOG_MOVES_MAX, &window.moves) ||
        !query_member(request, body, "days", DAYS_MAX, &window.days))
        return BOUGH_OK;
    BOUGH_TRY(bough_ref_log_window_set(request->service->store, &window));
    reply_status(request, 204);
    return BOUGH_OK;
}

enum bough_err api_reflog_clear(struct request *request)
{
    BOUGH_TRY(bough_ref_log_clear(request->service->store, (struct bough_bytes){0}));
    reply_status(request, 204);
    return BOUGH_OK;
}
