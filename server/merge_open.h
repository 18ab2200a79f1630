/* SPDX-License-Identifier: ISC
 *
 * merge_open.h - merges in progress: one for each branch, as a ref of its own, so that it survives
 * a restart and is kept from collection.
 */
#ifndef MERGE_OPEN_H
#define MERGE_OPEN_H

#include "merge_choice.h"
#include "merge_words.h"

/* The ref of branch X is "merge/X": a commit whose parents are ours and theirs.  Its tree has the
 * directory "draft", what is merged so far with ours in place of what is open, and "resolved", with
 * an empty value for each path that was settled.  Its message is JSON: how the merge was begun. */
struct merge_open {
    bool present;
    struct bough_bytes ref;
    struct bough_link commit;
    struct bough_link ours;
    struct bough_link theirs;
    struct bough_tree draft;
    struct bough_tree resolved;
    struct merge_words words; /* strategy, favor, unrelated, no_ff, message */
    struct bough_bytes from;  /* as it was named */
};

/* Reads the merge in progress of a branch; `present` says whether there is one.  BOUGH_CORRUPT
 * (also for a ref of that name that is no merge), and what the store may answer. */
BOUGH_MUST_CHECK enum bough_err merge_open_load(struct request *request, struct bough_bytes branch,
                                                struct merge_open *open);

/* Keeps the merge: `open` has ours, theirs, draft, words and from as they are to be kept, and what
 * was settled before; the paths of `choices` are added to that.  Staged.  BOUGH_CONFLICT: the name
 * is taken by a merge of another branch that is below or above it; else as bough_commit_put. */
BOUGH_MUST_CHECK enum bough_err merge_open_save(struct request *request, struct merge_open *open,
                                                const struct merge_choices *choices);

/* Ends the merge in progress, and forgets it; staged. */
BOUGH_MUST_CHECK enum bough_err merge_open_drop(struct request *request,
                                                const struct merge_open *open);

#endif
