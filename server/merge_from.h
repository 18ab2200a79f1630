/* SPDX-License-Identifier: ISC
 *
 * merge_from.h - the revisions that a merge is of, as a client names them.
 */
#ifndef MERGE_FROM_H
#define MERGE_FROM_H

#include "bough/merge.h"
#include "json_read.h"
#include "request.h"

struct merge_from {
    bool listed;               /* as a list, whatever is left of it */
    struct bough_link *links;  /* what there is to merge, in its order; one at least */
    struct bough_bytes *names; /* what the client calls them */
    size_t count;
    struct bough_bytes words; /* "a, b and c" */
};

/* Reads `given`, a revision or a list of them, for a merge into `head`; of a list what
 * bough_merge_heads leaves, or else the first.  It lives in the request's arena.  False: the reply
 * says why not, or *err is what the store answered. */
bool merge_from_read(struct request *request, const struct json *given,
                     const struct bough_link *head, struct merge_from *from, enum bough_err *err);

/* How the client calls one of the commits. */
struct bough_bytes merge_from_name(const struct merge_from *from, const struct bough_link *link);

#endif
