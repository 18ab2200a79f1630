/* SPDX-License-Identifier: ISC
 *
 * git_pair.h - a store and somebody else's git repository, with a scratch repository in between.
 */
#ifndef GIT_PAIR_H
#define GIT_PAIR_H

#include "git_plan.h"
#include "git_scratch.h"

/* Where refs of the two are found in the scratch repository, in place of "refs/". */
#define GIT_PAIR_STORE  "refs/store/"
#define GIT_PAIR_REMOTE "refs/remote/"

struct git_pair {
    struct session *session;
    struct git_scratch scratch;
    struct git_peer store;
    struct git_peer remote;
    struct git_peer_refs store_refs;
    struct git_peer_refs remote_refs;
};

/* Begins with the session's store and the repository at `url`, and lists the refs of both; from now
 * on Ctrl-C is noted only (interrupt.h).  After an error a message has been printed; git_pair_close
 * is due either way, and `pair` stays where it is until then. */
enum exit_status git_pair_open(struct git_pair *pair, struct session *session, const char *url);

/* Removes the scratch repository, and all else. */
void git_pair_close(struct git_pair *pair);

/* Copies what the store shows into the scratch repository, below GIT_PAIR_STORE.  By that the
 * remote is asked for, or sent, only what it, or the store, does not have. */
enum exit_status git_pair_copy_store(struct git_pair *pair);

/* Brings the remote's branches into the store, to `into` ("refs/heads/") in place of refs/heads/,
 * and its tags; tags that the store has otherwise stay.  With `prune` what the store has below
 * `into` and the remote does not have goes away first.  What came of each ref that is not equal is
 * in `plan`, and has been told.  Where something is new this costs a copy of the store's history.
 */
enum exit_status git_pair_bring(struct git_pair *pair, const char *into, bool prune,
                                struct git_plan *plan);

/* Ends a verb with what came of it (git_plan_tell, git_plan_print): EXIT_PRECONDITION when a ref
 * was refused. */
enum exit_status git_pair_report(const struct git_pair *pair, const struct git_plan *plan);

#endif
