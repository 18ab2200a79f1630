/* SPDX-License-Identifier: ISC
 *
 * fsck.h - check everything that can be reached: every object of every branch, tag and commit.
 */
#ifndef BOUGH_FSCK_H
#define BOUGH_FSCK_H

#include "bough/ref.h"

/* One thing that is not as it should be.  Borrowed for the call. */
struct bough_fsck_fault {
    enum bough_err err;       /* BOUGH_CORRUPT, BOUGH_IO, BOUGH_NOT_FOUND */
    struct bough_bytes ref;   /* a ref from which it was reached, "heads/main" */
    struct bough_hash commit; /* a commit in which it is; none for a tag */
    struct bough_bytes path;  /* the key or directory that cannot be read; empty for the commit */
    struct bough_hash object; /* the object */
};

struct bough_fsck_options {
    void (*fault)(void *context, const struct bough_fsck_fault *fault); /* may be NULL */
    /* Called for each object; an error ends the check and is passed up.  May be NULL. */
    enum bough_err (*progress)(void *context, uint64_t object_count);
    void *context;
};

struct bough_fsck_report {
    uint64_t ref_count;
    uint64_t commit_count;
    uint64_t directory_count; /* different ones, twice where one is kept in two places */
    uint64_t value_count;     /* the same, of values with an object of their own */
    uint64_t value_bytes;
    uint64_t fault_count;
};

/* Reads everything that the refs reach once, comparing every object with its name, and reports each
 * fault; goes on behind a fault as far as anything can be read.  BOUGH_OK also when there were
 * faults (see the report); BOUGH_NO_MEMORY (it remembers 40 bytes for each commit, directory and
 * value).  Changes nothing.  O(objects). */
BOUGH_MUST_CHECK enum bough_err bough_fsck(struct bough_store *store,
                                           const struct bough_fsck_options *options,
                                           struct bough_fsck_report *report);

#endif
