/* SPDX-License-Identifier: ISC
 *
 * merge_from.c - the revisions that a merge is of, as a client names them.
 *
 * Owns no data; links and names stand side by side in the request's arena.
 */
#include "merge_from.h"
#include "out.h"
#include "reply.h"
#include "rev.h"

struct bough_bytes merge_from_name(const struct merge_from *from, const struct bough_link *link)
{
    size_t i = 0;

    while (i + 1 < from->count && !bough_hash_equal(&from->links[i].name, &link->name))
        i++;
    return from->names[i];
}

/* Finds one more revision. */
static bool find(struct request *request, struct bough_bytes name, struct merge_from *from,
                 enum bough_err *err)
{
    struct rev rev;

    if (!rev_commit(request, "from", name, &rev, err))
        return false;
    from->links[from->count] = rev.commit;
    from->names[from->count] = name;
    from->count++;
    return true;
}

/* Leaves what there is to merge of several. */
static enum bough_err reduce(struct request *request, const struct bough_link *head,
                             struct merge_from *from)
{
    struct merge_from all = *from;
    bool forward;

    from->links = bough_arena_zeros(&request->arena, all.count, sizeof(*from->links));
    from->names = bough_arena_zeros(&request->arena, all.count, sizeof(*from->names));
    if (from->links == NULL || from->names == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(from->links, all.links, all.count * sizeof(*from->links));
    BOUGH_TRY(bough_merge_heads(request->service->store, head, from->links, &from->count,
                                &request->arena, &forward));
    if (from->count == 0) { /* nothing, which merging the first one will say */
        from->links[0] = all.links[0];
        from->count = 1;
    }
    for (size_t i = 0; i < from->count; i++)
        from->names[i] = merge_from_name(&all, &from->links[i]);
    return BOUGH_OK;
}

static enum bough_err put_words(struct request *request, struct merge_from *from)
{
    struct out out = out_begin(&request->arena);

    for (size_t i = 0; i < from->count; i++) {
        if (i > 0)
            out_text(&out, i + 1 < from->count ? ", " : " and ");
        out_bytes(&out, from->names[i]);
    }
    return out_end(&out, &from->words);
}

bool merge_from_read(struct request *request, const struct json *given,
                     const struct bough_link *head, struct merge_from *from, enum bough_err *err)
{
    bool listed = given != NULL && given->kind == JSON_ARRAY;
    size_t max = listed ? given->item_count : 1;
    const struct json *item = listed ? given->first : given;

    *from = (struct merge_from){.listed = listed};
    if (max == 0 || max > BOUGH_MERGE_HEADS_MAX) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"from\" must be a revision, or a list of 1 to %u",
                            BOUGH_MERGE_HEADS_MAX);
        return false;
    }
    from->links = bough_arena_zeros(&request->arena, max, sizeof(*from->links));
    from->names = bough_arena_zeros(&request->arena, max, sizeof(*from->names));
    *err = from->links == NULL || from->names == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    for (size_t i = 0; i < max && *err == BOUGH_OK; i++, item = item->next) {
        bool text = item != NULL && item->kind == JSON_STRING;

        if (!find(request, text ? item->text : (struct bough_bytes){0}, from, err))
            return false;
    }
    if (*err == BOUGH_OK && max > 1)
        *err = reduce(request, head, from);
    if (*err == BOUGH_OK)
        *err = put_words(request, from);
    return *err == BOUGH_OK;
}
