/* SPDX-License-Identifier: ISC
 *
 * ref.h - branches and tags: names that move.
 *
 * A ref's name is a path: "heads/main" is the branch main, "tags/v1" the tag v1; other first steps
 * are allowed.  All refs hang off the one root, so any number of them moves at once or not at all.
 */
#ifndef BOUGH_REF_H
#define BOUGH_REF_H

#include "bough/commit.h"

/* What a ref points at: a commit, an annotated tag, or (rarely) a value or a tree. */
struct bough_ref {
    enum bough_kind kind;
    struct bough_link link;
};

/* Merges in progress: "merge/main" is that of the branch main.  git neither sees nor moves them. */
#define BOUGH_REF_MERGES "merge/"

/* Branches of other repositories: "remotes/origin/main" is main of the one called origin.  They are
 * where a fetch found them, and nothing is written on them. */
#define BOUGH_REF_REMOTES "remotes/"

enum bough_expect {
    BOUGH_EXPECT_ANY,    /* whatever it is now */
    BOUGH_EXPECT_ABSENT, /* it must not exist */
    BOUGH_EXPECT_NAME    /* it must point at `expected` */
};

struct bough_ref_move {
    struct bough_bytes name;
    enum bough_expect expect;
    struct bough_hash expected;
    bool remove;
    struct bough_ref next;  /* unless remove */
    bool forward;           /* `next` descends from what it is now, so nothing is lost */
    bool unlogged;          /* what it is now is not needed any more: the log is not told */
    struct bough_ident who; /* for the log; time and zone are not looked at.  May be empty */
    struct bough_bytes why; /* the same */
};

/* BOUGH_OK, BOUGH_INVALID or BOUGH_TOO_BIG: the rules are git's check-ref-format, for "refs/" +
 * name, with at least two steps ("heads/x"). */
BOUGH_MUST_CHECK enum bough_err bough_ref_name_check(struct bough_bytes name);

/* What `name` points at; BOUGH_NOT_FOUND.  O(log refs). */
BOUGH_MUST_CHECK enum bough_err bough_ref_get(struct bough_store *store, struct bough_bytes name,
                                              struct bough_ref *ref);

/* The first ref whose name starts with `prefix` and is bytewise greater than `after`, in bytewise
 * order; *name lives in `arena`.  BOUGH_NOT_FOUND when there is none. */
BOUGH_MUST_CHECK enum bough_err bough_ref_next(struct bough_store *store, struct bough_bytes prefix,
                                               struct bough_bytes after, struct bough_arena *arena,
                                               struct bough_bytes *name, struct bough_ref *ref);

/* Stages all moves, or none; moves that may lose something go into the log (below). BOUGH_STALE
 * when an expectation is not met, BOUGH_CONFLICT when a name would be both a ref and a folder of
 * refs, BOUGH_NOT_FOUND for deleting what is not there, BOUGH_INVALID for a bad name or a name
 * given twice, BOUGH_TOO_BIG past BOUGH_MOVES_MAX, BOUGH_DENIED by a rule (protection.h). *culprit
 * (optional) is the index of the move that was refused. */
BOUGH_MUST_CHECK enum bough_err bough_ref_move(struct bough_store *store,
                                               const struct bough_ref_move *moves, size_t count,
                                               size_t *culprit);

/* The name of the default branch ("heads/main"), which need not exist yet; lives in `arena`. */
BOUGH_MUST_CHECK enum bough_err bough_ref_head(struct bough_store *store, struct bough_arena *arena,
                                               struct bough_bytes *name);

/* Makes `name`, a branch that exists, the default branch; staged. */
BOUGH_MUST_CHECK enum bough_err bough_ref_head_set(struct bough_store *store,
                                                   struct bough_bytes name);

/* ---- the log (ref_log.c): what refs pointed at before ---- */

/* A ref's log has the moves that may have lost something: deletions, and moves to what does not
 * descend from what was there.  Creations and moves forwards are not recorded, since after them
 * everything is still reached from the ref; so a commit costs nothing here.  What an entry points
 * at is kept from collection for as long as the entry is there. */
struct bough_ref_log_entry {
    uint64_t sequence; /* grows with time */
    struct bough_ref old;
    bool removed;
    struct bough_hash next; /* unless removed: what it came to point at */
    struct bough_ident who; /* with the store's time, 0 where no clock was known */
    struct bough_bytes why;
};

/* The newest entry of the ref's log with a sequence < `before` (0 = the newest of all); its texts
 * live in `arena`.  The ref need not exist any more.  BOUGH_NOT_FOUND, BOUGH_INVALID. */
BOUGH_MUST_CHECK enum bough_err bough_ref_log_prev(struct bough_store *store,
                                                   struct bough_bytes name, uint64_t before,
                                                   struct bough_arena *arena,
                                                   struct bough_ref_log_entry *entry);

/* The first ref, in no order that means anything, behind `after` (empty = from the start) that has
 * a log; *name lives in `arena`.  BOUGH_NOT_FOUND at the end. */
BOUGH_MUST_CHECK enum bough_err bough_ref_log_next_name(struct bough_store *store,
                                                        struct bough_bytes after,
                                                        struct bough_arena *arena,
                                                        struct bough_bytes *name);

/* How much is kept: the last `moves` of each ref (0 = nothing is recorded), for `days` (0 = for
 * ever). */
struct bough_ref_log_window {
    uint32_t moves;
    uint32_t days;
};

/* The window now: what was set, or BOUGH_REFLOG_MOVES and BOUGH_REFLOG_DAYS. */
BOUGH_MUST_CHECK enum bough_err bough_ref_log_window(struct bough_store *store,
                                                     struct bough_ref_log_window *window);

/* Stages another window; a log is cut to it when its ref moves next, or by a collection.
 * BOUGH_TOO_BIG past BOUGH_REFLOG_MOVES_MAX. */
BOUGH_MUST_CHECK enum bough_err bough_ref_log_window_set(struct bough_store *store,
                                                         const struct bough_ref_log_window *window);

/* Drops the log of `name`, or all logs if it is empty; staged.  What only they kept is garbage
 * then.  O(log n). */
BOUGH_MUST_CHECK enum bough_err bough_ref_log_clear(struct bough_store *store,
                                                    struct bough_bytes name);

/* Brings a deleted ref back to where it was when it was last deleted (ref_undelete.c); staged.
 * BOUGH_STALE (it exists), BOUGH_NOT_FOUND (the log knows of no deletion), and what bough_ref_move
 * may answer.  *ref is what it points at. */
BOUGH_MUST_CHECK enum bough_err bough_ref_undelete(struct bough_store *store,
                                                   struct bough_bytes name, struct bough_ref *ref);

#endif
