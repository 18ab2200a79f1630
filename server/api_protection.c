/* SPDX-License-Identifier: ISC
 *
 * api_protection.c - what nobody may do to a branch.
 *
 * Owns no data.  Patterns are of branches, as clients name them; the store's have "heads/" before.
 */
#include "api.h"
#include "bough/protection.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define KIND     "heads/"
#define KIND_LEN (sizeof(KIND) - 1)

enum bough_err api_protection_get(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    const struct bough_protection *rules;
    size_t count;

    BOUGH_TRY(bough_protection_get(request->service->store, &request->arena, &rules, &count));
    json_write_object(&json, NULL);
    json_write_array(&json, "rules");
    for (size_t i = 0; i < count; i++) {
        struct bough_bytes pattern = rules[i].pattern;

        json_write_object(&json, NULL);
        reply_json_bytes(request, &json, "branch", "branch_encoded",
                         bough_bytes_of(pattern.at + KIND_LEN, pattern.len - KIND_LEN));
        json_write_bool(&json, "force", !rules[i].from_force);
        json_write_bool(&json, "delete", !rules[i].from_delete);
        json_write_end(&json);
    }
    json_write_end(&json);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

/* A member that says what may be done; it may not, unless the member says so.  False: it is no
 * boolean. */
static bool read_may(const struct json *item, const char *name, bool *protected)
{
    const struct json *given = json_read_member(item, name);

    *protected = given == NULL || given->kind == JSON_FALSE;
    return *protected || given->kind == JSON_TRUE;
}

/* One rule of the document.  False: the reply is made up, or *err says what. */
static bool read_rule(struct request *request, const struct json *item, size_t index,
                      struct bough_protection *rule, enum bough_err *err)
{
    static const char *const members[] = {"branch", "branch_encoded", "force", "delete", NULL};
    struct out out = out_begin(&request->arena);
    struct bough_bytes branch;
    struct bough_bytes stranger;

    *err = BOUGH_OK;
    if (item->kind != JSON_OBJECT || !query_knows(item, members, &stranger) ||
        !query_bytes(request, item, "branch", "branch_encoded", &branch) || branch.len == 0 ||
        !read_may(item, "force", &rule->from_force) ||
        !read_may(item, "delete", &rule->from_delete)) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "rules[%zu] must be a \"branch\", and may have \"force\" and "
                            "\"delete\", true or false",
                            index);
        return false;
    }
    out_text(&out, KIND);
    out_bytes(&out, branch);
    *err = out_end(&out, &rule->pattern);
    return *err == BOUGH_OK;
}

enum bough_err api_protection_put(struct request *request)
{
    static const char *const members[] = {"rules", NULL};
    const struct json *body = query_body(request, members);
    const struct json *list = json_read_member(body, "rules");
    struct bough_protection rules[BOUGH_PROTECTION_MAX] = {{.from_force = false}};
    size_t count = 0;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    if (list == NULL || list->kind != JSON_ARRAY || list->item_count > BOUGH_PROTECTION_MAX)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"rules\" must be a list of at most %u", BOUGH_PROTECTION_MAX);
    for (const struct json *item = list->first; item != NULL; item = item->next, count++)
        if (!read_rule(request, item, count, &rules[count], &err))
            return err;
    BOUGH_TRY(bough_protection_set(request->service->store, rules, count));
    reply_status(request, 204);
    return BOUGH_OK;
}
