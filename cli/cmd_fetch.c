/* SPDX-License-Identifier: ISC
 *
 * cmd_fetch.c - the verbs fetch and pull: what another git repository has, into a store.
 *
 * A fetch writes below remotes/ and tags/ only, and moves no tag; what becomes of the store's own
 * branches is a merge's doing.
 */
#include "cmd_fetch.h"
#include "bough/ref.h"
#include "cmd_branch.h"
#include "git_pair.h"
#include "merge_reply.h"

#define NAME_DEFAULT "origin"

/* The name that a repository's branches are kept under. */
static const char *name_of(const struct options *options)
{
    return options->as != NULL ? options->as : NAME_DEFAULT;
}

static bool is_name(const char *name)
{
    char ref[256];
    int len = snprintf(ref, sizeof(ref), "remotes/%s/x", name);

    if (len > 0 && (size_t)len < sizeof(ref) && name[0] != '\0' &&
        bough_ref_name_check(bough_bytes_text(ref)) == BOUGH_OK)
        return true;
    fprintf(stderr, "bough: --as is a name like " NAME_DEFAULT "\n");
    return false;
}

/* Brings what there is, kept apart from the store's own branches. */
static enum exit_status bring(struct git_pair *pair, struct git_plan *plan)
{
    const struct options *options = pair->session->options;

    return git_pair_bring(pair, session_text(pair->session, "refs/remotes/%s/", name_of(options)),
                          options->prune, plan);
}

enum exit_status cmd_fetch(struct options *options)
{
    struct git_plan plan;
    struct git_pair pair;
    struct session session;
    enum exit_status status;

    if (!is_name(name_of(options)))
        return EXIT_USAGE;
    status = session_open(&session, options);
    if (status == EXIT_OK) {
        status = git_pair_open(&pair, &session, options->args[0]);
        if (status == EXIT_OK)
            status = bring(&pair, &plan);
        if (status == EXIT_OK)
            status = git_pair_report(&pair, &plan);
        git_pair_close(&pair);
    }
    session_close(&session);
    return status;
}

/* Makes a branch that is not there yet: there is nothing to merge with. */
static enum exit_status make_branch(struct session *session, const char *branch, const char *from)
{
    struct http_response response;
    enum exit_status status = cmd_branch_change(session, "PUT", branch, "from", from, &response);

    if (status == EXIT_OK && session->options->json)
        printf("%.*s\n", (int)response.body.len, (const char *)response.body.at);
    else if (status == EXIT_OK && !session->options->quiet)
        fprintf(stderr, "new: commit %.12s\n", response.commit);
    return status;
}

/* Whether the store has the branch, with a commit. */
static enum exit_status has_branch(struct session *session, const char *branch, bool *yes)
{
    struct http_request request = {.method = "GET"};
    struct http_response response;
    enum bough_err err;

    request.target =
        session_text(session, "/v1/branches/%s", session_encoded(session, branch, false));
    err = http_client_call(&session->client, &request, &session->arena, NULL, &response);
    if (err == BOUGH_OK && (response.status == 200 || response.status == 404)) {
        *yes = response.status == 200;
        return EXIT_OK;
    }
    return session_call(session, &request, NULL, &response);
}

/* Makes what was fetched part of the store's branch. */
static enum exit_status merge(struct session *session, const char *branch, const char *from)
{
    struct merge_reply reply;
    bool there = false;
    enum exit_status status = has_branch(session, branch, &there);

    if (status != EXIT_OK)
        return status;
    if (!there)
        return make_branch(session, branch, from);
    merge_reply_begin(&reply, session);
    json_write_text(&reply.json, "from", from);
    merge_reply_choices(&reply);
    return merge_reply_call(&reply, "merge");
}

/* Fetches `theirs`, with all others, and merges it into `branch`. */
static enum exit_status pull(struct session *session, const char *theirs, const char *branch)
{
    const char *from = session_text(session, "remotes/%s/%s", name_of(session->options), theirs);
    const struct git_plan_item *item = NULL;
    struct git_plan plan;
    struct git_pair pair;
    enum exit_status status = git_pair_open(&pair, session, session->options->args[0]);

    if (status == EXIT_OK &&
        git_peer_find(&pair.remote_refs, session_text(session, "refs/heads/%s", theirs)) == NULL) {
        fprintf(stderr, "bough: %s has no branch %s\n", pair.remote.url.clean, theirs);
        status = EXIT_NOT_FOUND;
    }
    if (status == EXIT_OK)
        status = bring(&pair, &plan);
    if (status == EXIT_OK)
        item = git_plan_find(&plan, session_text(session, "refs/%s", from));
    if (item != NULL && !item->moves)
        status = EXIT_PRECONDITION;
    git_pair_close(&pair);
    return status == EXIT_OK ? merge(session, branch, from) : status;
}

enum exit_status cmd_fetch_pull(struct options *options)
{
    const char *branch = options->branch != NULL ? options->branch : "main";
    struct session session;
    enum exit_status status;

    if (!is_name(name_of(options)))
        return EXIT_USAGE;
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = pull(&session, options->arg_count > 1 ? options->args[1] : branch, branch);
    session_close(&session);
    return status;
}
