/* SPDX-License-Identifier: ISC
 *
 * merge_policy.h - how two values that both sides changed become one.
 *
 * A policy sees bytes and times only, never the store: so the library, the service and stock git's
 * merge driver give the same result.  It is asked only where both sides have a value (changed on
 * both, or added on both) and the values differ; a value that one side removed is a conflict of
 * its own, which no policy settles.  Which policy a path has is said by `.gitattributes` in the
 * tree (gitattributes(5), `merge=NAME`).
 */
#ifndef BOUGH_MERGE_POLICY_H
#define BOUGH_MERGE_POLICY_H

#include "bough/arena.h"
#include "bough/bytes.h"
#include "bough/err.h"

/* What one side holds, and the commit that it is of. */
struct bough_merge_side {
    struct bough_bytes value;
    int64_t time_s;           /* the commit's, seconds since 1970 UTC; 0 where there is none */
    struct bough_bytes name;  /* the commit's name, as bytes to order ties by; may be empty */
    struct bough_bytes label; /* stands behind conflict markers; may be empty */
};

struct bough_merge_values {
    struct bough_bytes path;
    bool has_base; /* else both sides added the value, and `base` is empty */
    struct bough_bytes base;
    struct bough_merge_side ours;
    struct bough_merge_side theirs;
    uint32_t marker_len; /* of conflict markers; 0: 7, as git */
};

struct bough_merge_value {
    bool clean;
    struct bough_bytes value; /* the merged value when clean; else what may be shown for editing,
                                 with conflict markers, or empty */
    const char *why;          /* static; when not clean: why the policy gave no value */
};

struct bough_merge_policy {
    const char *name;
    /* Sets *merged, whose bytes live in `arena` or are borrowed from `values`.  Only
     * BOUGH_NO_MEMORY is an error: values that the policy cannot merge are not clean. */
    enum bough_err (*merge)(void *context, const struct bough_merge_values *values,
                            struct bough_arena *arena, struct bough_merge_value *merged);
    void *context; /* borrowed; passed to merge */
};

/* The policy of that name among those that come with bough: "ours", "theirs", "union", "text",
 * "json", "counter", "set", "lww", "log"; NULL when there is none ("default" is none: what both
 * changed is a conflict).  Static.  O(1). */
const struct bough_merge_policy *bough_merge_policy_find(struct bough_bytes name);

#endif
