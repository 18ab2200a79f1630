/* SPDX-License-Identifier: ISC
 *
 * txn_merge.c - a transaction that is merged onto a head that has moved on.
 *
 * Owns no data.  Two clients that write different keys from what both have seen need not ask again:
 * the later one's change becomes a commit on the earlier one's.  With conflicts nothing is changed.
 */
#include "txn_merge.h"
#include "merge_plan.h"
#include "merge_report.h"
#include "reply.h"

bool txn_merge_asked(struct request *request, const struct json *body, bool *asked)
{
    const struct json *given = json_read_member(body, "merge");

    *asked = given != NULL && given->kind == JSON_TRUE;
    if (*asked ||
        ((given == NULL || given->kind == JSON_FALSE) &&
         json_read_member(body, "strategy") == NULL && json_read_member(body, "favor") == NULL))
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                        "\"merge\" must be true or false; \"strategy\" and \"favor\" need it");
    return false;
}

/* 409, with what is in conflict. */
static enum bough_err answer_conflicts(struct request *request, const struct merge_report *report,
                                       const struct bough_hash *base, const struct bough_hash *head)
{
    struct out out;
    struct json_write json =
        reply_problem_begin(request, PROBLEM_MERGE_CONFLICT, "nothing is changed", &out);

    json_write_hash(&json, "base", base);
    json_write_hash(&json, "ours", head);
    BOUGH_TRY(merge_report_write(report, &json));
    BOUGH_TRY(reply_problem_end(request, PROBLEM_MERGE_CONFLICT, &json, &out));
    reply_hash(request, "Bough-Commit", head, false);
    return BOUGH_OK;
}

enum bough_err txn_merge_commit(struct request *request, const struct json *body,
                                const struct rev *head, struct bough_txn *txn,
                                struct bough_txn_result *result)
{
    struct merge_words words = merge_words_initial();
    struct merge_choices choices = {.request = request};
    struct bough_merge_result merged;
    struct merge_report report;
    struct merge_plan plan;
    enum bough_err err;

    if (!merge_words_read(request, body, &words))
        return BOUGH_OK;
    if (words.expect != BOUGH_EXPECT_NAME)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"merge\" goes with \"expect\": what the change was made to");
    txn->expect = BOUGH_EXPECT_NAME;
    txn->expected = words.expected;
    merge_report_begin(&report, request, &choices, BOUGH_MERGE_REPORT_MAX);
    merge_plan_begin(&plan, request, &words, &report);
    err = bough_merge_txn(request->service->store, txn, &plan.options, &plan.scratch, &merged,
                          result);
    if (err == BOUGH_STALE)
        err = reply_problem(request, PROBLEM_HEAD_MOVED,
                            "the head does not descend from the expected commit");
    else if (err == BOUGH_OK && merged.outcome == BOUGH_MERGE_CONFLICTS)
        err = answer_conflicts(request, &report, &words.expected, &head->commit.name);
    merge_plan_end(&plan);
    return err;
}
