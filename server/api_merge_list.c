/* SPDX-License-Identifier: ISC
 *
 * api_merge_list.c - the branches that have a merge in progress, also those that are gone.
 *
 * Owns no data; the refs of merges are walked in their order.
 */
#include "api.h"
#include "bough/ref.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

enum bough_err api_merge_list(struct request *request)
{
    static const char *const parameters[] = {"after", "limit", NULL};
    const struct bough_bytes prefix = bough_bytes_text(BOUGH_REF_MERGES);
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes name = {0};
    struct bough_ref ref;
    struct query query;
    uint64_t limit;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &limit))
        return BOUGH_OK;
    if (query_value(&query, "after").len > 0)
        err = rev_ref_name(request, BOUGH_REF_MERGES, query_value(&query, "after"), &name);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, query_value(&query, "after"));
    json_write_object(&json, NULL);
    json_write_array(&json, "merges");
    for (uint64_t i = 0; i < limit && err == BOUGH_OK; i++) {
        err = bough_ref_next(request->service->store, prefix, name, &request->arena, &name, &ref);
        if (err != BOUGH_OK)
            break;
        json_write_object(&json, NULL);
        reply_json_bytes(request, &json, "branch", "branch_encoded",
                         bough_bytes_of(name.at + prefix.len, name.len - prefix.len));
        json_write_hash(&json, "draft", &ref.link.name);
        json_write_end(&json);
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_end(&json);
    json_write_bool(&json, "more", err == BOUGH_OK);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}
