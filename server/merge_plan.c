/* SPDX-License-Identifier: ISC
 *
 * merge_plan.c - how a merge that a request asks for is done.
 *
 * Owns the scratch memory of one merge, which is given back before the reply is sent.
 */
#include "merge_plan.h"

void merge_plan_begin(struct merge_plan *plan, struct request *request,
                      const struct merge_words *words, struct merge_report *report)
{
    const char *strategy = merge_words_strategy_name(words->strategy);

    bough_arena_init(&plan->scratch, request->arena.heap,
                     (size_t)request->service->config.request_bytes);
    plan->options = (struct bough_merge_options){
        .favor = words->favor,
        .unrelated = words->unrelated,
        .attributes = true,
        .fallback = bough_merge_policy_find(bough_bytes_text(strategy)), /* three-way: none */
        .conflict = merge_report_add,
        .conflict_context = report,
        .ours.label = bough_bytes_text("ours"),
        .theirs.label = bough_bytes_text("theirs"),
    };
    assert((plan->options.fallback == NULL) == (words->strategy == MERGE_WORDS_THREE_WAY));
}

void merge_plan_end(struct merge_plan *plan)
{
    bough_arena_release(&plan->scratch);
}
