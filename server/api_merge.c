/* SPDX-License-Identifier: ISC
 *
 * api_merge.c - a merge into a branch: asked for, shown while it is in progress, given up, brought
 * back.
 *
 * Owns no data: a merge in progress is the library's (merge_progress.h).  Each request is one turn
 * of the loop, against the head that its commit then replaces.
 *   (1) Nothing is changed unless every resolution is for a path in conflict.
 *   (2) Conflicts are kept as a merge in progress unless the client does not want that.  One that
 *       is there is continued or given up, never replaced: it may hold resolutions.
 *   (3) A merge is continued only from the head that it was begun at.
 *   (4) A merge of several revisions is done or not: nothing of it is kept, and none of its
 *       conflicts can be settled.
 */
#include "api.h"
#include "author.h"
#include "bough/merge_progress.h"
#include "merge_from.h"
#include "merge_plan.h"
#include "merge_report.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

struct merging {
    struct request *request;
    const struct json *body;
    struct bough_bytes branch; /* its ref */
    struct rev head;
    struct merge_words words;
    struct merge_from from; /* that of the merge in progress where none is named */
    bool present;           /* there is a merge in progress */
    struct bough_merge_progress progress;
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
    if (*err == BOUGH_OK)
        *err = rev_ref_name(request, "heads/", request->words[0], &merging->branch);
    if (*err != BOUGH_OK) {
        *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
        return false;
    }
    *err = bough_merge_progress_get(request->service->store, merging->branch, &request->arena,
                                    &merging->progress);
    merging->present = *err == BOUGH_OK;
    if (*err == BOUGH_NOT_FOUND)
        *err = BOUGH_OK;
    return *err == BOUGH_OK;
}

static bool has_moved(const struct merging *merging)
{
    return !bough_hash_equal(&merging->progress.ours.name, &merging->head.commit.name);
}

/* Whether a message is the one that a merge was begun with, which ends with a newline. */
static bool same_message(struct bough_bytes begun, struct bough_bytes given)
{
    return bough_bytes_equal(begun, given) ||
           (bough_bytes_starts(begun, given) && begun.len == given.len + 1 &&
            begun.at[given.len] == '\n');
}

/* The name of an option that the merge in progress was not begun with, or that it may not have been
 * begun with, since what strategy and favor settled then is not remembered; NULL: none.  The other
 * options decide nothing that is not decided. */
static const char *other_option(const struct merging *merging)
{
    const struct bough_merge_progress *progress = &merging->progress;
    const struct merge_words *words = &merging->words;
    const struct json *body = merging->body;

    if (json_read_member(body, "strategy") != NULL)
        return "strategy";
    if (json_read_member(body, "favor") != NULL)
        return "favor";
    if (json_read_member(body, "message") != NULL &&
        !same_message(progress->message, words->message))
        return "message";
    if (json_read_member(body, "author") != NULL &&
        (!bough_bytes_equal(progress->committer.name, words->author.name) ||
         !bough_bytes_equal(progress->committer.email, words->author.email)))
        return "author";
    return NULL;
}

/* Whether the merge in progress can be gone on with: of what is named, if anything is, by its own
 * options, from the head that it was begun at.  False: the reply says why not. */
static bool may_continue(struct merging *merging, bool named)
{
    struct request *request = merging->request;
    const char *other = other_option(merging);

    if (other != NULL) {
        (void)reply_problem(request, PROBLEM_MERGE_OPEN,
                            "\"%s\" is for a merge that begins: give this one up first", other);
        return false;
    }
    if (named &&
        (merging->progress.task != BOUGH_MERGE_TASK_MERGE || merging->from.count > 1 ||
         !bough_hash_equal(&merging->progress.theirs.name, &merging->from.links[0].name))) {
        (void)reply_problem(request, PROBLEM_MERGE_OPEN,
                            "it is another one: leave \"from\" out, or give it up first");
        return false;
    }
    if (!has_moved(merging))
        return true;
    (void)reply_problem(request, PROBLEM_HEAD_MOVED,
                        "the branch has moved since the merge in progress was begun: give that "
                        "up, and begin again");
    reply_hash(request, "Bough-Commit", &merging->head.commit.name, false);
    return false;
}

/* Reads all that the client says.  False as above. */
static bool read_body(struct merging *merging, enum bough_err *err)
{
    struct request *request = merging->request;
    const struct json *body = merging->body;
    const struct json *from = json_read_member(body, "from");

    merging->words = merge_words_initial();
    merging->from = (struct merge_from){.links = &merging->progress.theirs, .count = 1};
    if ((from != NULL || !merging->present) &&
        !merge_from_read(request, from, &merging->head.commit, &merging->from, err))
        return false;
    if (!merge_words_read(request, body, &merging->words) ||
        !merge_words_who(request, body, &merging->words) ||
        !merge_words_expected(request, &merging->words, &merging->head.commit.name))
        return false;
    if (from == NULL && merging->words.dry_run &&
        merging->progress.task != BOUGH_MERGE_TASK_MERGE) /* of which there is no dry run */
        return merge_from_read(request, from, &merging->head.commit, &merging->from, err);
    if (merging->present && !merging->words.dry_run && !may_continue(merging, from != NULL))
        return false;
    if (!merge_choice_read(request, json_read_member(body, "resolutions"), &merging->choices, err))
        return false;
    if (merging->from.count < 2 || merging->choices.count == 0)
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                        "\"resolutions\" are for a merge of one revision");
    return false;
}

/* What a merge request to the library has in any case. */
static enum bough_err wanted_of(struct merging *merging, const struct merge_plan *plan,
                                struct bough_merge_request *wanted)
{
    *wanted = (struct bough_merge_request){
        .branch = merging->branch,
        .expect = BOUGH_EXPECT_NAME,
        .expected = merging->head.commit.name,
        .theirs = merging->from.links[0],
        .more = merging->from.links + 1,
        .more_count = merging->from.count - 1,
        .always_commit = merging->words.no_ff,
        .options = &plan->options,
        .author = merging->words.author,
    };
    return author_message(merging->request, merging->words.message, "merge", merging->from.words,
                          &wanted->message);
}

/* The commit that is merged, or that could not be; none where several were. */
static const struct bough_link *theirs_of(const struct merging *merging)
{
    if (merging->present)
        return &merging->progress.theirs;
    if (merging->from.count == 1)
        return merging->from.links;
    return merging->result.outcome == BOUGH_MERGE_CONFLICTS ? &merging->result.stopped_at : NULL;
}

/* What is in progress, and how it ends, in the words of requests. */
static const char *const tasks[BOUGH_MERGE_TASKS] = {
    [BOUGH_MERGE_TASK_MERGE] = "merge",
    [BOUGH_MERGE_TASK_PICK] = "cherry-pick",
    [BOUGH_MERGE_TASK_REVERT] = "revert",
    [BOUGH_MERGE_TASK_SQUASH] = "squash",
};

/* Whether what is merged has the common ancestors for bases; else it is a commit and its parent. */
static bool has_bases(const struct merging *merging)
{
    return !merging->present || merging->progress.task == BOUGH_MERGE_TASK_MERGE ||
           merging->progress.task == BOUGH_MERGE_TASK_SQUASH;
}

/* The commits that a merge is of. */
static void write_sides(const struct merging *merging, struct json_write *json)
{
    const struct bough_merge_base *base = &merging->result.base;
    const struct bough_link *ours =
        merging->present ? &merging->progress.ours : &merging->head.commit;
    const struct bough_link *theirs = theirs_of(merging);
    uint32_t base_count = has_bases(merging) ? base->base_count : 0;

    if (merging->present)
        json_write_text(json, "task", tasks[merging->progress.task]);
    if (base_count > 0 && !merging->result.base_unknown)
        json_write_hash(json, "base", &base->bases[0].name);
    else
        json_write_null(json, "base");
    json_write_array(json, "bases");
    for (uint32_t i = 0; i < base_count && i < BOUGH_MERGE_BASES_MAX; i++)
        json_write_hash(json, NULL, &base->bases[i].name);
    json_write_end(json);
    json_write_hash(json, "ours", &ours->name);
    if (theirs != NULL)
        json_write_hash(json, "theirs", &theirs->name);
    else
        json_write_null(json, "theirs");
    if (!merging->from.listed)
        return;
    json_write_array(json, "heads");
    for (size_t i = 0; i < merging->from.count; i++)
        json_write_hash(json, NULL, &merging->from.links[i].name);
    json_write_end(json);
}

/* What becomes of conflicts, in the request's arena. */
static enum bough_err tell_kept(const struct merging *merging, bool kept, const char **told)
{
    struct out out = out_begin(&merging->request->arena);
    struct bough_bytes whole;

    if (kept) {
        out_text(&out, "kept as the merge in progress of the branch, to be continued");
    } else if (merging->from.count > 1) {
        struct bough_bytes name = merge_from_name(&merging->from, &merging->result.stopped_at);

        out_text(&out, "at \"");
        out_bytes(&out, bough_bytes_of(name.at, name.len < 200 ? name.len : 200));
        out_text(&out, "\"; nothing is kept: merge one by one what is to be settled");
    } else {
        out_text(&out, "nothing is kept");
    }
    out_bytes(&out, bough_bytes_of("", 1));
    BOUGH_TRY(out_end(&out, &whole));
    *told = (const char *)whole.at;
    return BOUGH_OK;
}

/* 409, with what is open. */
static enum bough_err answer_conflicts(struct merging *merging)
{
    struct request *request = merging->request;
    bool kept = merging->present && !merging->words.dry_run;
    struct json_write json;
    const char *told;
    struct out out;

    BOUGH_TRY(tell_kept(merging, kept, &told));
    json = reply_problem_begin(request, PROBLEM_MERGE_CONFLICT, told, &out);
    write_sides(merging, &json);
    if (kept)
        json_write_hash(&json, "draft", &merging->progress.state.name);
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
    const char *named;

    assert(outcome != BOUGH_MERGE_UNRELATED);
    named = outcomes[outcome];
    if (merging->present && merging->progress.task != BOUGH_MERGE_TASK_MERGE) {
        if (bough_hash_equal(&merging->now.name, &merging->progress.ours.name))
            outcome = BOUGH_MERGE_UP_TO_DATE; /* nothing is left of the change */
        named = outcome == BOUGH_MERGE_UP_TO_DATE ? "up-to-date" : "made";
    }
    json_write_object(&json, NULL);
    if (merging->words.dry_run)
        json_write_null(&json, "commit");
    else
        json_write_hash(&json, "commit", &merging->now.name);
    json_write_text(&json, "outcome", named);
    write_sides(merging, &json);
    json_write_number(&json, "ahead", merging->result.base.ours_only);
    json_write_number(&json, "behind", merging->result.base.theirs_only);
    json_write_bool(&json, "dry_run", merging->words.dry_run);
    json_write_end(&json);
    if (outcome == BOUGH_MERGE_UP_TO_DATE)
        reply_field(request, "Bough-Unchanged", "1");
    if (!merging->words.dry_run)
        reply_hash(request, "Bough-Commit", &merging->now.name, false);
    return reply_json_end(request, &out, 200);
}

/* Resolves what the client has decided of the merge in progress. */
static enum bough_err resolve(struct merging *merging)
{
    struct request *request = merging->request;
    struct bough_store *store = request->service->store;
    struct bough_merge_resolution *resolutions;
    size_t culprit;
    enum bough_err err;

    if (merging->choices.count == 0)
        return BOUGH_OK;
    if (!merge_choice_resolutions(&merging->choices, &merging->progress, &resolutions, &err))
        return err;
    err = bough_merge_progress_resolve(store, merging->branch, resolutions, merging->choices.count,
                                       &request->arena, &culprit);
    if (err == BOUGH_NOT_FOUND && culprit < merging->choices.count)
        return merge_choice_refuse(&merging->choices, culprit);
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_CONFLICT, "by the resolutions");
    return err;
}

/* Goes on with the merge in progress. */
static enum bough_err go_on(struct merging *merging)
{
    struct request *request = merging->request;
    struct bough_store *store = request->service->store;

    BOUGH_TRY(bough_merge_base_find(store, &merging->progress.ours, 1, &merging->progress.theirs, 1,
                                    &request->arena, &merging->result.base));
    merging->result.outcome = BOUGH_MERGE_CONFLICTS;
    BOUGH_TRY(resolve(merging));
    if (request->reply.status != 0)
        return BOUGH_OK;
    BOUGH_TRY(
        bough_merge_progress_get(store, merging->branch, &request->arena, &merging->progress));
    if (merging->progress.open.key_count == 0) {
        BOUGH_TRY(
            bough_merge_progress_finish(store, merging->branch, &request->arena, &merging->now));
        return answer(merging);
    }
    merge_report_begin(&merging->report, request, &merging->choices, BOUGH_MERGE_REPORT_MAX);
    BOUGH_TRY(merge_report_load(&merging->report, &merging->progress, (struct bough_bytes){0}));
    return answer_conflicts(merging);
}

/* Keeps what is left of a merge that `plan` is for, with what the client has decided of it. */
static enum bough_err keep(struct merging *merging, struct merge_plan *plan)
{
    struct request *request = merging->request;
    struct bough_store *store = request->service->store;
    struct bough_merge_request wanted;

    BOUGH_TRY(wanted_of(merging, plan, &wanted));
    plan->options.conflict = NULL; /* they were told of already */
    BOUGH_TRY(bough_merge_progress_begin(store, &wanted, &plan->scratch, &merging->result,
                                         &merging->now));
    BOUGH_TRY(
        bough_merge_progress_get(store, merging->branch, &request->arena, &merging->progress));
    merging->present = true;
    BOUGH_TRY(resolve(merging));
    assert(request->reply.status == 0); /* each was for a path in conflict */
    return bough_merge_progress_get(store, merging->branch, &request->arena, &merging->progress);
}

/* Looks at what comes out first: for a dry run, and where there are resolutions. */
static enum bough_err look_and_merge(struct merging *merging, struct merge_plan *plan)
{
    struct request *request = merging->request;
    struct bough_store *store = request->service->store;
    struct bough_merge_request wanted;
    struct bough_tree resolved;
    enum bough_err err;

    BOUGH_TRY(bough_merge_many(store, &merging->head.commit, merging->from.links,
                               merging->from.count, &plan->options, &plan->scratch,
                               &merging->result));
    if (merging->result.outcome == BOUGH_MERGE_UNRELATED)
        return BOUGH_OK;
    if (!merge_choice_all_met(&merging->choices))
        return BOUGH_OK; /* invariant (1) */
    err = merge_choice_apply(&merging->choices, &merging->result.tree, &resolved);
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_CONFLICT, "by the resolutions");
    if (err != BOUGH_OK || merging->words.dry_run)
        return err;
    if (merging->report.open_count > 0)
        return merging->words.keep ? keep(merging, plan) : BOUGH_OK;
    BOUGH_TRY(wanted_of(merging, plan, &wanted));
    plan->options.conflict = NULL;
    if (merging->result.outcome == BOUGH_MERGE_CONFLICTS)
        wanted.resolved = &resolved;
    return bough_merge_commit(store, &wanted, &plan->scratch, &merging->result, &merging->now);
}

/* Merges at once, and keeps what is in conflict if it is to be kept. */
static enum bough_err merge_at_once(struct merging *merging, struct merge_plan *plan)
{
    struct request *request = merging->request;
    struct bough_store *store = request->service->store;
    struct bough_merge_request wanted;

    BOUGH_TRY(wanted_of(merging, plan, &wanted));
    if (!merging->words.keep || merging->from.count > 1)
        return bough_merge_commit(store, &wanted, &plan->scratch, &merging->result, &merging->now);
    BOUGH_TRY(bough_merge_progress_begin(store, &wanted, &plan->scratch, &merging->result,
                                         &merging->now));
    merging->present = merging->result.outcome == BOUGH_MERGE_CONFLICTS;
    if (!merging->present)
        return BOUGH_OK;
    return bough_merge_progress_get(store, merging->branch, &request->arena, &merging->progress);
}

/* Begins a merge. */
static enum bough_err begin(struct merging *merging)
{
    struct request *request = merging->request;
    bool at_once = merging->choices.count == 0 && !merging->words.dry_run;
    struct merge_plan plan;
    enum bough_err err;

    merging->present = false; /* a dry run beside the merge in progress is none of it */
    merge_report_begin(&merging->report, request, &merging->choices, BOUGH_MERGE_REPORT_MAX);
    merge_plan_begin(&plan, request, &merging->words, &merging->report);
    err = at_once ? merge_at_once(merging, &plan) : look_and_merge(merging, &plan);
    merge_plan_end(&plan);
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS, MERGE_PLAN_IN_THE_WAY);
    if (err != BOUGH_OK || request->reply.status != 0)
        return err;
    if (merging->result.outcome == BOUGH_MERGE_UNRELATED)
        return reply_problem(request, PROBLEM_UNRELATED, "say \"allow_unrelated\":true to merge");
    return merging->report.open_count > 0 ? answer_conflicts(merging) : answer(merging);
}

enum bough_err api_merge_post(struct request *request)
{
    static const char *const members[] = {"from",   "strategy", "favor",       "allow_unrelated",
                                          "no_ff",  "dry_run",  "keep",        "message",
                                          "author", "expect",   "resolutions", NULL};
    struct merging merging = {.request = request, .body = query_body(request, members)};
    enum bough_err err = BOUGH_OK;

    if (merging.body == NULL || !open_branch(&merging, &err) || !read_body(&merging, &err))
        return err;
    return merging.present && !merging.words.dry_run ? go_on(&merging) : begin(&merging);
}

enum bough_err api_merge_get(struct request *request)
{
    static const char *const parameters[] = {"after", "limit", NULL};
    struct merging merging = {.request = request};
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct query query;
    uint64_t limit;
    enum bough_err err = BOUGH_OK;

    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_MERGE_REPORT_MAX, BOUGH_LIST_LIMIT_MAX,
                      &limit) ||
        !open_branch(&merging, &err))
        return err;
    if (!merging.present)
        return reply_problem(request, PROBLEM_NO_SUCH_MERGE, "%s", "");
    if (limit == 0)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    BOUGH_TRY(bough_merge_base_find(request->service->store, &merging.progress.ours, 1,
                                    &merging.progress.theirs, 1, &request->arena,
                                    &merging.result.base));
    merge_report_begin(&merging.report, request, &merging.choices, (size_t)limit);
    BOUGH_TRY(merge_report_load(&merging.report, &merging.progress, query_value(&query, "after")));
    json_write_object(&json, NULL);
    write_sides(&merging, &json);
    json_write_hash(&json, "draft", &merging.progress.state.name);
    json_write_bool(&json, "moved", has_moved(&merging));
    json_write_bytes(&json, "message", merging.progress.message);
    BOUGH_TRY(merge_report_write(&merging.report, &json));
    json_write_end(&json);
    reply_hash(request, "ETag", &merging.progress.state.name, true);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_merge_delete(struct request *request)
{
    struct bough_bytes branch;
    enum bough_err err = rev_ref_name(request, "heads/", request->words[0], &branch);

    if (err == BOUGH_OK)
        err = bough_merge_progress_abort(request->service->store, branch);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_MERGE, request->words[0]);
    reply_status(request, 204);
    return BOUGH_OK;
}

/* 201: it is there again. */
static enum bough_err answer_draft(struct request *request, const struct bough_hash *draft)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    reply_json_bytes(request, &json, "branch", "branch_encoded", request->words[0]);
    json_write_hash(&json, "draft", draft);
    json_write_end(&json);
    reply_hash(request, "ETag", draft, true);
    return reply_json_end(request, &out, 201);
}

enum bough_err api_merge_put(struct request *request)
{
    static const char *const members[] = {"undelete", NULL};
    const struct json *body = query_body(request, members);
    const struct json *undelete = json_read_member(body, "undelete");
    struct bough_bytes name;
    struct bough_ref ref;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    if (undelete == NULL || undelete->kind != JSON_TRUE)
        return reply_problem(request, PROBLEM_UNPROCESSABLE, "\"undelete\" must be true");
    err = rev_ref_name(request, BOUGH_REF_MERGES, request->words[0], &name);
    if (err == BOUGH_OK)
        err = bough_ref_undelete(request->service->store, name, &ref);
    if (err == BOUGH_STALE)
        return reply_problem(request, PROBLEM_MERGE_OPEN, "%s", "");
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS, MERGE_PLAN_IN_THE_WAY);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_MERGE, request->words[0]);
    return answer_draft(request, &ref.link.name);
}
