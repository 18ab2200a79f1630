/* SPDX-License-Identifier: ISC
 *
 * git_plan.h - which refs a push is to move, and what came of each.
 */
#ifndef GIT_PLAN_H
#define GIT_PLAN_H

#include "git_peer.h"

struct git_plan_item {
    const char *from; /* what it gets; NULL = it goes away, or stays */
    const char *ref;  /* where it goes: "refs/heads/main" */
    const char *outcome;
    const char *why; /* NULL = there is no more to say */
    git_oid id;      /* what it points at then; zero = not known, or gone */
    git_oid old;     /* what it points at now; the same */
    bool moves;
    bool force; /* although something may be lost */
};

struct git_plan {
    struct session *session;
    struct git_plan_item *items; /* in the session's arena */
    size_t count;
    size_t max;
    size_t refused;
};

/* An empty plan for at most `max` refs.  EXIT_LIMIT, with a message, when there is no memory. */
enum exit_status git_plan_begin(struct git_plan *plan, struct session *session, size_t max);

/* Adds a ref that gets `from` (NULL = it goes away), which is `id`, in place of `old`, which NULL =
 * nothing.  The outcome is "new", "moved" or "removed".  Texts are borrowed. */
void git_plan_move(struct git_plan *plan, const char *from, const char *ref, const git_oid *id,
                   const git_oid *old);

/* Adds a ref that stays as it is, `why` for people. */
void git_plan_stay(struct git_plan *plan, const char *ref, const git_oid *id, const char *outcome,
                   const char *why);

/* Looks at each ref that is to be moved whether what it points at now would be lost, by the commits
 * that `repository` has; a tag always would.  With `force` its outcome is "forced" then, without it
 * is "refused". */
void git_plan_judge(struct git_plan *plan, git_repository *repository, bool force);

/* Whether anything is to be brought from elsewhere. */
bool git_plan_needs_objects(const struct git_plan *plan);

/* Pushes the refs that move, at most as many at once as a store takes.  What the other end refuses
 * has the outcome "refused" then, and its words. */
enum exit_status git_plan_push(struct git_plan *plan, struct git_peer *peer);

/* What is planned for a ref, or what came of it; NULL = nothing.  O(refs). */
const struct git_plan_item *git_plan_find(const struct git_plan *plan, const char *ref);

/* Prints, on stderr, what was refused or left as it was; with `moved` also what was not. */
void git_plan_tell(const struct git_plan *plan, bool moved);

/* The same for programs, on standard output, with the number of objects that came from a remote and
 * of those that were sent to where the refs moved: {"received","sent","refs":[{"ref","outcome",
 * "id","why"}]}. */
void git_plan_print(const struct git_plan *plan, size_t received, size_t sent);

#endif
