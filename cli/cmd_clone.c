/* SPDX-License-Identifier: ISC
 *
 * cmd_clone.c - the verb clone.
 *
 * An image that was made for a clone that failed is removed again: it would be in the way of the
 * next try, and there is nothing in it.
 */
#include "cmd_clone.h"
#include "cmd_branch.h"
#include "cmd_image.h"
#include "git_pair.h"
#include "interrupt.h"
#include <errno.h>
#include <unistd.h>

/* Makes the image that --store names if there is none. */
static enum exit_status make_image(const struct options *options, bool *made)
{
    struct options mkfs = *options;
    enum exit_status status;

    *made = false;
    if (options->store == NULL || access(options->store, F_OK) == 0 || errno != ENOENT)
        return EXIT_OK;
    if (options->mirror != NULL) {
        fprintf(stderr, "bough: %s is not there, and a clone makes no mirrors\n", options->store);
        return EXIT_USAGE;
    }
    mkfs.args[0] = options->store;
    status = cmd_image_mkfs(&mkfs);
    *made = status == EXIT_OK;
    return status;
}

static bool has_branches(const struct git_peer_refs *refs)
{
    for (size_t i = 0; i < refs->count; i++) {
        if (strncmp(refs->at[i].name, "refs/heads/", 11) == 0)
            return true;
    }
    return false;
}

/* Makes the store's default branch the one that the remote has. */
static enum exit_status choose_default(struct session *session, const struct git_plan *plan,
                                       const char *head)
{
    const struct git_plan_item *item = head == NULL ? NULL : git_plan_find(plan, head);
    struct http_response response;

    if (item == NULL || !item->moves)
        return EXIT_OK;
    return cmd_branch_change(session, "PATCH", head + strlen("refs/heads/"), "default", NULL,
                             &response);
}

static enum exit_status clone(struct session *session)
{
    struct git_plan plan;
    struct git_pair pair;
    enum exit_status status = git_pair_open(&pair, session, session->options->args[0]);

    if (status == EXIT_OK && has_branches(&pair.store_refs)) {
        fprintf(stderr, "bough: the store has branches; `bough fetch` brings more\n");
        status = EXIT_PRECONDITION;
    }
    if (status == EXIT_OK)
        status = git_pair_bring(&pair, "refs/heads/", false, &plan);
    if (status == EXIT_OK)
        status = choose_default(session, &plan, pair.remote_refs.head);
    if (status == EXIT_OK)
        status = git_pair_report(&pair, &plan);
    git_pair_close(&pair);
    return status;
}

enum exit_status cmd_clone(struct options *options)
{
    struct session session;
    enum exit_status status;
    bool made;

    interrupt_catch();
    status = make_image(options, &made);
    if (status != EXIT_OK)
        return status;
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = clone(&session);
    session_close(&session);
    /* A ref that was refused leaves the others. */
    if (made && status != EXIT_OK && status != EXIT_PRECONDITION)
        (void)unlink(options->store);
    return status;
}
