/* SPDX-License-Identifier: ISC
 *
 * api_merge_base.c - where two histories meet, and by how much each is ahead of the other.
 *
 * Owns no data.
 */
#include "api.h"
#include "bough/merge_base.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

enum bough_err api_merge_base_get(struct request *request)
{
    static const char *const parameters[] = {"a", "b", NULL};
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_merge_base base;
    struct rev a;
    struct rev b;
    struct query query;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !rev_commit(request, "a", query_value(&query, "a"), &a, &err) ||
        !rev_commit(request, "b", query_value(&query, "b"), &b, &err))
        return err;
    BOUGH_TRY(bough_merge_base_find(request->service->store, &a.commit, 1, &b.commit, 1,
                                    &request->arena, &base));
    json_write_object(&json, NULL);
    json_write_hash(&json, "a", &a.commit.name);
    json_write_hash(&json, "b", &b.commit.name);
    json_write_array(&json, "bases");
    for (uint32_t i = 0; i < base.base_count && i < BOUGH_MERGE_BASES_MAX; i++)
        json_write_hash(&json, NULL, &base.bases[i].name);
    json_write_end(&json);
    json_write_number(&json, "base_count", base.base_count);
    json_write_number(&json, "ahead", base.ours_only);
    json_write_number(&json, "behind", base.theirs_only);
    json_write_bool(&json, "is_ancestor", base.ours_only == 0);
    json_write_bool(&json, "cut", base.cut);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}
