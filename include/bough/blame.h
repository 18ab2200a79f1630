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

/* The first keys of a commit, at most `max` > 0 of them, whose path starts with `prefix` and is
 * bytewise greater than `after`, each with the commit it is from; all of it lives in `arena`, which
 * scratch comes from, too.  All keys are looked for in one walk through history, which ends when
 * the last of them is found; of each commit only what differs from its parents below `prefix` is
 * read. A commit whose parents were dropped has made what it has.  *count is how many there are.
 * BOUGH_TOO_BIG (BOUGH_MERGE_FRONT_MAX, or deeper than paths may be), BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY.  O(all changes below prefix since the oldest commit found). */
BOUGH_MUST_CHECK enum bough_err bough_blame_keys(struct bough_store *store,
                                                 const struct bough_link *commit,
                                                 struct bough_bytes prefix,
                                                 struct bough_bytes after, size_t max,
                                                 struct bough_arena *arena,
                                                 struct bough_blame_key **keys, size_t *count);

#endif
