/* SPDX-License-Identifier: ISC
 *
 * receive_end.c - a push is complete: check it, store it, move the refs, report.
 *
 * Owns nothing.  The order is the promise: the whole pack is checked, then everything it brings is
 * staged, then the refs move, then one sync, and only then "ok" is written.
 *   (1) A ref is moved only to an object whose whole closure is in the store.
 *   (2) With "atomic" either all refs move, in one step, or none.
 */
#include "receive_end.h"
#include "receive_check.h"
#include "receive_keep.h"
#include "receive_thin.h"
#include <assert.h>

#define BAND_REPORT 1u
#define BAND_NOTES  2u

static enum bough_err refuse_all(struct receive *receive, const char *why)
{
    size_t count;
    struct receive_command *commands = receive_commands(receive, &count);

    for (size_t i = 0; i < count; i++)
        commands[i].refused = why;
    return BOUGH_OK;
}

/* What is wrong with an object, in git's words where it has some. */
static const char *lift_fault(enum bough_err err)
{
    switch (err) {
    case BOUGH_NOT_FOUND:
        return "missing necessary objects";
    case BOUGH_EXISTS:
        return "an object's id is known with other contents";
    case BOUGH_TOO_BIG:
        return "past a limit";
    case BOUGH_INVALID:
    case BOUGH_CONFLICT:
        return "bad object";
    default:
        return NULL; /* not the client's doing */
    }
}

/* Makes the new object of one command native. */
static enum bough_err lift_one(struct receive *receive, struct git_lift *lift,
                               struct receive_command *command)
{
    enum bough_err err;

    if (command->refused != NULL || receive_deletes(command))
        return BOUGH_OK;
    receive->pack.why[0] = '\0';
    err = git_lift_tip(lift, &command->new_id, &command->next);
    if (err != BOUGH_OK && lift_fault(err) == NULL)
        return err;
    if (err == BOUGH_NOT_FOUND && receive->shallow) {
        command->refused = "shallow update not allowed";
        return BOUGH_OK;
    }
    if (err != BOUGH_OK) {
        command->refused = lift_fault(err);
        if (receive->pack.why[0] != '\0') {
            struct bough_bytes why = bough_arena_copy(
                &receive->arena, bough_bytes_of(receive->pack.why, strlen(receive->pack.why) + 1));

            command->refused = why.at == NULL ? command->refused : (const char *)why.at;
        }
        return BOUGH_OK;
    }
    return receive_check_next(receive, command);
}

static enum bough_err lift_all(struct receive *receive, struct receive_thin *thin)
{
    size_t count;
    struct receive_command *commands = receive_commands(receive, &count);
    struct git_lift lift = {.view = &receive->mine, .pack = &receive->pack};

    BOUGH_TRY(pack_resolve(&receive->pack, &thin->base));
    BOUGH_TRY(receive_thin_look_near(thin, &receive->pack));
    lift.near = (const struct bough_link *)(const void *)thin->near.at;
    lift.near_count = thin->near.len / sizeof(struct bough_link);
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(lift_one(receive, &lift, &commands[i]));
    return BOUGH_OK;
}

/* Resolves the pack and lifts what the commands ask for. */
static enum bough_err unpack(struct receive *receive)
{
    struct receive_thin thin;
    enum bough_err err = BOUGH_OK;

    if (!receive_has_pack(receive))
        return BOUGH_OK;
    if (!receive->pack_failed)
        err = pack_in_end(&receive->pack);
    if (err == BOUGH_OK && !receive->pack_failed) {
        receive_thin_init(&thin, &receive->mine);
        err = lift_all(receive, &thin);
        receive_thin_release(&thin);
    }
    if (err == BOUGH_NO_MEMORY || err == BOUGH_FULL || err == BOUGH_READ_ONLY)
        err = pack_in_fail(&receive->pack, BOUGH_INVALID, "the store cannot take it: %s",
                           bough_err_name(err));
    if (err == BOUGH_INVALID || err == BOUGH_TOO_BIG)
        receive->pack_failed = true;
    else if (err != BOUGH_OK)
        return err;
    return receive->pack_failed ? refuse_all(receive, "unpacker error") : BOUGH_OK;
}

static struct bough_ref_move move_of(const struct receive *receive,
                                     const struct receive_command *command)
{
    struct bough_ref_move move = {
        .name = bough_bytes_of(command->name.at + 5, command->name.len - 5),
        .expect = command->present ? BOUGH_EXPECT_NAME : BOUGH_EXPECT_ABSENT,
        .expected = command->present ? command->current.link.name : (struct bough_hash){{0}},
        .remove = receive_deletes(command),
        .why = receive->reason.len > 0 ? receive->reason
               : command->forced       ? bough_bytes_text("forced push")
                                       : bough_bytes_text("push")};

    move.forward = bough_bytes_starts(move.name, bough_bytes_text("heads/")) && !command->forced;
    move.next.kind = command->next.kind == GIT_TAG ? BOUGH_KIND_TAG : BOUGH_KIND_COMMIT;
    move.next.link = command->next.link;
    return move;
}

/* Why a move was refused, or NULL when that is not the client's doing. */
static const char *move_fault(enum bough_err err, const struct receive_command *command)
{
    switch (err) {
    case BOUGH_DENIED:
        return receive_deletes(command) ? "deletion prohibited: the branch is protected"
                                        : "non-fast-forward: the branch is protected";
    case BOUGH_CONFLICT:
        return "failed to update ref: its name is a folder of refs, or below a ref";
    case BOUGH_STALE:
    case BOUGH_NOT_FOUND:
        return "failed to update ref: it has moved, fetch first";
    case BOUGH_INVALID:
        return "funny refname";
    case BOUGH_TOO_BIG:
        return "past a limit";
    default:
        return NULL;
    }
}

/* Moves `count` refs together. */
static enum bough_err move_refs(struct receive *receive, struct receive_command *commands,
                                size_t count, bool *moved)
{
    struct bough_arena_mark mark = bough_arena_now(&receive->arena);
    struct bough_ref_move *moves = bough_arena_take(&receive->arena, count * sizeof(*moves));
    size_t culprit = 0;
    enum bough_err err;

    if (moves == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        moves[i] = move_of(receive, &commands[i]);
    err = bough_ref_move(receive->view->store, moves, count, &culprit);
    bough_arena_back(&receive->arena, mark);
    *moved = *moved || err == BOUGH_OK;
    if (err == BOUGH_OK)
        return BOUGH_OK;
    if (move_fault(err, &commands[culprit]) == NULL)
        return err;
    for (size_t i = 0; i < count; i++)
        commands[i].refused =
            i == culprit ? move_fault(err, &commands[i]) : "atomic transaction failed";
    return BOUGH_OK;
}

/* Moves all refs in one step, unless one of them is refused. */
static enum bough_err move_atomic(struct receive *receive, bool *moved)
{
    size_t count;
    struct receive_command *commands = receive_commands(receive, &count);
    bool refused = false;

    for (size_t i = 0; i < count; i++)
        refused = refused || commands[i].refused != NULL;
    for (size_t i = 0; refused && i < count; i++) {
        if (commands[i].refused == NULL)
            commands[i].refused = "atomic push failure";
    }
    return refused ? BOUGH_OK : move_refs(receive, commands, count, moved);
}

static enum bough_err move_each(struct receive *receive, bool *moved)
{
    size_t count;
    struct receive_command *commands = receive_commands(receive, &count);

    for (size_t i = 0; i < count; i++) {
        if (commands[i].refused == NULL)
            BOUGH_TRY(move_refs(receive, &commands[i], 1, moved));
    }
    return BOUGH_OK;
}

/* Moves the refs and makes everything durable. */
static enum bough_err commit(struct receive *receive)
{
    bool moved = false;

    BOUGH_TRY(receive->atomic ? move_atomic(receive, &moved) : move_each(receive, &moved));
    if (!moved)
        return BOUGH_OK;
    BOUGH_TRY(bough_store_sync(receive->view->store));
    /* What is remembered too little or wrongly only costs time; the push itself has succeeded. */
    receive_keep(&receive->mine, &receive->pack);
    if (git_memo_merge(receive->view->memo, receive->mine.overlay) != BOUGH_OK)
        bough_log(receive->view->env->log, BOUGH_WARN, "git", "the memo of ids is full");
    return BOUGH_OK;
}

/* The report as packets (gitprotocol-pack, "Report Status"). */
static enum bough_err report(struct receive *receive, struct buffer *out)
{
    size_t count;
    const struct receive_command *commands = receive_commands(receive, &count);

    BOUGH_TRY(pkt_line_print(out, "unpack %s\n", receive->pack_failed ? receive->pack.why : "ok"));
    for (size_t i = 0; i < count; i++) {
        const struct receive_command *command = &commands[i];

        if (command->refused == NULL)
            BOUGH_TRY(pkt_line_print(out, "ok %.*s\n", (int)command->name.len,
                                     (const char *)command->name.at));
        else
            BOUGH_TRY(pkt_line_print(out, "ng %.*s %s\n", (int)command->name.len,
                                     (const char *)command->name.at, command->refused));
    }
    return pkt_line_flush(out);
}

/* Bytes inside packets of a band. */
static enum bough_err wrap(struct receive *receive, uint8_t band, const struct buffer *inner)
{
    for (size_t at = 0; at < inner->len;) {
        size_t part =
            inner->len - at < PKT_LINE_DATA_MAX - 1 ? inner->len - at : PKT_LINE_DATA_MAX - 1;
        uint8_t head[PKT_LINE_HEAD_BYTES + 1];

        pkt_line_head(head, part + 1);
        head[PKT_LINE_HEAD_BYTES] = band;
        BOUGH_TRY(buffer_add(&receive->out, bough_bytes_of(head, sizeof(head))));
        BOUGH_TRY(buffer_add(&receive->out, bough_bytes_of(inner->at + at, part)));
        at += part;
    }
    return BOUGH_OK;
}

/* In plain words what the terse ones mean, and what may be done. */
static void explain(struct receive *receive)
{
    static const struct {
        const char *refused; /* how it begins */
        const char *words;
    } hints[] = {
        {"failed to update ref: it has moved", "somebody else was faster; fetch, merge, and push"},
        {"failed to update ref: its name is", "rename the branch, or delete the other one"},
        {"non-fast-forward",
         "a rule (/v1/protection) keeps it from losing commits; merge, and push"},
        {"deletion prohibited", "a rule (/v1/protection) keeps it"},
        {"deletion of the current", "make another branch the default one first"},
        {"missing necessary", "an object that this needs came neither with the push nor before"},
        {"shallow update", "fetch --unshallow first: the server lacks what your clone lacks"},
        {"deny updating a hidden", "a merge in progress is resolved by bough resolve"},
        {"funny refname",
         "names are refs/heads/... or refs/tags/..., as git check-ref-format has it"},
        {"atomic", "none of the refs was moved, since one of them could not be"},
    };
    size_t count;
    const struct receive_command *commands = receive_commands(receive, &count);

    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; commands[i].refused != NULL && n < sizeof(hints) / sizeof(hints[0]); n++)
            if (strncmp(commands[i].refused, hints[n].refused, strlen(hints[n].refused)) == 0)
                receive_note(receive, "bough: %.*s: %s", (int)commands[i].name.len,
                             (const char *)commands[i].name.at, hints[n].words);
    }
}

static enum bough_err answer(struct receive *receive)
{
    struct buffer inner;
    enum bough_err err;

    if (!receive->wants_report)
        return receive->side_band ? pkt_line_flush(&receive->out) : BOUGH_OK;
    if (!receive->side_band)
        return report(receive, &receive->out);
    buffer_init(&inner, receive->view->env->heap, receive->out.limit_bytes);
    err = report(receive, &inner);
    explain(receive);
    if (err == BOUGH_OK)
        err = wrap(receive, BAND_NOTES, &receive->notes);
    if (err == BOUGH_OK)
        err = wrap(receive, BAND_REPORT, &inner);
    buffer_release(&inner);
    return err == BOUGH_OK ? pkt_line_flush(&receive->out) : err;
}

enum bough_err receive_end(struct receive *receive)
{
    size_t count;

    (void)receive_commands(receive, &count);
    if (receive->fault != NULL) {
        receive->pack_failed = true;
        (void)pack_in_fail(&receive->pack, BOUGH_INVALID, "%s", receive->fault);
        BOUGH_TRY(refuse_all(receive, "unpacker error"));
        return answer(receive);
    }
    if (count == 0)
        return BOUGH_OK;
    BOUGH_TRY(git_history_index(receive->view));
    BOUGH_TRY(receive_check_commands(receive));
    BOUGH_TRY(unpack(receive));
    BOUGH_TRY(commit(receive));
    return answer(receive);
}
