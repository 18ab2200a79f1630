/* SPDX-License-Identifier: ISC
 *
 * git_peer.h - one git repository at the other end of a connection, by libgit2: a store's own git
 * view, or somebody else's repository.
 */
#ifndef GIT_PEER_H
#define GIT_PEER_H

#include "git_url.h"
#include "progress.h"
#include "session.h"
#include <git2.h>

/* Told what became of a ref that was pushed; why NULL = it was taken. */
typedef void git_peer_answer(void *context, const char *ref, const char *why);

struct git_peer {
    struct session *session;
    git_repository *repository; /* what is fetched into and pushed from; borrowed */
    git_remote *remote;
    struct git_url url;
    struct progress progress;
    unsigned asked;  /* how often the server wanted to know who we are */
    size_t received; /* objects that the last fetch brought */
    size_t sent;     /* objects of the last push */
    uint64_t received_bytes;
    uint64_t bytes_max; /* a push of more is broken off; 0 = no limit */
    bool hushed;        /* a push that may get through in pieces is not complained about */
    git_peer_answer *answer;
    void *context;
};

struct git_peer_ref {
    const char *name; /* "refs/heads/main" */
    git_oid id;
};

/* What a repository shows, sorted by name. */
struct git_peer_refs {
    struct git_peer_ref *at;
    size_t count;
    const char *head; /* the default branch, "refs/heads/main"; NULL = none that is known */
};

/* Begins to talk about `url`; nothing is sent yet.  libgit2 must have been begun.  `peer` stays
 * where it is until git_peer_close, which is also due after an error. */
enum exit_status git_peer_open(struct git_peer *peer, struct session *session,
                               git_repository *repository, const char *url);

/* Ends it; a peer of zeros is allowed. */
void git_peer_close(struct git_peer *peer);

/* What there is, in the session's arena. */
enum exit_status git_peer_list(struct git_peer *peer, struct git_peer_refs *refs);

/* The ref of that name, or NULL.  O(log refs). */
const struct git_peer_ref *git_peer_find(const struct git_peer_refs *refs, const char *name);

/* Brings what the refspecs name, with all that it needs and the repository lacks. */
enum exit_status git_peer_fetch(struct git_peer *peer, const char *const *specs, size_t count);

/* Sends what the refspecs name; `answer` hears of each ref that the server has judged. */
enum exit_status git_peer_push(struct git_peer *peer, const char *const *specs, size_t count,
                               git_peer_answer *answer, void *context);

/* Whether a push that failed so may get through in smaller pieces: it had too much, or the other
 * end would not hear of it. */
bool git_peer_may_be_cut(enum exit_status status);

/* What libgit2 wants to know of a peer: for calls that begin with their own options. */
void git_peer_callbacks(struct git_peer *peer, git_remote_callbacks *callbacks);

/* Says on stderr what libgit2 says of `what`; `code` is what its function returned. */
enum exit_status git_peer_complain(struct session *session, const char *what, int code);

/* `text` without control characters, in the arena: what somebody else said, for a terminal. */
const char *git_peer_plain(struct session *session, const char *text);

#endif
