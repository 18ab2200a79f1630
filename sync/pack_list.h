/* SPDX-License-Identifier: ISC
 *
 * pack_list.h - which objects a fetch sends.
 */
#ifndef PACK_LIST_H
#define PACK_LIST_H

#include "git_history.h"
#include "name_set.h"

#define PACK_LIST_NONE    UINT32_MAX
#define PACK_LIST_OUTSIDE (1u << 31) /* with the index in `outside` of an object not sent */

/* A tree to send. */
struct pack_list_tree {
    struct bough_tree tree;
    uint32_t base; /* the version of it that came after it (index in `trees`), or one that the
                      client has (PACK_LIST_OUTSIDE), or PACK_LIST_NONE */
};

/* A value to send: it stands under a step of a tree that is sent too. */
struct pack_list_blob {
    struct bough_hash name;
    uint32_t tree;        /* index in `trees` */
    uint32_t base;        /* as above, index in `blobs` */
    uint32_t step_offset; /* in `steps` */
    uint8_t step_len;
};

/* An object that the client has: a tree, or what stands there under a step. */
struct pack_list_outside {
    struct bough_hash name; /* of the object itself: what was had may come back, and be sent, too */
    struct bough_tree tree;
    uint32_t step_offset; /* in `steps` */
    uint8_t step_len;     /* 0 = the tree itself */
};

/* A long value that was asked for by its id. */
struct pack_list_value {
    struct bough_link link;
    uint64_t size_bytes;
};

/* Read the arrays freely; they are released together. */
struct pack_list {
    struct git_view *view;
    bool thin;             /* the client takes deltas on what it has */
    struct buffer commits; /* of struct bough_link, newest first */
    struct buffer tags;    /* of struct bough_link */
    struct buffer trees;   /* of struct pack_list_tree, those of newer commits later */
    struct buffer blobs;   /* of struct pack_list_blob, the same */
    struct buffer values;  /* of struct pack_list_value */
    struct buffer outside; /* of struct pack_list_outside */
    struct buffer steps;   /* the blobs' steps */
    struct name_set seen;  /* what is in the arrays; numbers: of commits, what is known of them; of
                              trees and blobs their index + 1 */
};

/* An empty list. */
void pack_list_init(struct pack_list *list, struct git_view *view, bool thin);

/* Gives everything back. */
void pack_list_release(struct pack_list *list);

/* Fills the list with all that `wants` (of any kind) need and somebody who has `haves` (commits)
 * and all behind them lacks.  BOUGH_NO_MEMORY or BOUGH_TOO_BIG past BOUGH_FETCH_BYTES_MAX, and what
 * reading may answer.  Reads the histories down to the haves, and of each commit's directories only
 * those that differ from its parents'. */
BOUGH_MUST_CHECK enum bough_err pack_list_fill(struct pack_list *list,
                                               const struct git_native *wants, size_t want_count,
                                               const struct bough_link *haves, size_t have_count);

/* Adds the tags under refs/tags whose object is in the list (git's include-tag). */
BOUGH_MUST_CHECK enum bough_err pack_list_add_tags(struct pack_list *list);

/* How many objects there are. */
uint32_t pack_list_count(const struct pack_list *list);

#endif
