/* SPDX-License-Identifier: ISC
 *
 * cmd_rewrite.c - the verbs cherry-pick, revert, squash, rebase and reset: one request each.
 */
#include "cmd_rewrite.h"
#include "merge_reply.h"
#include <stdlib.h>

/* Asks for `verb`; `member` names the commit in the request. */
static enum exit_status ask(struct options *options, const char *verb, const char *member)
{
    long mainline = options->mainline == NULL ? 0 : strtol(options->mainline, NULL, 10);
    struct merge_reply reply;
    struct session session;
    enum exit_status status;

    if (options->mainline != NULL && (mainline < 1 || mainline > 64)) {
        fprintf(stderr, "bough: --mainline is the number of a parent, from 1 on\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK) {
        merge_reply_begin(&reply, &session);
        json_write_text(&reply.json, member, options->args[0]);
        if (mainline > 0)
            json_write_number(&reply.json, "mainline", (uint64_t)mainline);
        merge_reply_choices(&reply);
        status = merge_reply_call(&reply, verb);
    }
    session_close(&session);
    return status;
}

enum exit_status cmd_rewrite_pick(struct options *options)
{
    return ask(options, "cherry-pick", "commit");
}

enum exit_status cmd_rewrite_revert(struct options *options)
{
    return ask(options, "revert", "commit");
}

enum exit_status cmd_rewrite_squash(struct options *options)
{
    return ask(options, "squash", "from");
}

enum exit_status cmd_rewrite_rebase(struct options *options)
{
    return ask(options, "rebase", "onto");
}

enum exit_status cmd_rewrite_reset(struct options *options)
{
    if (options->force)
        return ask(options, "reset", "to");
    fprintf(stderr, "bough: what the branch has is not reached from it then: say --force; `bough "
                    "reflog` knows what it was\n");
    return EXIT_USAGE;
}
