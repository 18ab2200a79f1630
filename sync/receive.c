/* SPDX-License-Identifier: ISC
 *
 * receive.c - one push: its commands and its pack as they come (gitprotocol-pack, "Pushing Data To
 * a Server").
 *
 * Owns the commands, the pack and the overlay of what is being made of it.
 *   (1) Until receive_end.c has moved refs, dropping all of this leaves the store as it was.
 *   (2) A fault in the commands or the pack is kept for the report; the rest of the request is
 *       taken and dropped, because a client only reads the report when it could send everything.
 */
#include "receive.h"
#include "hash.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define ARENA_BYTES_MAX (4u << 20)
#define OUT_BYTES_MAX   (4u << 20)
#define NOTE_BYTES_MAX  300u
#define NOTES_BYTES_MAX (16u << 10)

enum bough_err receive_init(struct receive *receive, struct git_view *view)
{
    struct bough_heap *heap = view->env->heap;
    struct bough_store_info info;

    bough_store_info(view->store, &info);
    *receive = (struct receive){.view = view, .mine = *view};
    receive->mine.overlay = NULL;
    bough_arena_init(&receive->arena, heap, ARENA_BYTES_MAX);
    buffer_init(&receive->commands, heap, BOUGH_PUSH_COMMANDS_MAX * sizeof(struct receive_command));
    buffer_init(&receive->notes, heap, NOTES_BYTES_MAX);
    buffer_init(&receive->out, heap, OUT_BYTES_MAX);
    pack_in_init(&receive->pack, view->env, info.identity.salt);
    return git_memo_open(heap, info.identity.salt, BOUGH_PUSH_MEMO_BYTES_MAX, true,
                         &receive->mine.overlay);
}

void receive_release(struct receive *receive)
{
    git_memo_close(receive->mine.overlay);
    pack_in_release(&receive->pack);
    buffer_release(&receive->notes);
    buffer_release(&receive->out);
    buffer_release(&receive->commands);
    bough_arena_release(&receive->arena);
}

bool receive_has_pack(const struct receive *receive)
{
    size_t count;
    const struct receive_command *commands = receive_commands(receive, &count);

    for (size_t i = 0; i < count; i++) {
        if (!receive_deletes(&commands[i]))
            return true;
    }
    return false;
}

/* The words behind the first command's NUL; unknown ones are ignored. */
static void capabilities(struct receive *receive, struct bough_bytes words)
{
    receive->saw_caps = true;
    while (words.len > 0) {
        const uint8_t *space = memchr(words.at, ' ', words.len);
        size_t len = space == NULL ? words.len : (size_t)(space - words.at);
        struct bough_bytes word = bough_bytes_of(words.at, len);

        if (bough_bytes_equal(word, bough_bytes_text("report-status")) ||
            bough_bytes_equal(word, bough_bytes_text("report-status-v2")))
            receive->wants_report = true;
        else if (bough_bytes_equal(word, bough_bytes_text("side-band-64k")))
            receive->side_band = true;
        else if (bough_bytes_equal(word, bough_bytes_text("atomic")))
            receive->atomic = true;
        else if (bough_bytes_equal(word, bough_bytes_text("push-options")))
            receive->has_options = true;
        else if (bough_bytes_starts(word, bough_bytes_text("object-format=")) &&
                 !bough_bytes_equal(word, bough_bytes_text("object-format=sha1")))
            receive->fault = "unsupported object format";
        len += space == NULL ? 0 : 1;
        words.at += len;
        words.len -= len;
    }
}

/* "old new name". */
static enum bough_err add_command(struct receive *receive, struct bough_bytes line)
{
    struct receive_command command = {0};

    if (line.len < 2 * SHA1_HEX + 3 || line.at[SHA1_HEX] != ' ' ||
        line.at[2 * SHA1_HEX + 1] != ' ' ||
        !sha1_parse(bough_bytes_of(line.at, SHA1_HEX), &command.old_id) ||
        !sha1_parse(bough_bytes_of(line.at + SHA1_HEX + 1, SHA1_HEX), &command.new_id)) {
        receive->fault = "malformed command";
        return BOUGH_OK;
    }
    if (receive->commands.len == receive->commands.limit_bytes) {
        receive->fault = "too many commands";
        return BOUGH_OK;
    }
    command.name = bough_arena_copy(
        &receive->arena, bough_bytes_of(line.at + 2 * SHA1_HEX + 2, line.len - 2 * SHA1_HEX - 2));
    if (command.name.at == NULL)
        return BOUGH_NO_MEMORY;
    return buffer_add(&receive->commands, bough_bytes_of(&command, sizeof(command)));
}

void receive_note(struct receive *receive, const char *format, ...)
{
    char line[NOTE_BYTES_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(line))
        len = (int)sizeof(line) - 1;
    for (int i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = '?'; /* it ends up on somebody's terminal */
    line[len++] = '\n';
    /* A note that does not fit is no reason to refuse a push. */
    if (buffer_add(&receive->notes, bough_bytes_of(line, (size_t)len)) != BOUGH_OK)
        bough_log(receive->view->env->log, BOUGH_DEBUG, "git", "a note to a push was left out");
}

/* One push option (gitprotocol-pack, "Push Options"). */
static enum bough_err take_option(struct receive *receive, struct bough_bytes line)
{
    if (!bough_bytes_drop(&line, bough_bytes_text("reason="))) {
        receive_note(receive, "bough: the push option '%.*s' is not known, and was passed over",
                     (int)(line.len < 80 ? line.len : 80), (const char *)line.at);
        return BOUGH_OK;
    }
    if (receive->reason.len > 0)
        return BOUGH_OK; /* the first one counts */
    if (line.len > BOUGH_REFLOG_TEXT_BYTES)
        line.len = BOUGH_REFLOG_TEXT_BYTES;
    receive->reason = bough_arena_copy(&receive->arena, line);
    return receive->reason.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

enum bough_err receive_packet(struct receive *receive, const struct pkt_line *packet)
{
    struct bough_bytes line = pkt_line_text(packet);
    const uint8_t *nul;

    assert(!receive->commands_complete);
    if (packet->kind == PKT_LINE_FLUSH) {
        receive->commands_complete = !receive->has_options || receive->in_options;
        receive->in_options = true;
        return BOUGH_OK;
    }
    if (packet->kind != PKT_LINE_DATA)
        return BOUGH_INVALID;
    if (receive->in_options)
        return take_option(receive, line);
    nul = line.len == 0 ? NULL : memchr(line.at, '\0', line.len);
    if (nul != NULL) {
        if (!receive->saw_caps)
            capabilities(receive, bough_bytes_of(nul + 1, (size_t)(line.at + line.len - nul) - 1));
        line.len = (size_t)(nul - line.at);
    }
    if (bough_bytes_starts(line, bough_bytes_text("shallow "))) {
        receive->shallow = true;
        return BOUGH_OK;
    }
    return add_command(receive, line);
}

enum bough_err receive_pack(struct receive *receive, struct bough_bytes bytes)
{
    enum bough_err err;

    assert(receive->commands_complete);
    if (receive->pack_failed || receive->fault != NULL || !receive_has_pack(receive))
        return BOUGH_OK;
    err = pack_in_add(&receive->pack, bytes);
    if (err == BOUGH_NO_MEMORY)
        err = pack_in_fail(&receive->pack, BOUGH_INVALID, "the store cannot take it: %s",
                           bough_err_name(err));
    if (err == BOUGH_INVALID || err == BOUGH_TOO_BIG) {
        receive->pack_failed = true;
        return BOUGH_OK;
    }
    return err;
}
