/* SPDX-License-Identifier: ISC
 *
 * txn_merge.h - a transaction that is merged onto a head that has moved on.
 */
#ifndef TXN_MERGE_H
#define TXN_MERGE_H

#include "bough/txn.h"
#include "json_read.h"
#include "request.h"
#include "rev.h"

/* *asked: whether `body` asks for it ("merge": true).  False: it says so in a way that makes no
 * sense, which the reply says already. */
bool txn_merge_asked(struct request *request, const struct json *body, bool *asked);

/* As bough_txn_commit; but where the head is not the one that `body` expects, the change is merged
 * onto it.  If that is refused, the reply is made up, and BOUGH_OK: request->reply.status tells. */
BOUGH_MUST_CHECK enum bough_err txn_merge_commit(struct request *request, const struct json *body,
                                                 const struct rev *head, struct bough_txn *txn,
                                                 struct bough_txn_result *result);

#endif
