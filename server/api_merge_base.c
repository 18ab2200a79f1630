/* SPDX-License-Identifier: ISC
 *
 * api_merge_base.c - where two histories meet, and by how much each is ahead of the other.
 *
 * Owns no data.  Histories are walked in steps between other requests (long_read.c).
 */
#include "api.h"
#include "bough/merge_base.h"
#include "long_read.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

struct base_read {
    struct long_read base;
    struct bough_link sides[2];
    struct bough_merge_base_walk walk;
};

static enum bough_err base_begin(struct long_read *base)
{
    struct base_read *read = (struct base_read *)base;

    return bough_merge_base_open(&read->walk, base->request->service->store, &read->sides[0], 1,
                                 &read->sides[1], 1, &base->request->arena);
}

static enum bough_err base_step(struct long_read *base)
{
    struct base_read *read = (struct base_read *)base;
    struct bough_merge_base found;
    struct out out;
    struct json_write json;

    BOUGH_TRY(bough_merge_base_step(&read->walk, &found));
    out = reply_json_begin(base->request);
    json = json_write_into(&out);
    json_write_object(&json, NULL);
    json_write_hash(&json, "a", &read->sides[0].name);
    json_write_hash(&json, "b", &read->sides[1].name);
    json_write_array(&json, "bases");
    for (uint32_t i = 0; i < found.base_count && i < BOUGH_MERGE_BASES_MAX; i++)
        json_write_hash(&json, NULL, &found.bases[i].name);
    json_write_end(&json);
    json_write_number(&json, "base_count", found.base_count);
    json_write_number(&json, "ahead", found.ours_only);
    json_write_number(&json, "behind", found.theirs_only);
    json_write_bool(&json, "is_ancestor", found.ours_only == 0);
    json_write_bool(&json, "cut", found.cut);
    json_write_end(&json);
    return reply_json_end(base->request, &out, 200);
}

enum bough_err api_merge_base_get(struct request *request)
{
    static const char *const parameters[] = {"a", "b", NULL};
    static const struct long_read_ops ops = {.begin = base_begin, .step = base_step};
    struct base_read *read = bough_arena_zeros(&request->arena, 1, sizeof(*read));
    struct rev a;
    struct rev b;
    struct query query;
    enum bough_err err = BOUGH_OK;

    if (read == NULL)
        return BOUGH_NO_MEMORY;
    if (!query_parse(request, parameters, &query) ||
        !rev_commit(request, "a", query_value(&query, "a"), &a, &err) ||
        !rev_commit(request, "b", query_value(&query, "b"), &b, &err))
        return err;
    read->sides[0] = a.commit;
    read->sides[1] = b.commit;
    return long_read_start(&read->base, request, &ops, read->sides, 2);
}
