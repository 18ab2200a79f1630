/* SPDX-License-Identifier: ISC
 *
 * git_pair.c - a store and somebody else's git repository, with a scratch repository in between.
 *
 * Both are asked what they have before anything is moved: where nothing is new, nothing is.
 */
#include "git_pair.h"
#include "git_slices.h"
#include "interrupt.h"

#define HEADS "refs/heads/"
#define TAGS  "refs/tags/"

enum exit_status git_pair_open(struct git_pair *pair, struct session *session, const char *url)
{
    const char *own = session_text(session, "%s/bough.git", session->url);
    enum exit_status status;

    *pair = (struct git_pair){.session = session};
    interrupt_catch();
    git_libgit2_init();
    status = git_scratch_open(&pair->scratch);
    if (status == EXIT_OK)
        status = git_peer_open(&pair->remote, session, pair->scratch.repository, url);
    if (status == EXIT_OK)
        status = git_peer_list(&pair->remote, &pair->remote_refs);
    if (status == EXIT_OK)
        status = git_peer_open(&pair->store, session, pair->scratch.repository, own);
    if (status == EXIT_OK)
        status = git_peer_list(&pair->store, &pair->store_refs);
    return status;
}

void git_pair_close(struct git_pair *pair)
{
    git_peer_close(&pair->store);
    git_peer_close(&pair->remote);
    git_scratch_close(&pair->scratch);
    git_libgit2_shutdown();
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What the remote does not have any more. */
static void plan_removals(struct git_pair *pair, struct git_plan *plan, const char *into)
{
    for (size_t i = 0; i < pair->store_refs.count; i++) {
        const struct git_peer_ref *ref = &pair->store_refs.at[i];

        if (starts(ref->name, into) &&
            git_peer_find(&pair->remote_refs, session_text(pair->session, HEADS "%s",
                                                           ref->name + strlen(into))) == NULL)
            git_plan_move(plan, NULL, ref->name, NULL, &ref->id);
    }
}

/* What the remote has and the store does not: refs that start with `kind`, `into` in its place. */
static void plan_moves(struct git_pair *pair, struct git_plan *plan, const char *kind,
                       const char *into)
{
    for (size_t i = 0; i < pair->remote_refs.count; i++) {
        const struct git_peer_ref *ref = &pair->remote_refs.at[i];
        const struct git_peer_ref *now;
        const char *name;

        if (!starts(ref->name, kind))
            continue;
        name = session_text(pair->session, "%s%s", into, ref->name + strlen(kind));
        now = git_peer_find(&pair->store_refs, name);
        if (now != NULL && git_oid_equal(&now->id, &ref->id))
            continue;
        if (now != NULL && starts(name, TAGS))
            git_plan_stay(plan, name, &now->id, "kept", "the store has this tag otherwise");
        else
            git_plan_move(
                plan,
                session_text(pair->session, GIT_PAIR_REMOTE "%s", ref->name + strlen("refs/")),
                name, &ref->id, now == NULL ? NULL : &now->id);
    }
}

enum exit_status git_pair_copy_store(struct git_pair *pair)
{
    static const char *const all[] = {"+refs/*:" GIT_PAIR_STORE "*"};

    return pair->store_refs.count == 0 ? EXIT_OK : git_peer_fetch(&pair->store, all, 1);
}

/* Does what is planned. */
static enum exit_status take(struct git_pair *pair, struct git_plan *plan)
{
    static const char *const theirs[] = {"+" HEADS "*:" GIT_PAIR_REMOTE "heads/*",
                                         "+" TAGS "*:" GIT_PAIR_REMOTE "tags/*"};
    enum exit_status status = EXIT_OK;
    bool needs = git_plan_needs_objects(plan);

    if (needs)
        status = git_pair_copy_store(pair);
    if (needs && status == EXIT_OK)
        status = git_peer_fetch(&pair->remote, theirs, 2);
    if (status == EXIT_OK) {
        git_plan_judge(plan, pair->scratch.repository, true);
        status = git_slices_push(plan, &pair->store, pair->remote.received_bytes);
    }
    return status;
}

enum exit_status git_pair_bring(struct git_pair *pair, const char *into, bool prune,
                                struct git_plan *plan)
{
    enum exit_status status =
        git_plan_begin(plan, pair->session, pair->remote_refs.count + pair->store_refs.count);

    if (status != EXIT_OK)
        return status;
    if (prune)
        plan_removals(pair, plan, into);
    plan_moves(pair, plan, HEADS, into);
    plan_moves(pair, plan, TAGS, TAGS);
    status = take(pair, plan);
    if (status == EXIT_OK)
        git_plan_tell(plan, !pair->session->options->quiet);
    return status;
}

enum exit_status git_pair_report(const struct git_pair *pair, const struct git_plan *plan)
{
    const struct options *options = pair->session->options;
    size_t sent = pair->store.sent + pair->remote.sent; /* a verb pushes to one of them */

    if (options->json)
        git_plan_print(plan, pair->remote.received, sent);
    else if (!options->quiet)
        fprintf(stderr, "%zu new objects\n", sent);
    return plan->refused > 0 ? EXIT_PRECONDITION : EXIT_OK;
}
