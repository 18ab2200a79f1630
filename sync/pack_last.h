/* SPDX-License-Identifier: ISC
 *
 * pack_last.h - what the last clone was sent, remembered for the next one.
 *
 * Those who clone the same commits get the same objects in the same order; only to find out which
 * they are takes as long as to send them.  Disposable, as git_memo.h is.
 */
#ifndef PACK_LAST_H
#define PACK_LAST_H

#include "pack_plan.h"

struct pack_last;

/* Nothing remembered yet.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err pack_last_open(struct bough_heap *heap, struct pack_last **last);

/* Releases it; NULL is allowed. */
void pack_last_close(struct pack_last *last);

/* Forgets what is remembered. */
void pack_last_erase(struct pack_last *last);

/* Takes list and plan out, if they are those of these wants (of struct git_native) of somebody who
 * has nothing; else false, and nothing has changed.  The plan begins anew. */
bool pack_last_take(struct pack_last *last, struct bough_bytes wants, struct pack_list *list,
                    struct pack_plan *plan);

/* Takes list and plan over, to remember them or to release them: those of more than
 * BOUGH_GIT_LIST_BYTES are not remembered. */
void pack_last_put(struct pack_last *last, struct bough_bytes wants, struct pack_list *list,
                   struct pack_plan *plan);

#endif
