/* SPDX-License-Identifier: ISC
 *
 * txn_ops.h - the operations of a transaction's document as edits of a tree.
 */
#ifndef TXN_OPS_H
#define TXN_OPS_H

#include "bough/tree.h"
#include "json_read.h"
#include "request.h"

/* Members are private to txn_ops.c but for edits and edit_count. */
struct txn_ops {
    struct request *request;
    struct bough_edit *edits; /* concrete: no edit depends on what another one did */
    size_t *op_of;            /* for each edit the operation that it comes from */
    size_t edit_count;
    size_t edit_max;
    size_t applied_count;      /* edits that `current` holds already */
    struct bough_tree current; /* the base with those edits */
    size_t op_index;
};

/* Turns the operations of the JSON array `ops`, in their order, into edits of `base`.  False: the
 * reply says why not, or *err is what the store answered. */
bool txn_ops_read(struct txn_ops *out, struct request *request, const struct bough_tree *base,
                  const struct json *ops, enum bough_err *err);

/* Says in the reply that the edit `culprit` cannot be made because of a value and a directory. */
enum bough_err txn_ops_conflict(const struct txn_ops *ops, size_t culprit);

#endif
