/* SPDX-License-Identifier: ISC
 *
 * pack_list.h - which objects a fetch sends.
 */
#ifndef PACK_LIST_H
#define PACK_LIST_H

#include "fetch_filter.h"
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

/* A value that was asked for by its id: a long one, or, where step_len is not 0, a short one, which
 * stands under a step of a tree. */
struct pack_list_value {
    struct bough_link link;
    uint64_t size_bytes;
    struct bough_tree tree;
    uint32_t step_offset; /* in `steps` */
    uint8_t step_len;
};

/* What a fetch asks for.  Everything is borrowed. */
struct pack_list_request {
    const struct git_native *wants; /* of any kind but short values */
    size_t want_count;
    const struct bough_link *haves; /* commits; the client has all behind them, too */
    size_t have_count;
    struct name_set *before;    /* commits that the client has without their parents, NULL = none */
    struct name_set *after;     /* and those that it will have so */
    struct fetch_filter filter; /* does not concern what is wanted by its id */
};

/* Read the arrays freely; they are released together. */
struct pack_list {
    struct git_view *view;
    bool thin; /* the client takes deltas on what it has */
    struct fetch_filter filter;
    struct pack_list_walk *walk; /* while it is filled */
    struct buffer commits;       /* of struct bough_link, newest first */
    struct buffer tags;          /* of struct bough_link */
    struct buffer trees;         /* of struct pack_list_tree, those of newer commits later */
    struct buffer blobs;         /* of struct pack_list_blob, the same */
    struct buffer values;        /* of struct pack_list_value */
    struct buffer outside;       /* of struct pack_list_outside */
    struct buffer steps;         /* the blobs' steps */
    struct name_set depths; /* of trees, where the filter asks for it: the least they were met at,
                               plus 1 */
    struct name_set seen;   /* what is in the arrays; numbers: of commits, what is known of them; of
                              trees and blobs their index + 1 */
};

/* An empty list. */
void pack_list_init(struct pack_list *list, struct git_view *view, bool thin);

/* Gives everything back. */
void pack_list_release(struct pack_list *list);

/* Begins to fill the list with all that is asked for; the request's parts must stay where they are
 * until that is done.  BOUGH_NO_MEMORY or BOUGH_TOO_BIG past BOUGH_FETCH_BYTES_MAX, and what
 * reading may answer. */
BOUGH_MUST_CHECK enum bough_err pack_list_fill(struct pack_list *list,
                                               const struct pack_list_request *request);

/* Goes on by about `commits` commits.  BOUGH_NOT_READY: there is more to do; errors as above.  As a
 * whole reads the histories down to the haves, and of each commit's directories only those that
 * differ from its parents'. */
BOUGH_MUST_CHECK enum bough_err pack_list_fill_step(struct pack_list *list, uint32_t commits);

/* Adds a short value that is wanted: it stands under `step` of `tree`.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err pack_list_add_short(struct pack_list *list,
                                                    const struct bough_hash *name,
                                                    const struct bough_tree *tree,
                                                    struct bough_bytes step);

/* Adds the tags under refs/tags whose object is in the list (git's include-tag). */
BOUGH_MUST_CHECK enum bough_err pack_list_add_tags(struct pack_list *list);

/* How many objects there are. */
uint32_t pack_list_count(const struct pack_list *list);

#endif
