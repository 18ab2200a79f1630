/* SPDX-License-Identifier: ISC
 *
 * git_tree.h - the bytes of git's tree objects: "mode SP name NUL id", in git's order.
 */
#ifndef GIT_TREE_H
#define GIT_TREE_H

#include "buffer.h"
#include "sha1.h"

struct git_tree_entry {
    uint32_t mode;
    struct bough_bytes name; /* borrowed from the object */
    struct sha1 id;
    bool padded; /* the mode has leading zeros */
};

/* What an entry's mode makes of it. */
static inline enum git_kind git_tree_kind(uint32_t mode)
{
    return (mode & 0170000u) == 0040000u   ? GIT_TREE
           : (mode & 0170000u) == 0160000u ? GIT_COMMIT
                                           : GIT_BLOB;
}

/* The next entry of `rest`, which moves on.  BOUGH_NOT_FOUND at the end, BOUGH_INVALID when the
 * bytes are no entry. */
BOUGH_MUST_CHECK enum bough_err git_tree_next(struct bough_bytes *rest,
                                              struct git_tree_entry *entry);

/* git's order of two entries: bytewise, a directory counting as if its name ended in '/'. */
int git_tree_compare(struct bough_bytes a, bool a_is_tree, struct bough_bytes b, bool b_is_tree);

/* Whether a whole tree object is one that bough takes: well-formed, in order, no name twice, no
 * name or mode that git's fsck always refuses.  Else BOUGH_INVALID (BOUGH_TOO_BIG for a name that
 * is too long) and *why, static text. */
BOUGH_MUST_CHECK enum bough_err git_tree_check(struct bough_bytes tree, const char **why);

/* Appends an entry as git writes it. */
BOUGH_MUST_CHECK enum bough_err git_tree_add(struct buffer *out, uint32_t mode,
                                             struct bough_bytes name, const struct sha1 *id);

#endif
