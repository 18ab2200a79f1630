/* SPDX-License-Identifier: ISC
 *
 * shallow.h - a history of which a client holds the newest part only.
 *
 * A commit is a client's shallow commit if the client has it without its parents.  Where a fetch
 * asks for more of a history, or for less, the server says which commits become shallow and which
 * are so no longer (gitprotocol-v2, "shallow-info"), and sends what then is missing.
 */
#ifndef SHALLOW_H
#define SHALLOW_H

#include "git_history.h"
#include "name_set.h"

#define SHALLOW_DEPTH_ALL 0x7fffffffu /* git's word for a whole history */

/* Fill in what is asked for; lists of struct bough_link. */
struct shallow {
    struct git_view *view;
    struct buffer client; /* the client's shallow commits */
    uint32_t depth;       /* commits from each want on; 0 = this is not asked for */
    bool relative;        /* further ones, from the client's shallow commits on */
    bool has_since;
    int64_t since_s;        /* commits no older than this, and what is older ends a history */
    struct buffer excluded; /* commits that end a history, with all behind them */

    /* What shallow_settle makes of it. */
    struct buffer made;     /* that become shallow */
    struct buffer unmade;   /* of the client's, that are so no longer */
    struct name_set before; /* that the client has without their parents now */
    struct name_set after;  /* and that it will have so */
};

/* Of a client that is not shallow and asks for nothing special. */
void shallow_init(struct shallow *shallow, struct git_view *view);

/* Gives everything back. */
void shallow_release(struct shallow *shallow);

/* Adds a commit to one of the lists, at most BOUGH_SHALLOWS_MAX.  BOUGH_TOO_BIG, BOUGH_NO_MEMORY.
 */
BOUGH_MUST_CHECK enum bough_err shallow_add(struct buffer *list, const struct bough_link *link);

/* Whether a part of the history is asked for. */
bool shallow_asks(const struct shallow *shallow);

/* Whether anything about it is out of the ordinary. */
bool shallow_is_on(const struct shallow *shallow);

/* Works out what becomes of the client's history when it gets `wants` (commits).  BOUGH_NOT_FOUND
 * when nothing is young enough or not excluded; BOUGH_NO_MEMORY, BOUGH_TOO_BIG past
 * BOUGH_FETCH_BYTES_MAX, and what reading may answer.  Reads the commits that are asked for. */
BOUGH_MUST_CHECK enum bough_err shallow_settle(struct shallow *shallow,
                                               const struct bough_link *wants, size_t want_count);

/* Whether somebody who has the commit has it without its parents: the client now, or afterwards. */
static inline bool shallow_ends(struct name_set *set, const struct bough_hash *name)
{
    return name_set_find(set, name) != NULL;
}

#endif
