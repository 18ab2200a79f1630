/* SPDX-License-Identifier: ISC
 *
 * git_slices.c - a push to a store, which takes so many bytes in one piece.
 *
 * How large a pack becomes is known when it is made; so a slice that does not fit is cut in half.
 *   (1) A slice is a run of commits, parents first, that ends with the one which is pushed.  What
 *       an earlier slice brought is not sent again as long as a ref leads to it: so each has one,
 * of its own, until all are there. (2) These refs go away at the end, also after an error.
 */
#include "git_slices.h"
#include "bough/limits.h"

#define REFS "refs/transfer/" /* of slices, followed by the first commit's id and a number */

struct slices {
    struct git_peer *store;
    git_oid *commits; /* that are not in the store, parents first; in the session's arena */
    size_t count;
    size_t refs; /* slices that have arrived */
};

/* Begins a walk over what the plan brings and the store does not have. */
static int begin_walk(struct slices *slices, const struct git_plan *plan,
                      const struct git_peer_refs *there, git_revwalk **walk)
{
    git_repository *repository = slices->store->repository;
    int error = git_revwalk_new(walk, repository);

    if (error == 0)
        error = git_revwalk_sorting(*walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    for (size_t i = 0; i < plan->count && error == 0; i++) {
        if (plan->items[i].moves && plan->items[i].from != NULL)
            (void)git_revwalk_push_ref(*walk, plan->items[i].from); /* what is no commit is small */
    }
    for (size_t i = 0; i < there->count && error == 0; i++)
        (void)git_revwalk_hide(*walk, &there->at[i].id); /* it need not be here */
    return error;
}

/* Lists the commits. */
static int list_commits(struct slices *slices, const struct git_plan *plan,
                        const struct git_peer_refs *there)
{
    struct bough_arena *arena = &slices->store->session->arena;
    git_revwalk *walk = NULL;
    size_t max = 0;
    git_oid id;
    int error = begin_walk(slices, plan, there, &walk);

    while (error == 0 && (error = git_revwalk_next(&id, walk)) == 0) {
        if (slices->count == max) {
            git_oid *more = bough_arena_zeros(arena, max == 0 ? 4096 : 2 * max, sizeof(*more));

            if (more == NULL) {
                error = GIT_ERROR;
                break;
            }
            if (max > 0)
                memcpy(more, slices->commits, max * sizeof(*more));
            slices->commits = more;
            max = max == 0 ? 4096 : 2 * max;
        }
        slices->commits[slices->count++] = id;
    }
    git_revwalk_free(walk);
    return error == GIT_ITEROVER ? 0 : error;
}

/* The name of a slice's ref. */
static const char *ref_of(const struct slices *slices, size_t number)
{
    char hex[GIT_OID_HEXSZ + 1];

    return session_text(slices->store->session, REFS "%s/%zu",
                        git_oid_tostr(hex, sizeof(hex), &slices->commits[0]), number);
}

/* Sends the commits up to `end`, which is not sent itself.  libgit2 pushes refs only, so the
 * repository gets the slice's ref, too. */
static enum exit_status send(struct slices *slices, size_t end)
{
    struct git_peer *store = slices->store;
    const char *ref = ref_of(slices, slices->refs);
    const char *spec = session_text(store->session, "+%s:%s", ref, ref);
    git_reference *made = NULL;
    enum exit_status status;
    int error =
        git_reference_create(&made, store->repository, ref, &slices->commits[end - 1], true, NULL);

    git_reference_free(made);
    if (error != 0)
        return git_peer_complain(store->session, ref, error);
    status = git_peer_push(store, &spec, 1, NULL, NULL);
    slices->refs += status == EXIT_OK ? 1 : 0;
    return status;
}

static enum exit_status send_all(struct slices *slices, size_t step)
{
    enum exit_status status = EXIT_OK;
    size_t sent = 0;

    for (size_t done = 0; done < slices->count && status == EXIT_OK;) {
        step = step < slices->count - done ? step : slices->count - done;
        slices->store->hushed = step > 1;
        status = send(slices, done + step);
        sent += slices->store->sent;
        if (status == EXIT_OK) {
            done += step;
        } else if (step > 1 && git_peer_may_be_cut(status)) {
            step = (step + 1) / 2;
            status = EXIT_OK;
        }
    }
    slices->store->hushed = false;
    slices->store->sent = sent;
    return status;
}

/* Takes the slices' refs away: invariant (2). */
static void clear(struct slices *slices)
{
    for (size_t i = 0; i < slices->refs; i++) {
        const char *spec = session_text(slices->store->session, ":%s", ref_of(slices, i));

        (void)git_peer_push(slices->store, &spec, 1, NULL, NULL);
    }
}

/* How many commits to begin with. */
static size_t first_step(const struct slices *slices, uint64_t bytes)
{
    uint64_t part = BOUGH_PUSH_PACK_BYTES_MAX / 2;
    size_t step = (slices->count + 1) / 2;

    if (bytes > 2 * part)
        step = (size_t)((double)slices->count * (double)part / (double)bytes);
    return step == 0 ? 1 : step;
}

enum exit_status git_slices_push(struct git_plan *plan, struct git_peer *store, uint64_t bytes)
{
    struct slices slices = {.store = store};
    struct git_peer_refs there;
    enum exit_status status = EXIT_LIMIT;
    size_t sent;
    int error;

    store->bytes_max = BOUGH_PUSH_PACK_BYTES_MAX;
    if (bytes < BOUGH_PUSH_PACK_BYTES_MAX) {
        store->hushed = true;
        status = git_plan_push(plan, store);
        store->hushed = false;
    }
    if (!git_peer_may_be_cut(status))
        return status;
    status = git_peer_list(store, &there);
    if (status != EXIT_OK)
        return status;
    error = list_commits(&slices, plan, &there);
    if (error != 0)
        return git_peer_complain(store->session, "listing commits", error);
    status = send_all(&slices, first_step(&slices, bytes));
    sent = store->sent;
    if (status == EXIT_OK)
        status = git_plan_push(plan, store);
    sent += store->sent;
    clear(&slices);
    store->sent = sent;
    return status;
}
