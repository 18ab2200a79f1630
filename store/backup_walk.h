/* SPDX-License-Identifier: ISC
 *
 * backup_walk.h - every object that commits and refs lead to, once each, children first.
 */
#ifndef BACKUP_WALK_H
#define BACKUP_WALK_H

#include "bough/ref.h"
#include "name_set.h"
#include "object.h"

/* What the next step is about; private to backup_walk.c. */
enum backup_walk_stage {
    BACKUP_WALK_LIST,     /* the parents of a listed commit */
    BACKUP_WALK_COMMIT,   /* the tree of a commit */
    BACKUP_WALK_VERBATIM, /* and what else it leads to */
    BACKUP_WALK_SELF,     /* the commit itself */
    BACKUP_WALK_TARGETS   /* what refs lead to that is no commit */
};

struct backup_walk {
    struct bough_store *store;
    /* Gets each object after all that it leads to; `object` is NULL for values that need not be
     * read.  Borrowed for the call; an error ends the walk. */
    enum bough_err (*visit)(void *context, const struct bough_link *link,
                            const struct bough_object *object);
    /* Is told of an object that cannot be read, and the walk passes over what it leads to; NULL =
     * the walk ends there. */
    enum bough_err (*fault)(void *context, const struct bough_link *link, enum bough_err err);
    /* Whether an object, and what it leads to, is to be left out; NULL = none is. */
    bool (*skip)(void *context, const struct bough_link *link);
    void *context;
    bool reads_values; /* `visit` wants their bytes */
    bool by_place; /* an object that is kept twice is visited twice, to see whether each is good */

    /* The rest is private to backup_walk.c. */
    struct name_set seen;
    struct walk_commit *commits;
    size_t commit_count;
    size_t commit_max;
    struct walk_frame *frames;
    uint32_t depth;           /* of the frames */
    struct bough_hash commit; /* whose tree is being walked; none = no commit's */
    struct bough_arena arena;
    struct bough_tree state; /* as it was when the walk was prepared */
    enum backup_walk_stage stage;
    bool silent;            /* nothing is visited: it is being left out */
    size_t commit_at;       /* of the listed ones */
    struct bough_tree tree; /* of that commit */
    struct bough_tree_walk targets;
    struct bough_arena targets_arena;
    bool targets_open;
};

/* Prepares a walk whose first members the caller has set; the rest must be zero.  It remembers
 * names, of all objects at most BOUGH_BACKUP_BYTES_MAX.  Released by the caller also after an
 * error. BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err backup_walk_init(struct backup_walk *walk);

/* Gives its memory back. */
void backup_walk_release(struct backup_walk *walk);

/* The way to what `fault` is being told of: the commit, if it is below one, and the objects that
 * lead there, each to the next one, at most `max` of them.  How many there are in all. */
size_t backup_walk_way(const struct backup_walk *walk, struct bough_hash *names, size_t max);

/* Begins to leave out a commit, its ancestors and what its tree leads to: steps follow. */
BOUGH_MUST_CHECK enum bough_err backup_walk_exclude(struct backup_walk *walk,
                                                    const struct bough_link *commit);

/* Begins to visit everything, as backup_walk_all does at once: steps follow.  O(refs). */
BOUGH_MUST_CHECK enum bough_err backup_walk_begin(struct backup_walk *walk);

/* Looks at about one object; *done when what was begun is.  Errors as backup_walk_all. */
BOUGH_MUST_CHECK enum bough_err backup_walk_step(struct backup_walk *walk, bool *done);

/* Visits what the tree of a commit leads to, not the commit. */
BOUGH_MUST_CHECK enum bough_err backup_walk_tree(struct backup_walk *walk,
                                                 const struct bough_link *commit);

/* Visits what an object of a kind (0 = a value of any sort) leads to, and it last; commits are left
 * out. */
BOUGH_MUST_CHECK enum bough_err backup_walk_below(struct backup_walk *walk,
                                                  const struct bough_link *link,
                                                  enum bough_kind kind);

/* Visits everything that the links of the state lead to and that was not visited or left out:
 * commits in the order of their generations, each after its tree; then tags and what else. The
 * order follows from the state alone.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY, and what `visit`
 * answers. */
BOUGH_MUST_CHECK enum bough_err backup_walk_all(struct backup_walk *walk);

#endif
