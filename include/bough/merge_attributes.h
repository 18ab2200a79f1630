/* SPDX-License-Identifier: ISC
 *
 * merge_attributes.h - which policy merges the values of a path: what the `.gitattributes` files of
 * a tree say about the attribute `merge`, with git's own rules (gitattributes(5)).
 */
#ifndef BOUGH_MERGE_ATTRIBUTES_H
#define BOUGH_MERGE_ATTRIBUTES_H

#include "bough/arena.h"
#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/merge_policy.h"

/* Where the files come from. */
struct bough_merge_attributes_source {
    /* Sets *text to the value of `.gitattributes` in `directory` (no slash at its ends; empty: the
     * top), in `arena`; empty where there is none.  Any error is passed on; BOUGH_TOO_BIG is right
     * for a value past BOUGH_ATTRIBUTES_BYTES_MAX. */
    enum bough_err (*read)(void *context, struct bough_bytes directory, struct bough_arena *arena,
                           struct bough_bytes *text);
    void *context; /* borrowed; passed to read */
};

struct attributes_file;

/* Members are private to merge_attributes.c. */
struct bough_merge_attributes {
    struct bough_merge_attributes_source source;
    struct bough_arena arena;
    struct attributes_file *files; /* of the last path's directories, the top first */
    size_t file_count;
};

/* Nothing is read yet.  Memory comes from `heap` (borrowed), `limit_bytes` of it at most. */
void bough_merge_attributes_init(struct bough_merge_attributes *attributes,
                                 const struct bough_merge_attributes_source *source,
                                 struct bough_heap *heap, size_t limit_bytes);

/* Gives the memory back. */
void bough_merge_attributes_release(struct bough_merge_attributes *attributes);

/* The name of the policy that `path` has: "default" where `merge` is not specified, "text" where it
 * is set, "binary" where it is unset (no policy merges it), else its value, whatever that is. Lives
 * until the next call.  Reads the files of the path's directories, each once while paths are asked
 * for in the order of a tree.  BOUGH_TOO_BIG: a file past BOUGH_ATTRIBUTES_BYTES_MAX, more than
 * BOUGH_ATTRIBUTES_MACROS_MAX macros, more than BOUGH_PATH_STEPS_MAX steps, or patterns that take
 * more than BOUGH_ATTRIBUTES_STEPS_MAX steps to match; BOUGH_NO_MEMORY; what `read` gives.  A
 * failed call may be repeated. */
BOUGH_MUST_CHECK enum bough_err bough_merge_attributes_find(
    struct bough_merge_attributes *attributes, struct bough_bytes path, struct bough_bytes *policy);

/* The policy itself, among those that come with bough; NULL where the name is none of theirs: what
 * both sides changed is then a conflict.  `attributes` is a struct bough_merge_attributes, so that
 * this may be the function that a merge asks.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err bough_merge_attributes_policy(
    void *attributes, struct bough_bytes path, const struct bough_merge_policy **policy);

#endif
