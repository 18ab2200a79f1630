/* SPDX-License-Identifier: ISC
 *
 * api_merge_list.c - the branches that have a merge in progress, also those that are gone.
 *
 * Owns no data; the refs of merges are walked in their order.
 */
#include "api.h"
#include "bough/ref.h"
#include "reply.h"
#include "rev.h"

enum bough_err api_merge_list(struct request *request)
{
    const struct bough_bytes prefix = bough_bytes_text(BOUGH_REF_MERGES);
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes name;
    struct bough_ref ref;
    uint64_t limit;
    enum bough_err err;

    if (!rev_page(request, BOUGH_REF_MERGES, PROBLEM_NO_SUCH_BRANCH, &name, &limit, &err))
        return err;
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
