/* SPDX-License-Identifier: ISC
 *
 * path_log.h - the commits that changed a key, or anything in a directory.
 *
 * History is walked from some heads down, the youngest commit first.  What a commit has at the path
 * is compared with what its parents have there by name: nothing below it is read.  As `git log --
 * PATH` does, a merge that has what one of its parents has is passed over, and only that parent is
 * followed: whatever the others did there did not last.
 */
#ifndef BOUGH_PATH_LOG_H
#define BOUGH_PATH_LOG_H

#include "bough/commit.h"

struct front;

/* Members are private to path_log.c. */
struct bough_path_log {
    struct front *front;
    uint32_t passed; /* commits looked at in this step */
    struct bough_bytes path;
};

/* Begins at `heads`, each once.  The path, a key or a directory, "" for everything, is copied.
 * Memory comes from `arena` (borrowed), which must not be rewound while the log is used: about 400
 * bytes for each line of history side by side.  BOUGH_INVALID, BOUGH_TOO_BIG
 * (bough_tree_path_check), and what bough_commit_get may answer. */
BOUGH_MUST_CHECK enum bough_err bough_path_log_open(struct bough_path_log *log,
                                                    struct bough_store *store,
                                                    const struct bough_link *heads, size_t count,
                                                    struct bough_bytes path,
                                                    struct bough_arena *arena);

/* The next commit that changed the path: that added, changed or removed what is there.  It lives in
 * `into`, another arena than the log's.  One whose parents were dropped counts as if they had had
 * nothing.  BOUGH_NOT_FOUND at the end; BOUGH_NOT_READY when BOUGH_HISTORY_STEP_MAX commits were
 * looked at since it was last said, parents included: call again, when others have had their turn
 * (what the log stands on must stay readable: bough_collect_pin_commit); BOUGH_TOO_BIG
 * (BOUGH_MERGE_FRONT_MAX), BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.  O(commits looked at * depth *
 * log n). */
BOUGH_MUST_CHECK enum bough_err bough_path_log_next(struct bough_path_log *log,
                                                    struct bough_arena *into,
                                                    struct bough_link *link,
                                                    struct bough_commit *commit);

/* The heads with which another log would go on where this one is, at most `max` of them; the number
 * of all. */
size_t bough_path_log_waiting(const struct bough_path_log *log, struct bough_link *links,
                              size_t max);

#endif
