/* SPDX-License-Identifier: ISC
 *
 * receive.h - one push: its commands, its pack, and the report.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "bough/ref.h"
#include "git_lift.h"
#include "pack_in.h"
#include "pkt_line.h"

/* What one command asks for and what became of it. */
struct receive_command {
    struct sha1 old_id;
    struct sha1 new_id;
    struct bough_bytes name;  /* git's, "refs/heads/main"; in the arena */
    const char *refused;      /* static text; NULL = not refused so far */
    bool present;             /* the ref is there now */
    bool forced;              /* what it comes to does not contain what it is now */
    struct bough_ref current; /* if present */
    struct git_native next;   /* unless it is a deletion */
};

/* Shared by the receive_*.c files. */
struct receive {
    struct git_view *view; /* everybody's */
    struct git_view mine;  /* the same store, with an overlay for what is pushed */
    struct bough_arena arena;
    struct buffer commands; /* of struct receive_command */
    bool saw_caps;
    bool wants_report;
    bool side_band;
    bool atomic;
    bool has_options; /* push options follow the commands */
    bool in_options;
    struct bough_bytes reason; /* of the option `reason=`, for the log of refs; in the arena */
    struct buffer notes;       /* for people to read: lines of text */
    bool commands_complete;
    bool shallow;      /* the client's history is cut off */
    const char *fault; /* in the commands; static text */
    bool pack_failed;
    struct pack_in pack;
    struct buffer out; /* the answer */
    size_t out_at;
};

/* A push that nothing is known of yet.  BOUGH_NO_MEMORY, then release is still due. */
BOUGH_MUST_CHECK enum bough_err receive_init(struct receive *receive, struct git_view *view);

/* Gives everything back, at any time; an unfinished push leaves nothing. */
void receive_release(struct receive *receive);

/* Takes a packet of commands or push options; the pack begins when `commands_complete` is set. */
BOUGH_MUST_CHECK enum bough_err receive_packet(struct receive *receive,
                                               const struct pkt_line *packet);

/* Takes a piece of the pack. */
BOUGH_MUST_CHECK enum bough_err receive_pack(struct receive *receive, struct bough_bytes bytes);

/* Whether the command deletes its ref. */
static inline bool receive_deletes(const struct receive_command *command)
{
    return sha1_is_zero(&command->new_id);
}

/* The commands and how many. */
static inline struct receive_command *receive_commands(const struct receive *receive, size_t *count)
{
    *count = receive->commands.len / sizeof(struct receive_command);
    return (struct receive_command *)(void *)receive->commands.at;
}

/* Adds a line for people to read, cut at 300 bytes; past a few of them nothing is added any more.
 */
BOUGH_PRINTF(2, 3)
void receive_note(struct receive *receive, const char *format, ...);

/* Whether the client sends a pack: it does unless it only deletes. */
bool receive_has_pack(const struct receive *receive);

#endif
