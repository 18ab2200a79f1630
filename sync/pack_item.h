/* SPDX-License-Identifier: ISC
 *
 * pack_item.h - the objects of a list, by number: all commits, then tags, trees, blobs, values.
 *
 * A number with PACK_LIST_OUTSIDE in it means an object that is not sent.
 */
#ifndef PACK_ITEM_H
#define PACK_ITEM_H

#include "pack_list.h"

enum pack_item_part {
    PACK_ITEM_COMMITS,
    PACK_ITEM_TAGS,
    PACK_ITEM_TREES,
    PACK_ITEM_BLOBS,
    PACK_ITEM_VALUES,
    PACK_ITEM_PARTS
};

/* Which array object `n` is in, and where. */
enum pack_item_part pack_item_part(const struct pack_list *list, uint32_t n, uint32_t *index);

/* How many objects an array has, and the number of its first. */
uint32_t pack_item_count(const struct pack_list *list, enum pack_item_part part, uint32_t *first);

/* What kind of object `n` is. */
enum git_kind pack_item_kind(const struct pack_list *list, uint32_t n);

/* What a tree is called where trees and values are told apart by name: a tree with git bytes of its
 * own differs from one without. */
struct bough_hash pack_item_tree_name(const struct bough_tree *tree);

/* The native name of object `n`, by which it is kept and found; of one outside it is computed:
 * what reading may answer. */
BOUGH_MUST_CHECK enum bough_err pack_item_name(const struct pack_list *list, uint32_t n,
                                               struct bough_hash *name);

/* The git id of object `n`; what reading may answer. */
BOUGH_MUST_CHECK enum bough_err pack_item_id(const struct pack_list *list, uint32_t n,
                                             struct sha1 *id);

/* Appends the bytes of object `n` to `out`.  Those of a value of more than `bytes_max` are not
 * read: then *value is that value, else its size is 0.  What reading may answer. */
BOUGH_MUST_CHECK enum bough_err pack_item_bytes(const struct pack_list *list, uint32_t n,
                                                size_t bytes_max, struct buffer *out,
                                                struct bough_value *value);

#endif
