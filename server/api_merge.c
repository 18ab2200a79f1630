/* SPDX-License-Identifier: ISC
 *
 * api_merge.c - a merge into a branch: asked for, shown while it is in progress, given up.
 *
 * Owns no data.  A merge is done in one turn of the loop, against the head that its commit then
 * replaces.
 *   (1) Nothing is changed unless every resolution is for a path in conflict.
 *   (2) Conflicts are kept as a merge in progress (merge_open.h) unless the client does not want
 *       that; one that holds resolutions is never replaced, only continued or given up.
 *   (3) A merge is continued only from the head and the options that it was begun with, since
 *       these are what its resolutions are about.
 */
#include "api.h"
#include "author.h"
#include "merge_open.h"
#include "merge_plan.h"
#include "merge_report.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

struct merging {
    struct request *request;
    struct merge_words words;
    struct bough_bytes from;
    struct rev head;
    struct bough_link theirs;
    struct merge_open open;
    bool continues; /* `open` */
    struct merge_choices choices;
    struct merge_report report;
    struct bough_merge_result result;
    struct bough_link now; /* the branch's head when all is done */
};

/* The branch, with a commit, and its merge in progress.  False: the reply is made up, or *err says
 * what. */
static bool open_branch(struct merging *merging, enum bough_err *err)
{
    struct request *request = merging->request;

    *err = rev_branch(request, request->words[0], &merging->head);
    if (*err == BOUGH_OK && bough_hash_is_none(&merging->head.commit.name))
        *err = BOUGH_NOT_FOUND;
    if (*err != BOUGH_OK) {
        *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
        return false;
    }
    *err = merge_open_load(request, request->words[0], &merging->open);
    return *err == BOUGH_OK;
}

static bool has_moved(const struct merging *merging)
{
    return !bough_hash_equal(&merging->open.ours.name, &merging->head.commit.name);
}

/* What is merged: `from`, or what the merge in progress is of.  False as above. */
static bool find_theirs(struct merging *merging, const struct json *body, enum bough_err *err)
{
    struct request *request = merging->request;
    struct rev rev;

    *err = BOUGH_OK;
    if (json_read_member(body, "from") == NULL && merging->open.present) {
        merging->from = merging->open.from;
        merging->theirs = merging->open.theirs;
        if (!has_moved(merging))
            return true;
        (void)reply_problem(request, PROBLEM_HEAD_MOVED,
                            "the branch has moved since the merge in progress was begun: give that "
                            "up, and begin again");
        reply_hash(request, "Bough-Commit", &merging->head.commit.name, false);
        return false;
    }
    merging->from = query_text(body, "from");
    if (!rev_commit(request, "from", merging->from, &rev, err))
        return false;
    merging->theirs = rev.commit;
    return true;
}

/* Reads all that the client says.  False as above. */
static bool read_body(struct merging *merging, const struct json *body, enum bough_err *err)
{
    const struct merge_open *open = &merging->open;
    struct merge_words *words = &merging->words;
    bool same;

    if (!find_theirs(merging, body, err))
        return false;
    same = open->present && !has_moved(merging) &&
           bough_hash_equal(&open->theirs.name, &merging->theirs.name);
    *words = same ? open->words : merge_words_initial();
    if (!merge_words_read(merging->request, body, words) ||
        !merge_words_who(merging->request, body, words) ||
        !merge_words_expected(merging->request, words, &merging->head.commit.name))
        return false;
    merging->continues = same && words->strategy == open->words.strategy &&
                         words->favor == open->words.favor &&
                         words->unrelated == open->words.unrelated;
    if (open->present && !merging->continues && open->resolved.key_count > 0 && !words->dry_run) {
        (void)reply_problem(merging->request, PROBLEM_MERGE_OPEN,
                            "it holds resolutions: leave \"from\" and options out to continue, or "
                            "give it up");
        return false;
    }
    return merge_choice_read(merging->request, json_read_member(body, "resolutions"),
                             &merging->choices, err);
}

/* Merges and moves the branch; `resolved` as bough_merge_request has it. */
static enum bough_err commit(struct merging *merging, struct merge_plan *plan,
                             const struct bough_tree *resolved)
{
    struct request *request = merging->request;
    struct bough_merge_request wanted = {
        .expect = BOUGH_EXPECT_NAME,
        .expected = merging->head.commit.name,
        .theirs = merging->theirs,
        .resolved = resolved,
        .always_commit = merging->words.no_ff,
        .options = &plan->options,
        .author = merging->words.author,
    };

    BOUGH_TRY(rev_ref_name(request, "heads/", request->words[0], &wanted.branch));
    BOUGH_TRY(
        author_message(request, merging->words.message, "merge", merging->from, &wanted.message));
    return bough_merge_commit(request->service->store, &wanted, &plan->scratch, &merging->result,
                              &merging->now);
}

/* The commits that a merge is of. */
static void write_sides(struct json_write *json, const struct bough_merge_result *result,
                        const struct bough_link *ours, const struct bough_link *theirs)
{
    uint32_t count = result->base.base_count;

    if (count > 0 && !result->base_unknown)
        json_write_hash(json, "base", &result->base.bases[0].name);
    else
        json_write_null(json, "base");
    json_write_array(json, "bases");
    for (uint32_t i = 0; i < count && i < BOUGH_MERGE_BASES_MAX; i++)
        json_write_hash(json, NULL, &result->base.bases[i].name);
    json_write_end(json);
    json_write_hash(json, "ours", &ours->name);
    json_write_hash(json, "theirs", &theirs->name);
}

/* 409, with what is open. */
static enum bough_err answer_conflicts(struct merging *merging)
{
    struct request *request = merging->request;
    bool kept = merging->words.keep && !merging->words.dry_run;
    struct out out;
    struct json_write json = reply_problem_begin(
        request, PROBLEM_MERGE_CONFLICT,
        kept ? "kept as the merge in progress of the branch, to be continued" : "nothing is kept",
        &out);

    write_sides(&json, &merging->result, &merging->head.commit, &merging->theirs);
    if (kept)
        json_write_hash(&json, "draft", &merging->open.commit.name);
    else
        json_write_null(&json, "draft");
    BOUGH_TRY(merge_report_write(&merging->report, &json));
    BOUGH_TRY(reply_problem_end(request, PROBLEM_MERGE_CONFLICT, &json, &out));
    reply_hash(request, "Bough-Commit", &merging->head.commit.name, false);
    return BOUGH_OK;
}

/* 200: merged, or for a dry run what would have come out. */
static enum bough_err answer(struct merging *merging)
{
    static const char *const outcomes[] = {
        [BOUGH_MERGE_UP_TO_DATE] = "up-to-date",
        [BOUGH_MERGE_FAST_FORWARD] = "fast-forward",
        [BOUGH_MERGE_CLEAN] = "merged",
        [BOUGH_MERGE_CONFLICTS] = "merged", /* all of them resolved */
    };
    struct request *request = merging->request;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    enum bough_merge_outcome outcome = merging->result.outcome;

    assert(outcome != BOUGH_MERGE_UNRELATED);
    json_write_object(&json, NULL);
    if (merging->words.dry_run)
        json_write_null(&json, "commit");
    else
        json_write_hash(&json, "commit", &merging->now.name);
    json_write_text(&json, "outcome", outcomes[outcome]);
    write_sides(&json, &merging->result, &merging->head.commit, &merging->theirs);
    json_write_number(&json, "ahead", merging->result.base.ours_only);
    json_write_number(&json, "behind", merging->result.base.theirs_only);
    json_write_number(&json, "resolved_count", merging->report.resolved_count);
    json_write_bool(&json, "dry_run", merging->words.dry_run);
    json_write_end(&json);
    if (outcome == BOUGH_MERGE_UP_TO_DATE)
        reply_field(request, "Bough-Unchanged", "1");
    if (!merging->words.dry_run)
        reply_hash(request, "Bough-Commit", &merging->now.name, false);
    return reply_json_end(request, &out, 200);
}

/* Keeps what is open, if it is to be kept, and says it. */
static enum bough_err stop(struct merging *merging, const struct bough_tree *draft)
{
    struct merge_open *open = &merging->open;
    enum bough_err err = BOUGH_OK;

    if (merging->words.keep && !merging->words.dry_run) {
        if (!merging->continues)
            open->resolved = (struct bough_tree){0};
        open->ours = merging->head.commit;
        open->theirs = merging->theirs;
        open->draft = *draft;
        open->words = merging->words;
        open->from = merging->from;
        err = merge_open_save(merging->request, open, &merging->choices);
    }
    if (err == BOUGH_CONFLICT)
        return reply_problem(merging->request, PROBLEM_EXISTS,
                             "the merge in progress of a branch whose name lies above or below "
                             "this one is in the way");
    return err != BOUGH_OK ? err : answer_conflicts(merging);
}

/* The branch has what was merged; the merge in progress, if any, is over. */
static enum bough_err end(struct merging *merging)
{
    struct request *request = merging->request;
    enum bough_err err;

    if (merging->open.present && !merging->words.dry_run) {
        err = merge_open_drop(request, &merging->open);
        if (err != BOUGH_OK) /* the branch has moved: that is what the client must be told */
            bough_log(request->service->env->log, BOUGH_WARN, "merge", "%.*s stays: %s",
                      (int)merging->open.ref.len, (const char *)merging->open.ref.at,
                      bough_err_name(err));
    }
    return answer(merging);
}

static enum bough_err run(struct merging *merging, struct merge_plan *plan)
{
    struct request *request = merging->request;
    bool at_once = merging->choices.count == 0 && !merging->continues && !merging->words.dry_run;
    const struct bough_tree *draft;
    struct bough_tree resolved;
    enum bough_err err;

    if (at_once)
        BOUGH_TRY(commit(merging, plan, NULL));
    else
        BOUGH_TRY(bough_merge(request->service->store, &merging->head.commit, &merging->theirs,
                              &plan->options, &plan->scratch, &merging->result));
    if (merging->result.outcome == BOUGH_MERGE_UNRELATED)
        return reply_problem(request, PROBLEM_UNRELATED, "say \"allow_unrelated\":true to merge");
    if (!merge_choice_all_met(&merging->choices))
        return BOUGH_OK; /* invariant (1) */
    draft = merging->continues ? &merging->open.draft : &merging->result.tree;
    err = merge_choice_apply(&merging->choices, draft, &resolved);
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_CONFLICT, "by the resolutions");
    if (err != BOUGH_OK)
        return err;
    if (merging->report.open_count > 0)
        return stop(merging, &resolved);
    if (!at_once && !merging->words.dry_run) {
        bool conflicts = merging->result.outcome == BOUGH_MERGE_CONFLICTS;

        plan->options.conflict = NULL;
        BOUGH_TRY(commit(merging, plan, conflicts ? &resolved : NULL));
    }
    return end(merging);
}

enum bough_err api_merge_post(struct request *request)
{
    static const char *const members[] = {"from",   "strategy", "favor",       "allow_unrelated",
                                          "no_ff",  "dry_run",  "keep",        "message",
                                          "author", "expect",   "resolutions", NULL};
    const struct json *body = query_body(request, members);
    struct merging merging = {.request = request};
    struct bough_bytes none = {0};
    struct merge_plan plan;
    enum bough_err err = BOUGH_OK;

    if (body == NULL || !open_branch(&merging, &err) || !read_body(&merging, body, &err))
        return err;
    merge_report_begin(&merging.report, request, &merging.choices, &merging.open.resolved, none,
                       BOUGH_MERGE_REPORT_MAX);
    if (!merging.continues)
        merging.report.resolved = (struct bough_tree){0};
    merge_plan_begin(&plan, request, &merging.words, &merging.head.tree);
    plan.options.conflict = merge_report_add;
    plan.options.conflict_context = &merging.report;
    err = merge_plan_refuse(&plan, run(&merging, &plan));
    merge_plan_end(&plan);
    return err;
}

/* The page of the merge in progress that `merging->report` is for. */
static enum bough_err show(struct merging *merging)
{
    struct request *request = merging->request;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_bytes(&json, "from", merging->open.from);
    json_write_text(&json, "strategy", merge_words_strategy_name(merging->open.words.strategy));
    json_write_text(&json, "favor", merge_words_favor_name(merging->open.words.favor));
    write_sides(&json, &merging->result, &merging->open.ours, &merging->open.theirs);
    json_write_hash(&json, "draft", &merging->open.commit.name);
    json_write_bool(&json, "moved", has_moved(merging));
    BOUGH_TRY(merge_report_write(&merging->report, &json));
    json_write_end(&json);
    reply_hash(request, "ETag", &merging->open.commit.name, true);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_merge_get(struct request *request)
{
    static const char *const parameters[] = {"after", "limit", NULL};
    struct merging merging = {.request = request};
    struct merge_choices none = {.request = request};
    struct bough_commit ours;
    struct merge_plan plan;
    struct query query;
    uint64_t limit;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_MERGE_REPORT_MAX, BOUGH_LIST_LIMIT_MAX,
                      &limit) ||
        !open_branch(&merging, &err))
        return err;
    if (!merging.open.present)
        return reply_problem(request, PROBLEM_NO_SUCH_MERGE, "%s", "");
    if (limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    BOUGH_TRY(
        bough_commit_get(request->service->store, &merging.open.ours, &request->arena, &ours));
    merge_report_begin(&merging.report, request, &none, &merging.open.resolved,
                       query_value(&query, "after"), (size_t)limit);
    merge_plan_begin(&plan, request, &merging.open.words, &ours.tree);
    plan.options.conflict = merge_report_add;
    plan.options.conflict_context = &merging.report;
    err = bough_merge(request->service->store, &merging.open.ours, &merging.open.theirs,
                      &plan.options, &plan.scratch, &merging.result);
    if (err == BOUGH_OK)
        err = show(&merging);
    else
        err = merge_plan_refuse(&plan, err);
    merge_plan_end(&plan);
    return err;
}

enum bough_err api_merge_delete(struct request *request)
{
    struct merge_open open;
    enum bough_err err = merge_open_load(request, request->words[0], &open);

    if (err != BOUGH_OK && err != BOUGH_CORRUPT) /* a damaged one can be given up, too */
        return rev_refuse(request, err, PROBLEM_NO_SUCH_MERGE, request->words[0]);
    if (!open.present)
        return reply_problem(request, PROBLEM_NO_SUCH_MERGE, "%s", "");
    BOUGH_TRY(merge_open_drop(request, &open));
    reply_status(request, 204);
    return BOUGH_OK;
}

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
