/* SPDX-License-Identifier: ISC
 *
 * git_memo.h - what is known of ids: SHA-1 to native object and back, in bounded memory.
 *
 * Disposable: whatever it forgets can be computed again.  Trees and values are forgotten when room
 * is needed; commits and tags are not, because knowing all of a history is what makes an answer to
 * "do you have this?" cheap.  Short values are remembered without their place (address 0).
 */
#ifndef GIT_MEMO_H
#define GIT_MEMO_H

#include "bough/commit.h"
#include "sha1.h"

struct git_memo;

/* A native object, whatever its kind. */
struct git_native {
    enum git_kind kind;
    struct bough_link link; /* of a tree: its root; of a value: its name, and its address or 0 */
    uint64_t number;        /* of a tree: its key_count; of a value: its size */
    struct bough_link verbatim; /* of a tree */
};

/* An empty memo of at most `limit_bytes`.  `key` (16 bytes) makes its tables unpredictable.  With
 * `keep_all` nothing is ever forgotten.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_memo_open(struct bough_heap *heap, const uint8_t key[16],
                                              size_t limit_bytes, bool keep_all,
                                              struct git_memo **memo);

/* Releases it; NULL is allowed. */
void git_memo_close(struct git_memo *memo);

/* Forgets everything. */
void git_memo_erase(struct git_memo *memo);

/* The native object of an id; false when it is not known.  O(1). */
bool git_memo_find(struct git_memo *memo, const struct sha1 *id, struct git_native *native);

/* The id of a native object, by its kind and name; false when it is not known.  O(1). */
bool git_memo_id(struct git_memo *memo, const struct git_native *native, struct sha1 *id);

/* Remembers that `id` and `native` are the same object; an address that was not known is added.
 * BOUGH_EXISTS when the id is known for another object, BOUGH_NO_MEMORY when there is no room for
 * what must not be forgotten (for the rest it simply is not remembered). */
BOUGH_MUST_CHECK enum bough_err git_memo_add(struct git_memo *memo, const struct sha1 *id,
                                             const struct git_native *native);

/* Adds everything `from` knows; errors as git_memo_add. */
BOUGH_MUST_CHECK enum bough_err git_memo_merge(struct git_memo *memo, struct git_memo *from);

/* A tree, as the memo keeps it, and back. */
struct git_native git_memo_of_tree(const struct bough_tree *tree);
/* The tree of a native object of kind GIT_TREE. */
struct bough_tree git_memo_tree(const struct git_native *native);

#endif
