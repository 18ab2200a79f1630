/* SPDX-License-Identifier: ISC
 *
 * api_retention.c - how much history branches keep.
 *
 * Owns no data.  Patterns are of branches, as clients name them; the store's have "heads/" before.
 */
#include "api.h"
#include "bough/retention.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define KIND     "heads/"
#define KIND_LEN (sizeof(KIND) - 1)

enum bough_err api_retention_get(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    const struct bough_retention *policies;
    size_t count;

    BOUGH_TRY(bough_retention_get(request->service->store, &request->arena, &policies, &count));
    json_write_object(&json, NULL);
    json_write_array(&json, "policies");
    for (size_t i = 0; i < count; i++) {
        struct bough_bytes pattern = policies[i].pattern;

        json_write_object(&json, NULL);
        reply_json_bytes(request, &json, "branch", "branch_encoded",
                         bough_bytes_of(pattern.at + KIND_LEN, pattern.len - KIND_LEN));
        json_write_number(&json, "commits", policies[i].commits);
        json_write_number(&json, "days", policies[i].days);
        json_write_end(&json);
    }
    json_write_end(&json);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

/* One policy of the document.  False: the reply is made up, or *err says what. */
static bool read_policy(struct request *request, const struct json *item, size_t index,
                        struct bough_retention *policy, enum bough_err *err)
{
    static const char *const members[] = {"branch", "branch_encoded", "commits", "days", NULL};
    struct out out = out_begin(&request->arena);
    struct bough_bytes branch;
    struct bough_bytes stranger;

    *err = BOUGH_OK;
    if (item->kind != JSON_OBJECT || !query_knows(item, members, &stranger) ||
        !query_bytes(request, item, "branch", "branch_encoded", &branch) || branch.len == 0) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "policies[%zu] must be a \"branch\" with \"commits\", \"days\" or both",
                            index);
        return false;
    }
    out_text(&out, KIND);
    out_bytes(&out, branch);
    *err = out_end(&out, &policy->pattern);
    return *err == BOUGH_OK &&
           query_member(request, item, "commits", UINT32_MAX, &policy->commits) &&
           query_member(request, item, "days", UINT32_MAX, &policy->days);
}

enum bough_err api_retention_put(struct request *request)
{
    static const char *const members[] = {"policies", NULL};
    const struct json *body = query_body(request, members);
    const struct json *list = json_read_member(body, "policies");
    struct bough_retention policies[BOUGH_RETENTION_MAX] = {{.commits = 0}};
    size_t count = 0;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    if (list == NULL || list->kind != JSON_ARRAY || list->item_count > BOUGH_RETENTION_MAX)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"policies\" must be a list of at most %u", BOUGH_RETENTION_MAX);
    for (const struct json *item = list->first; item != NULL; item = item->next, count++)
        if (!read_policy(request, item, count, &policies[count], &err))
            return err;
    err = bough_retention_set(request->service->store, policies, count);
    if (err == BOUGH_INVALID)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "a policy says how many commits to keep, or how many days");
    if (err != BOUGH_OK)
        return err;
    reply_status(request, 204);
    return BOUGH_OK;
}
