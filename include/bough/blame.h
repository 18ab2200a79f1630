/* SPDX-License-Identifier: ISC
 *
 * blame.h - which commit each key is from.
 */
#ifndef BOUGH_BLAME_H
#define BOUGH_BLAME_H

#include "bough/commit.h"

struct bough_blame_key {
    struct bough_bytes path;
    struct bough_link commit; /* the last one that changed it, as path_log.h has it */
};

/* Members are private to blame.c. */
struct bough_blame {
    struct blame *state;
};

/* Begins to look for the first keys of a commit, at most `max` > 0 of them, whose path starts with
 * `prefix` and is bytewise greater than `after` (both copied).  All memory comes from `arena`
 * (borrowed), which must not be rewound while the search goes on: a bit for each key and each
 * commit that has keys which are not found, of which there are never more than keys.  BOUGH_TOO_BIG
 * (BOUGH_BLAME_KEYS_MAX, or deeper than paths may be), BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.
 * O(max). */
BOUGH_MUST_CHECK enum bough_err bough_blame_open(
    struct bough_blame *blame, struct bough_store *store, const struct bough_link *commit,
    struct bough_bytes prefix, struct bough_bytes after, size_t max, struct bough_arena *arena);

/* A step of the search.  BOUGH_OK: each of the *count keys has the commit it is from; they live in
 * the arena, in bytewise order.  All keys are looked for in one walk through history, which ends
 * when the last of them is found; of each commit only what differs from its parents below the
 * prefix is read.  A commit whose parents were dropped has made what it has.  BOUGH_NOT_READY when
 * BOUGH_HISTORY_STEP_MAX commits and differences were looked at: call again, when others have had
 * their turn (the commit must stay readable meanwhile: bough_collect_pin_commit).  BOUGH_TOO_BIG
 * (deeper than paths may be), BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY: then no other step may
 * follow.  All steps together: O(changes below prefix since the oldest commit found). */
BOUGH_MUST_CHECK enum bough_err bough_blame_step(struct bough_blame *blame,
                                                 struct bough_blame_key **keys, size_t *count);

/* Open, and all steps in one go. */
BOUGH_MUST_CHECK enum bough_err bough_blame_keys(struct bough_store *store,
                                                 const struct bough_link *commit,
                                                 struct bough_bytes prefix,
                                                 struct bough_bytes after, size_t max,
                                                 struct bough_arena *arena,
                                                 struct bough_blame_key **keys, size_t *count);

#endif
