/* SPDX-License-Identifier: ISC
 *
 * commit_queue.h - commits in the order of their generations, the greatest first.
 *
 * A commit's generation is greater than its parents'; so when a commit comes out, all that are
 * reached from it have yet to come, and nothing that comes later leads to it.
 */
#ifndef COMMIT_QUEUE_H
#define COMMIT_QUEUE_H

#include "bough/commit.h"
#include "buffer.h"

/* Members are private to commit_queue.c. */
struct commit_queue {
    struct buffer heap; /* of struct commit_queue_place */
};

/* An empty queue of at most `limit_bytes`; takes nothing yet. */
void commit_queue_init(struct commit_queue *queue, struct bough_heap *heap, size_t limit_bytes);

/* Gives everything back. */
void commit_queue_release(struct commit_queue *queue);

/* Puts a commit of this generation in.  BOUGH_TOO_BIG past the limit, BOUGH_NO_MEMORY.  O(log n).
 */
BOUGH_MUST_CHECK enum bough_err commit_queue_put(struct commit_queue *queue,
                                                 const struct bough_link *link,
                                                 uint64_t generation);

/* Takes a commit of the greatest generation out; false when the queue is empty.  O(log n). */
bool commit_queue_take(struct commit_queue *queue, struct bough_link *link);

#endif
