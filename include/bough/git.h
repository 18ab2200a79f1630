/* SPDX-License-Identifier: ISC
 *
 * git.h - the store as a git repository, over git's stateless smart HTTP protocol.
 *
 * A service (HTTP, a pipe, a test) makes one exchange per HTTP request: the request's body goes in
 * in pieces, the response's body comes out in pieces.  What is asked of HTTP itself:
 *
 *   GET  .../info/refs?service=git-upload-pack     {UPLOAD, advertise}   no body
 *   GET  .../info/refs?service=git-receive-pack    {RECEIVE, advertise}  no body
 *   POST .../git-upload-pack                       {UPLOAD}
 *   POST .../git-receive-pack                      {RECEIVE}
 *
 * and, of no protocol of git's, one file that git can clone and fetch from:
 *
 *   GET  .../bundle?since=ID,ID                    {BUNDLE}              no body
 *
 * The response's type is bough_git_content_type(), its status 200 with `Cache-Control: no-cache`,
 * its length unknown.  Refused pushes and fetches are 200 too: git reads the reason in the body.
 * The caller has already looked at method, path, service and the request's Content-Type (403 for a
 * service not named here, 415 for a wrong type), and has undone Transfer-Encoding and
 * Content-Encoding.  Errors of these functions as statuses: BOUGH_NO_MEMORY and BOUGH_BUSY 503,
 * BOUGH_TOO_BIG 413, BOUGH_INVALID 400, others 500; after the first byte of a response an error
 * means that the connection must be cut, so that nobody takes the torn body for a whole one.
 *
 * Not for use by two threads; exchanges of one `struct bough_git` may be open side by side.
 */
#ifndef BOUGH_GIT_H
#define BOUGH_GIT_H

#include "bough/commit.h"
#include "bough/store.h"

struct bough_git;
struct bough_git_exchange;

enum bough_git_service { BOUGH_GIT_UPLOAD, BOUGH_GIT_RECEIVE, BOUGH_GIT_BUNDLE };

struct bough_git_request {
    enum bough_git_service service;
    bool advertise;              /* GET info/refs, else the POST */
    struct bough_bytes protocol; /* the Git-Protocol header's value, or empty; read at open */
    struct bough_bytes since;    /* of a bundle: git's ids of commits that it builds on, with commas
                                    between; read at open */
};

/* The git view of `store`, which is borrowed until close.  Ids (SHA-1) are computed when somebody
 * asks and remembered in at most `memo_bytes` of the heap (0 = BOUGH_GIT_MEMO_BYTES); forgetting
 * them changes nothing but time.  BOUGH_NO_MEMORY.  O(1). */
BOUGH_MUST_CHECK enum bough_err bough_git_open(struct bough_store *store, size_t memo_bytes,
                                               struct bough_git **git);

/* Releases the view; its exchanges must be closed before.  NULL is allowed. */
void bough_git_close(struct bough_git *git);

/* Forgets every remembered id.  To be called after objects were removed from the store. */
void bough_git_forget(struct bough_git *git);

/* An annotated tag of a commit. */
struct bough_git_tag {
    struct bough_bytes name; /* "v1", as in the ref that it is for */
    struct bough_link commit;
    struct bough_ident tagger;
    struct bough_bytes message; /* ends with a newline, as git has it */
};

/* Stages an annotated tag, as git would write it; a ref may point at it then.  BOUGH_NOT_FOUND (the
 * commit's history was cut by a policy, so git has no id for it), BOUGH_TOO_BIG (all of it past
 * BOUGH_MESSAGE_BYTES_MAX), BOUGH_NO_MEMORY, and what the store may answer.  Works out the ids of
 * all commits behind that are not known. */
BOUGH_MUST_CHECK enum bough_err bough_git_tag_put(struct bough_git *git,
                                                  const struct bough_git_tag *tag,
                                                  struct bough_arena *arena,
                                                  struct bough_link *link);

/* The Content-Type of the response, or (`of_request`) of the request's body.  Static. */
const char *bough_git_content_type(const struct bough_git_request *request, bool of_request);

/* Begins an exchange; `request` is not needed afterwards.  BOUGH_NO_MEMORY; for a bundle also
 * BOUGH_INVALID (`since` is no list of ids), BOUGH_NOT_FOUND (one is no commit of ours) and what
 * the store may answer. */
BOUGH_MUST_CHECK enum bough_err bough_git_exchange_open(struct bough_git *git,
                                                        const struct bough_git_request *request,
                                                        struct bough_git_exchange **exchange);

/* Takes the next piece of the request's body (borrowed for the call).  A request that is refused
 * for what it says is answered in the response, and the rest of its body is taken and dropped; so
 * only BOUGH_NO_MEMORY, BOUGH_TOO_BIG (a fetch request that is endless) and BOUGH_INVALID (a push
 * that is not in git's framing at all) come back, after which only close may follow. */
BOUGH_MUST_CHECK enum bough_err bough_git_exchange_add(struct bough_git_exchange *exchange,
                                                       struct bough_bytes bytes);

/* The body is complete: does the work.  For a push everything is checked, stored, the refs moved
 * and bough_store_sync called before this returns; a fetch has chosen what to send.  In steps:
 * BOUGH_NOT_READY means that it is to be called again, and that others may be served in between; a
 * step takes some milliseconds where single commits change little.  BOUGH_INVALID (the body stops
 * in the middle of a packet), BOUGH_NOT_FOUND (a bundle of no ref at all), BOUGH_NO_MEMORY, what
 * the store may answer; after an error only close may follow. */
BOUGH_MUST_CHECK enum bough_err bough_git_exchange_end(struct bough_git_exchange *exchange);

/* The next up to `max` > 0 bytes of the response; *got is 0 only at its end.  After end() only.
 * Objects are read and compressed when they are asked for, in bounded memory. */
BOUGH_MUST_CHECK enum bough_err bough_git_exchange_read(struct bough_git_exchange *exchange,
                                                        void *into, size_t max, size_t *got);

/* Releases the exchange at any time; an unfinished push leaves nothing.  NULL is allowed. */
void bough_git_exchange_close(struct bough_git_exchange *exchange);

#endif
