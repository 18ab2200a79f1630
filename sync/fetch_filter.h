/* SPDX-License-Identifier: ISC
 *
 * fetch_filter.h - what a partial clone leaves out (git-rev-list, "--filter").
 */
#ifndef FETCH_FILTER_H
#define FETCH_FILTER_H

#include "bough/bytes.h"
#include "bough/err.h"

/* Values of at least `value_bytes` are left out, and trees and values at `depth` or below it: the
 * tree of a commit is at depth 0, what is in it at 1. */
struct fetch_filter {
    uint64_t value_bytes;
    uint32_t depth;
};

/* Leaves nothing out. */
#define FETCH_FILTER_NONE ((struct fetch_filter){.value_bytes = UINT64_MAX, .depth = UINT32_MAX})

/* Whether it leaves anything out. */
static inline bool fetch_filter_is_on(const struct fetch_filter *filter)
{
    return filter->value_bytes != UINT64_MAX || filter->depth != UINT32_MAX;
}

/* Reads `blob:none`, `blob:limit=N[kmg]`, `tree:N`, or several of them as `combine:A+B`, where the
 * parts have reserved bytes as %XX, into a filter that also leaves out what it left out before.
 * BOUGH_INVALID for anything else (`sparse:oid=`, `object:type=`): nothing has changed then. */
BOUGH_MUST_CHECK enum bough_err fetch_filter_parse(struct bough_bytes text,
                                                   struct fetch_filter *filter);

#endif
