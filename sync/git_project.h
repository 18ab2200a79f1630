/* SPDX-License-Identifier: ISC
 *
 * git_project.h - values and trees as git sees them.  git_history.h does commits and tags.
 */
#ifndef GIT_PROJECT_H
#define GIT_PROJECT_H

#include "buffer.h"
#include "git_view.h"

/* How much of a long value is read at a time: the most that one chunk of it has. */
#define GIT_PROJECT_PIECE_BYTES (256u << 10)

/* The id of a value.  Reads it if it is long and not known.  BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_project_value(struct git_view *view,
                                                  const struct bough_value *value, struct sha1 *id);

/* The id of a tree; reads what is below it and not known.  Errors as above, and BOUGH_TOO_BIG for
 * a tree of more than GIT_DEPTH_MAX levels, or one whose git form passes
 * BOUGH_PUSH_OBJECT_BYTES_MAX. */
BOUGH_MUST_CHECK enum bough_err git_project_tree(struct git_view *view,
                                                 const struct bough_tree *tree, struct sha1 *id);

/* Appends the git object of a tree to `out`; errors as above. */
BOUGH_MUST_CHECK enum bough_err git_project_tree_bytes(struct git_view *view,
                                                       const struct bough_tree *tree,
                                                       struct buffer *out);

/* Appends all bytes of a value to `out`; errors as above, BOUGH_TOO_BIG past the buffer's limit. */
BOUGH_MUST_CHECK enum bough_err git_project_value_bytes(struct git_view *view,
                                                        const struct bough_value *value,
                                                        struct buffer *out);

/* The native object that stands for a value; .link.address is 0 for a short one. */
void git_project_native(const struct bough_value *value, struct git_native *native);

#endif
