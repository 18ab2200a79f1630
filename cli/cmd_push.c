/* SPDX-License-Identifier: ISC
 *
 * cmd_push.c - the verb push: a store's branches and tags, to another git repository.
 *
 * Whether a branch only moves forwards is judged here, ref by ref, before anything is sent: not
 * every repository that is pushed to asks.
 */
#include "cmd_push.h"
#include "git_pair.h"

/* Plans one ref, by the name that it has on both sides. */
static void plan_ref(const struct git_pair *pair, struct git_plan *plan,
                     const struct git_peer_ref *ref)
{
    const struct git_peer_ref *theirs = git_peer_find(&pair->remote_refs, ref->name);

    if (theirs == NULL || !git_oid_equal(&theirs->id, &ref->id))
        git_plan_move(plan,
                      session_text(pair->session, GIT_PAIR_STORE "%s", ref->name + strlen("refs/")),
                      ref->name, &ref->id, theirs == NULL ? NULL : &theirs->id);
}

static enum exit_status plan_branch(const struct git_pair *pair, struct git_plan *plan,
                                    const char *ref_name)
{
    const struct git_peer_ref *ref = git_peer_find(&pair->store_refs, ref_name);

    if (ref == NULL) {
        fprintf(stderr, "bough: the store has no branch %s that git can see\n",
                ref_name + strlen("refs/heads/"));
        return EXIT_NOT_FOUND;
    }
    if (git_plan_find(plan, ref_name) == NULL)
        plan_ref(pair, plan, ref);
    return EXIT_OK;
}

/* What the words of the command line ask for. */
static enum exit_status plan_all(const struct git_pair *pair, struct git_plan *plan)
{
    const struct options *options = pair->session->options;
    enum exit_status status =
        git_plan_begin(plan, pair->session, options->arg_count + pair->store_refs.count);

    for (size_t i = 1; i < options->arg_count && status == EXIT_OK; i++)
        status =
            plan_branch(pair, plan, session_text(pair->session, "refs/heads/%s", options->args[i]));
    if (options->arg_count == 1 && status == EXIT_OK)
        status = plan_branch(
            pair, plan, pair->store_refs.head == NULL ? "refs/heads/main" : pair->store_refs.head);
    for (size_t i = 0; options->tags && i < pair->store_refs.count && status == EXIT_OK; i++) {
        if (strncmp(pair->store_refs.at[i].name, "refs/tags/", 10) == 0)
            plan_ref(pair, plan, &pair->store_refs.at[i]);
    }
    return status;
}

enum exit_status cmd_push(struct options *options)
{
    struct git_plan plan;
    struct git_pair pair;
    struct session session;
    enum exit_status status = session_open(&session, options);

    if (status == EXIT_OK) {
        status = git_pair_open(&pair, &session, options->args[0]);
        if (status == EXIT_OK)
            status = plan_all(&pair, &plan);
        if (status == EXIT_OK && plan.count > 0)
            status = git_pair_copy_store(&pair);
        if (status == EXIT_OK) {
            git_plan_judge(&plan, pair.scratch.repository, options->force);
            status = git_plan_push(&plan, &pair.remote);
        }
        if (status == EXIT_OK) {
            git_plan_tell(&plan, !options->quiet);
            status = git_pair_report(&pair, &plan);
        }
        git_pair_close(&pair);
    }
    session_close(&session);
    return status;
}
