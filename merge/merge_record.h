/* SPDX-License-Identifier: ISC
 *
 * merge_record.h - conflicts written down in trees while a merge finds them.
 */
#ifndef MERGE_RECORD_H
#define MERGE_RECORD_H

#include "bough/merge.h"

#define MERGE_RECORD_EDITS 256u /* conflicts that are written together */

/* What merge_progress.h calls open/ and base/, as far as it was written. */
struct merge_record {
    struct bough_store *store;
    const struct bough_merge_options *options; /* who else is told */
    struct bough_arena arena;
    struct bough_edit *opens;
    struct bough_edit *bases;
    size_t open_count;
    size_t base_count;
    struct bough_tree open;
    struct bough_tree base;
};

/* An empty record. */
void merge_record_init(struct merge_record *record, struct bough_store *store,
                       const struct bough_merge_options *options);

/* Gives its memory back. */
void merge_record_release(struct merge_record *record);

/* For bough_merge_options.conflict, with a record as its context: tells the record's options, and
 * writes the conflict down, sooner or later.  Errors as bough_tree_edit. */
BOUGH_MUST_CHECK enum bough_err merge_record_add(void *record,
                                                 const struct bough_merge_conflict *conflict);

/* Writes down what was not yet: then `open` and `base` are whole. */
BOUGH_MUST_CHECK enum bough_err merge_record_flush(struct merge_record *record);

#endif
