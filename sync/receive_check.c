/* SPDX-License-Identifier: ISC
 *
 * receive_check.c - which commands of a push may be carried out.
 *
 * Owns nothing.  The words are git's own where it has some, because clients and people look for
 * them.  An update that is no fast-forward is somebody's who forces it, since git's clients send
 * none otherwise; the log of refs knows what was there, and rules of protection may forbid it.
 */
#include "receive_check.h"
#include "name_set.h"

#define ARENA_BYTES_MAX (16u << 20)
#define SEEN_BYTES_MAX  (64u << 20)
#define STACK_BYTES_MAX (64u << 20)

static struct bough_bytes ref_name(const struct receive_command *command)
{
    return bough_bytes_of(command->name.at + 5, command->name.len - 5);
}

static bool is_branch(const struct receive_command *command)
{
    return bough_bytes_starts(command->name, bough_bytes_text("refs/heads/"));
}

/* What the name alone tells. */
static enum bough_err check_name(struct receive *receive, struct receive_command *command)
{
    struct bough_bytes head;

    if (!bough_bytes_starts(command->name, bough_bytes_text("refs/")) ||
        bough_ref_name_check(ref_name(command)) != BOUGH_OK) {
        command->refused = "funny refname";
        return BOUGH_OK;
    }
    if (bough_bytes_starts(ref_name(command), bough_bytes_text(BOUGH_REF_MERGES))) {
        command->refused = "deny updating a hidden ref";
        return BOUGH_OK;
    }
    if (!receive_deletes(command))
        return BOUGH_OK;
    BOUGH_TRY(bough_ref_head(receive->view->store, &receive->arena, &head));
    if (bough_bytes_equal(head, ref_name(command)))
        command->refused = "deletion of the current branch prohibited";
    return BOUGH_OK;
}

/* Whether the ref is now what the client believes. */
static enum bough_err check_old(struct receive *receive, struct receive_command *command)
{
    struct git_ref ref = {.name = command->name};
    enum bough_err err;

    err = bough_ref_get(receive->view->store, ref_name(command), &command->current);
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    command->present = err == BOUGH_OK;
    if (!command->present) {
        if (!sha1_is_zero(&command->old_id))
            command->refused = "failed to update ref: it does not exist";
        else if (receive_deletes(command))
            command->refused = "failed to update ref: nothing to delete";
        return BOUGH_OK;
    }
    if (command->current.kind != BOUGH_KIND_COMMIT && command->current.kind != BOUGH_KIND_TAG) {
        command->refused = "failed to update ref: it is not git's";
        return BOUGH_OK;
    }
    ref.native = (struct git_native){.kind = command->current.kind == BOUGH_KIND_COMMIT ? GIT_COMMIT
                                                                                        : GIT_TAG,
                                     .link = command->current.link};
    err = git_history_ref_fill(receive->view, &ref);
    if (err == BOUGH_NOT_FOUND) {
        command->refused = "its history is cut by a retention policy, so git has no part in it";
        return BOUGH_OK;
    }
    if (err != BOUGH_OK)
        return err;
    if (!sha1_equal(&ref.id, &command->old_id))
        command->refused = "failed to update ref: it has moved, fetch first";
    return BOUGH_OK;
}

/* Whether an earlier command names the same ref; both are refused. */
static void check_twice(struct receive_command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bough_bytes_equal(commands[i].name, commands[n].name))
            commands[i].refused = commands[n].refused = "multiple updates for one ref";
    }
}

enum bough_err receive_check_commands(struct receive *receive)
{
    size_t count;
    struct receive_command *commands = receive_commands(receive, &count);

    for (size_t i = 0; i < count; i++) {
        if (commands[i].refused == NULL)
            BOUGH_TRY(check_name(receive, &commands[i]));
        if (commands[i].refused == NULL)
            BOUGH_TRY(check_old(receive, &commands[i]));
        check_twice(commands, i);
    }
    return BOUGH_OK;
}

/* One search for an ancestor. */
struct walk {
    struct bough_store *store;
    struct bough_arena arena;
    struct name_set seen;
    struct buffer stack; /* of struct bough_link */
};

static enum bough_err visit(struct walk *walk, const struct bough_link *link)
{
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&walk->seen, &link->name, &number, &is_new));
    return is_new ? buffer_add(&walk->stack, bough_bytes_of(link, sizeof(*link))) : BOUGH_OK;
}

/* Whether `old` is `next` or behind it; generations tell where to stop looking. */
static enum bough_err is_behind(struct walk *walk, const struct bough_link *old,
                                const struct bough_link *next, bool *behind)
{
    struct bough_commit commit;
    uint64_t generation;

    BOUGH_TRY(bough_commit_get(walk->store, old, &walk->arena, &commit));
    generation = commit.generation;
    *behind = false;
    BOUGH_TRY(visit(walk, next));
    while (!*behind && walk->stack.len > 0) {
        struct bough_arena_mark mark = bough_arena_now(&walk->arena);
        struct bough_link link;

        walk->stack.len -= sizeof(link);
        memcpy(&link, walk->stack.at + walk->stack.len, sizeof(link));
        *behind = bough_hash_equal(&link.name, &old->name);
        BOUGH_TRY(bough_commit_get(walk->store, &link, &walk->arena, &commit));
        for (uint32_t i = 0; commit.generation > generation && i < commit.parent_count; i++)
            if (!bough_commit_is_cut(&commit.parents[i]))
                BOUGH_TRY(visit(walk, &commit.parents[i]));
        bough_arena_back(&walk->arena, mark);
    }
    return BOUGH_OK;
}

static enum bough_err is_fast_forward(struct receive *receive,
                                      const struct receive_command *command, bool *yes)
{
    struct bough_heap *heap = receive->view->env->heap;
    struct walk walk = {.store = receive->view->store};
    enum bough_err err;

    bough_arena_init(&walk.arena, heap, ARENA_BYTES_MAX);
    name_set_init(&walk.seen, heap, SEEN_BYTES_MAX);
    buffer_init(&walk.stack, heap, STACK_BYTES_MAX);
    err = is_behind(&walk, &command->current.link, &command->next.link, yes);
    buffer_release(&walk.stack);
    name_set_release(&walk.seen);
    bough_arena_release(&walk.arena);
    return err;
}

enum bough_err receive_check_next(struct receive *receive, struct receive_command *command)
{
    bool yes = true;

    if (command->refused != NULL || receive_deletes(command))
        return BOUGH_OK;
    if (command->next.kind != GIT_COMMIT && command->next.kind != GIT_TAG) {
        command->refused = "refs may point at commits and annotated tags only";
        return BOUGH_OK;
    }
    if (!is_branch(command))
        return BOUGH_OK;
    if (command->next.kind != GIT_COMMIT) {
        command->refused = "a branch may point at a commit only";
        return BOUGH_OK;
    }
    if (command->present && command->current.kind == BOUGH_KIND_COMMIT)
        BOUGH_TRY(is_fast_forward(receive, command, &yes));
    command->forced = !yes;
    return BOUGH_OK;
}
