/* SPDX-License-Identifier: ISC
 *
 * merge_plan.c - how a merge that a request asks for is done.
 *
 * Owns the scratch memory of one merge and what is known of attributes; both are given back before
 * the reply is sent.
 */
#include "merge_plan.h"
#include "reply.h"

#define ATTRIBUTES_MEMORY_BYTES_MAX (16u << 20) /* the files of one path's directories, parsed */
#define FILE_NAME                   ".gitattributes"

/* The text of a directory's file, in `arena`; empty where there is none. */
static enum bough_err read_file(void *context, struct bough_bytes directory,
                                struct bough_arena *arena, struct bough_bytes *text)
{
    const struct merge_plan *plan = context;
    struct bough_store *store = plan->request->service->store;
    struct out path = out_begin(arena);
    struct bough_bytes name;
    struct bough_entry entry;
    enum bough_err err;

    *text = (struct bough_bytes){0};
    out_bytes(&path, directory);
    out_text(&path, directory.len > 0 ? "/" FILE_NAME : FILE_NAME);
    BOUGH_TRY(out_end(&path, &name));
    err = bough_tree_find(store, &plan->ours, name, arena, &entry);
    if (err == BOUGH_NOT_FOUND || err == BOUGH_TOO_BIG)
        return BOUGH_OK; /* too long for a path: nothing stands there */
    if (err != BOUGH_OK)
        return err;
    if (entry.kind != BOUGH_ENTRY_VALUE || entry.mode == BOUGH_MODE_SYMLINK)
        return BOUGH_OK; /* git does not follow such links either */
    return bough_value_get(store, &entry.value, BOUGH_ATTRIBUTES_BYTES_MAX, arena, text);
}

static enum bough_err policy_of(void *context, struct bough_bytes path,
                                const struct bough_merge_policy **policy)
{
    struct merge_plan *plan = context;
    struct bough_bytes name;
    enum bough_err err = bough_merge_attributes_find(&plan->attributes, path, &name);

    plan->attributes_too_big |= err == BOUGH_TOO_BIG;
    if (err != BOUGH_OK)
        return err;
    *policy = bough_bytes_equal(name, bough_bytes_text("default")) ? plan->fallback
                                                                   : bough_merge_policy_find(name);
    return BOUGH_OK;
}

void merge_plan_begin(struct merge_plan *plan, struct request *request,
                      const struct merge_words *words, const struct bough_tree *ours)
{
    const struct bough_merge_attributes_source source = {.read = read_file, .context = plan};
    const char *strategy = merge_words_strategy_name(words->strategy);
    struct bough_heap *heap = request->arena.heap;

    *plan = (struct merge_plan){.request = request, .ours = *ours};
    plan->fallback = bough_merge_policy_find(bough_bytes_text(strategy)); /* three-way: none */
    assert((plan->fallback == NULL) == (words->strategy == MERGE_WORDS_THREE_WAY));
    bough_merge_attributes_init(&plan->attributes, &source, heap, ATTRIBUTES_MEMORY_BYTES_MAX);
    bough_arena_init(&plan->scratch, heap, (size_t)request->service->config.request_bytes);
    plan->options = (struct bough_merge_options){
        .favor = words->favor,
        .unrelated = words->unrelated,
        .policy = policy_of,
        .policy_context = plan,
        .ours.label = bough_bytes_text("ours"),
        .theirs.label = bough_bytes_text("theirs"),
    };
}

void merge_plan_end(struct merge_plan *plan)
{
    bough_merge_attributes_release(&plan->attributes);
    bough_arena_release(&plan->scratch);
}

enum bough_err merge_plan_refuse(const struct merge_plan *plan, enum bough_err err)
{
    if (err == BOUGH_TOO_BIG && plan->attributes_too_big)
        return reply_problem(plan->request, PROBLEM_TOO_BIG,
                             "a " FILE_NAME " file that is past the limits");
    return err;
}
