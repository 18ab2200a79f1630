/* SPDX-License-Identifier: ISC
 *
 * receive_thin.h - the store's own objects that a thin pack builds on.
 */
#ifndef RECEIVE_THIN_H
#define RECEIVE_THIN_H

#include "git_find.h"
#include "pack_object.h"

/* Members are private to receive_thin.c, but for `near`. */
struct receive_thin {
    struct pack_bases base;
    struct git_view *view;
    struct buffer near; /* of struct bough_link: parents of the pack's commits */
    struct bough_arena arena;
    struct git_find *sought;
    size_t count;
};

/* A source of bases that sees what `view` (borrowed) sees. */
void receive_thin_init(struct receive_thin *thin, struct git_view *view);

/* Gives everything back. */
void receive_thin_release(struct receive_thin *thin);

/* Lists the commits of the store that commits of the pack have as parents: what the client left out
 * is in their trees.  Entries that are not named yet are passed over; may be called again. */
BOUGH_MUST_CHECK enum bough_err receive_thin_look_near(struct receive_thin *thin,
                                                       struct pack_in *pack);

#endif
