/* SPDX-License-Identifier: ISC
 *
 * merge_reply.h - asking a server to merge, and telling what came of it.
 */
#ifndef MERGE_REPLY_H
#define MERGE_REPLY_H

#include "json_read.h"
#include "json_write.h"
#include "session.h"

/* A request's body that is being written: begin, write members, call. */
struct merge_reply {
    struct session *session;
    struct out out;
    struct json_write json;
};

/* Begins an empty object for a session that is open. */
void merge_reply_begin(struct merge_reply *reply, struct session *session);

/* Writes the members that options stand for: strategy, favor, dry_run, no_ff, allow_unrelated. */
void merge_reply_choices(struct merge_reply *reply);

/* Sends the body to "/v1/b/{branch}/{verb}".  Conflicts go to standard output, one in a line, what
 * was done to standard error; with --json the server's document to standard output.  EXIT_CONFLICT,
 * or what session_call gives. */
enum exit_status merge_reply_call(struct merge_reply *reply, const char *verb);

/* Prints the conflicts that a document lists. */
void merge_reply_list(const struct json *document);

#endif
