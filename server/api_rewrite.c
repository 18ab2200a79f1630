/* SPDX-License-Identifier: ISC
 *
 * api_rewrite.c - history made on top of history: revert, cherry-pick, squash, rebase, reset.
 *
 * Owns no data.  Each is one turn of the loop, all or nothing: with conflicts, which are listed as
 * those of a merge are, the branch stays where it is.
 *   (1) Conflicts of a pick, a revert or a squash are kept as the branch's merge in progress unless
 *       the client does not want that; it is gone on with and given up as one (api_merge.c).
 */
#include "api.h"
#include "author.h"
#include "bough/merge_progress.h"
#include "bough/rewrite.h"
#include "merge_plan.h"
#include "merge_report.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

struct rewriting {
    struct request *request;
    struct merge_words words;
    struct bough_bytes named; /* the commit, as the client says it */
    struct rev head;
    struct merge_choices choices;
    struct merge_report report;
    struct bough_rewrite_request wanted;
    struct bough_rewrite_result result;
    struct bough_merge_progress progress; /* what was kept; without a state if nothing was */
};

enum rewrite_kind { REWRITE_PICK, REWRITE_REVERT, REWRITE_SQUASH, REWRITE_REBASE };

/* The branch, with a commit.  False: the reply is made up, or *err says what. */
static bool find_branch(struct rewriting *rewriting, enum bough_err *err)
{
    struct request *request = rewriting->request;

    *err = rev_branch(request, request->words[0], &rewriting->head);
    if (*err == BOUGH_OK && bough_hash_is_none(&rewriting->head.commit.name))
        *err = BOUGH_NOT_FOUND;
    if (*err == BOUGH_OK)
        *err = rev_ref_name(request, "heads/", request->words[0], &rewriting->wanted.branch);
    if (*err == BOUGH_OK)
        return true;
    *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    return false;
}

/* Reads all that the client says; `name` is the member that names the commit.  False as above. */
static bool read_body(struct rewriting *rewriting, const struct json *body, const char *name,
                      enum bough_err *err)
{
    struct request *request = rewriting->request;
    struct merge_words *words = &rewriting->words;
    struct bough_rewrite_request *wanted = &rewriting->wanted;
    struct rev commit;

    *words = merge_words_initial();
    rewriting->named = query_text(body, name);
    if (!find_branch(rewriting, err) || !rev_commit(request, name, rewriting->named, &commit, err))
        return false;
    wanted->commit = commit.commit;
    if (!query_member(request, body, "mainline", BOUGH_PARENTS_MAX, &wanted->mainline) ||
        !merge_words_read(request, body, words) || !merge_words_who(request, body, words) ||
        !merge_words_expected(request, words, &rewriting->head.commit.name))
        return false;
    wanted->expect = BOUGH_EXPECT_NAME;
    wanted->expected = rewriting->head.commit.name;
    wanted->committer = words->author;
    return merge_choice_read(request, json_read_member(body, "resolutions"), &rewriting->choices,
                             err);
}

/* 409, with the conflicts, and the commit that they are of. */
static enum bough_err answer_conflicts(struct rewriting *rewriting)
{
    struct request *request = rewriting->request;
    struct out out;
    bool kept = !bough_hash_is_none(&rewriting->progress.state.name);
    struct json_write json = reply_problem_begin(
        request, PROBLEM_MERGE_CONFLICT,
        kept ? "kept as the merge in progress of the branch, to be continued as one"
             : "nothing is changed",
        &out);

    json_write_hash(&json, "ours", &rewriting->head.commit.name);
    json_write_hash(&json, "stopped_at", &rewriting->result.stopped_at.name);
    if (kept)
        json_write_hash(&json, "draft", &rewriting->progress.state.name);
    else
        json_write_null(&json, "draft");
    BOUGH_TRY(merge_report_write(&rewriting->report, &json));
    BOUGH_TRY(reply_problem_end(request, PROBLEM_MERGE_CONFLICT, &json, &out));
    reply_hash(request, "Bough-Commit", &rewriting->head.commit.name, false);
    return BOUGH_OK;
}

/* 200: where the branch is now. */
static enum bough_err answer(struct request *request, const struct bough_hash *head,
                             const char *outcome, uint64_t made, bool dry_run)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_hash(&json, "commit", head);
    json_write_text(&json, "outcome", outcome);
    json_write_number(&json, "commits", made);
    json_write_bool(&json, "dry_run", dry_run);
    json_write_end(&json);
    reply_hash(request, "Bough-Commit", head, false);
    if (strcmp(outcome, "up-to-date") == 0)
        reply_field(request, "Bough-Unchanged", "1");
    return reply_json_end(request, &out, 200);
}

/* What came out, in HTTP's words. */
static enum bough_err answer_outcome(struct rewriting *rewriting)
{
    const struct bough_rewrite_result *result = &rewriting->result;
    struct request *request = rewriting->request;
    bool dry = rewriting->words.dry_run;

    switch (result->outcome) {
    case BOUGH_MERGE_UP_TO_DATE:
        return answer(request, &result->head.name, "up-to-date", 0, dry);
    case BOUGH_MERGE_FAST_FORWARD:
        return answer(request, &result->head.name, "fast-forward", 0, dry);
    case BOUGH_MERGE_CLEAN:
        return answer(request, &result->head.name, "made", result->commit_count, dry);
    case BOUGH_MERGE_CONFLICTS:
        return answer_conflicts(rewriting);
    case BOUGH_MERGE_UNRELATED:
        break;
    }
    return reply_problem(request, PROBLEM_UNRELATED, "%s", "");
}

static enum bough_err refuse(struct rewriting *rewriting, enum bough_err err)
{
    struct request *request = rewriting->request;

    if (err == BOUGH_INVALID)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"mainline\" must be one of the commit's parents, from 1 on; it is "
                             "needed where there are several");
    if (err == BOUGH_UNSUPPORTED)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "a merge is among the commits: only a line can be rebased");
    if (err == BOUGH_NOT_FOUND)
        return reply_problem(request, PROBLEM_NO_SUCH_REVISION,
                             "a parent was dropped by a policy of retention");
    if (err == BOUGH_EXISTS)
        return reply_problem(request, PROBLEM_MERGE_OPEN,
                             "go on with it, or give it up first; or say \"keep\":false");
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS, MERGE_PLAN_IN_THE_WAY);
    return err;
}

static enum bough_err call(struct rewriting *rewriting, enum rewrite_kind kind,
                           struct merge_plan *plan)
{
    struct bough_store *store = rewriting->request->service->store;
    const struct bough_rewrite_request *wanted = &rewriting->wanted;
    struct bough_rewrite_result *result = &rewriting->result;

    switch (kind) {
    case REWRITE_PICK:
        return bough_rewrite_pick(store, wanted, &plan->scratch, result);
    case REWRITE_REVERT:
        return bough_rewrite_revert(store, wanted, &plan->scratch, result);
    case REWRITE_SQUASH:
        return bough_rewrite_squash(store, wanted, &plan->scratch, result);
    case REWRITE_REBASE:
        break;
    }
    return bough_rewrite_rebase(store, wanted, &plan->scratch, result);
}

/* Does it, and finds what was kept. */
static enum bough_err call_and_keep(struct rewriting *rewriting, enum rewrite_kind kind,
                                    struct merge_plan *plan)
{
    struct request *request = rewriting->request;

    BOUGH_TRY(call(rewriting, kind, plan));
    if (rewriting->result.outcome != BOUGH_MERGE_CONFLICTS || !rewriting->wanted.keep ||
        rewriting->wanted.dry_run)
        return BOUGH_OK;
    return bough_merge_progress_get(request->service->store, rewriting->wanted.branch,
                                    &request->arena, &rewriting->progress);
}

/* Keeps what is left of it, with what the client has decided of it. */
static enum bough_err keep(struct rewriting *rewriting, enum rewrite_kind kind,
                           struct merge_plan *plan)
{
    struct request *request = rewriting->request;
    struct bough_store *store = request->service->store;
    const struct merge_choices *choices = &rewriting->choices;
    struct bough_merge_resolution *resolutions;
    enum bough_err err;

    BOUGH_TRY(call_and_keep(rewriting, kind, plan));
    assert(rewriting->result.outcome == BOUGH_MERGE_CONFLICTS);
    if (!merge_choice_resolutions(choices, &rewriting->progress, &resolutions, &err))
        return err;
    BOUGH_TRY(bough_merge_progress_resolve(store, rewriting->wanted.branch, resolutions,
                                           choices->count, &request->arena, NULL));
    return bough_merge_progress_get(store, rewriting->wanted.branch, &request->arena,
                                    &rewriting->progress);
}

/* Does it with the choices, which were all met when it was tried. */
static enum bough_err settle(struct rewriting *rewriting, enum rewrite_kind kind,
                             struct merge_plan *plan)
{
    struct bough_rewrite_request *wanted = &rewriting->wanted;
    struct bough_tree resolved;
    enum bough_err err =
        merge_choice_apply(&rewriting->choices, &rewriting->result.tree, &resolved);

    if (err == BOUGH_CONFLICT)
        return reply_problem(rewriting->request, PROBLEM_CONFLICT, "by the resolutions");
    if (err != BOUGH_OK || (rewriting->words.dry_run && rewriting->report.open_count > 0))
        return err;
    plan->options.conflict = NULL; /* they were told of already */
    wanted->dry_run = rewriting->words.dry_run;
    if (rewriting->report.open_count > 0)
        return wanted->keep ? keep(rewriting, kind, plan) : BOUGH_OK;
    wanted->resolved = &resolved;
    return call(rewriting, kind, plan);
}

/* With resolutions it is tried first, so that nothing is changed unless all of them are for paths
 * in conflict; then done with what they come to. */
static enum bough_err run(struct rewriting *rewriting, enum rewrite_kind kind,
                          struct merge_plan *plan)
{
    struct bough_rewrite_request *wanted = &rewriting->wanted;
    const struct merge_choices *choices = &rewriting->choices;
    enum bough_err err;

    wanted->keep = rewriting->words.keep && kind != REWRITE_REBASE;
    wanted->dry_run = choices->count > 0 || rewriting->words.dry_run;
    err = call_and_keep(rewriting, kind, plan);
    if (err == BOUGH_OK && !merge_choice_all_met(choices))
        return BOUGH_OK;
    if (err == BOUGH_OK && choices->count > 0)
        err = settle(rewriting, kind, plan);
    if (err != BOUGH_OK)
        return refuse(rewriting, err);
    return rewriting->request->reply.status != 0 ? BOUGH_OK : answer_outcome(rewriting);
}

static enum bough_err rewrite(struct request *request, const char *const *members,
                              enum rewrite_kind kind)
{
    const struct json *body = query_body(request, members);
    struct rewriting rewriting = {.request = request};
    struct merge_plan plan;
    enum bough_err err = BOUGH_OK;

    if (body == NULL || !read_body(&rewriting, body, members[0], &err))
        return err;
    if (rewriting.words.message.at != NULL || kind == REWRITE_SQUASH)
        BOUGH_TRY(author_message(request, rewriting.words.message, "squash", rewriting.named,
                                 &rewriting.wanted.message));
    merge_report_begin(&rewriting.report, request, &rewriting.choices, BOUGH_MERGE_REPORT_MAX);
    merge_plan_begin(&plan, request, &rewriting.words, &rewriting.report);
    rewriting.wanted.options = &plan.options;
    err = run(&rewriting, kind, &plan);
    merge_plan_end(&plan);
    return err;
}

enum bough_err api_rewrite_pick(struct request *request)
{
    static const char *const members[] = {"commit",      "mainline", "strategy", "favor",
                                          "message",     "author",   "expect",   "dry_run",
                                          "resolutions", "keep",     NULL};

    return rewrite(request, members, REWRITE_PICK);
}

enum bough_err api_rewrite_revert(struct request *request)
{
    static const char *const members[] = {"commit",      "mainline", "strategy", "favor",
                                          "message",     "author",   "expect",   "dry_run",
                                          "resolutions", "keep",     NULL};

    return rewrite(request, members, REWRITE_REVERT);
}

enum bough_err api_rewrite_squash(struct request *request)
{
    static const char *const members[] = {
        "from",   "allow_unrelated", "strategy",    "favor", "message", "author",
        "expect", "dry_run",         "resolutions", "keep",  NULL};

    return rewrite(request, members, REWRITE_SQUASH);
}

enum bough_err api_rewrite_rebase(struct request *request)
{
    static const char *const members[] = {"onto",   "strategy", "favor", "author",
                                          "expect", "dry_run",  NULL};

    return rewrite(request, members, REWRITE_REBASE);
}

enum bough_err api_rewrite_reset(struct request *request)
{
    static const char *const members[] = {"to", "author", "expect", NULL};
    const struct json *body = query_body(request, members);
    struct rewriting rewriting = {.request = request};
    struct bough_ref_move move = {.expect = BOUGH_EXPECT_NAME,
                                  .next = {.kind = BOUGH_KIND_COMMIT},
                                  .why = bough_bytes_text("reset")};
    enum bough_err err = BOUGH_OK;
    bool same;

    if (body == NULL || !read_body(&rewriting, body, "to", &err))
        return err;
    move.name = rewriting.wanted.branch;
    move.expected = rewriting.head.commit.name;
    move.next.link = rewriting.wanted.commit;
    move.who = rewriting.words.author;
    BOUGH_TRY(bough_ref_move(request->service->store, &move, 1, NULL));
    same = bough_hash_equal(&move.expected, &move.next.link.name);
    return answer(request, &move.next.link.name, same ? "up-to-date" : "moved", 0, false);
}
