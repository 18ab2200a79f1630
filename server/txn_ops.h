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
    struct bough_edit *edits; /* one for each operation */
    size_t edit_count;
    size_t op_index;
};

/* Turns the operations of the JSON array `ops`, in their order, into edits; values are put into the
 * store.  False: the reply says why not, or *err is what the store answered. */
bool txn_ops_read(struct txn_ops *out, struct request *request, const struct json *ops,
                  enum bough_err *err);

/* Says in the reply that the edit `culprit` cannot be made because of a value and a directory. */
enum bough_err txn_ops_conflict(const struct txn_ops *ops, size_t culprit);

/* Says in the reply that what the edit `culprit` would copy is not there. */
enum bough_err txn_ops_missing(const struct txn_ops *ops, size_t culprit);

#endif
