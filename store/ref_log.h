/* SPDX-License-Identifier: ISC
 *
 * ref_log.h - what ref.c and collect.c need of the log of refs.
 */
#ifndef REF_LOG_H
#define REF_LOG_H

#include "bough/limits.h"
#include "bough/ref.h"

#define REF_LOG_EDITS_MAX 3u /* that one move adds */

/* The move of a ref that exists. */
struct ref_log_note {
    struct bough_bytes name;
    struct bough_ref old;
    const struct bough_ref *next; /* NULL = it is deleted */
    bool forward;                 /* `next` is known to descend from `old` */
    struct bough_ident who;
    struct bough_bytes why;
};

/* Appends to `edits` what records a move, to be part of the same edit of the state; nothing if the
 * move loses nothing.  Entries that the window does not cover go. */
BOUGH_MUST_CHECK enum bough_err ref_log_record(struct bough_store *store,
                                               const struct ref_log_note *note,
                                               struct bough_arena *arena, struct bough_edit *edits,
                                               size_t *count);

/* Where a pass over all logs stands; all zeros to begin with. */
struct ref_log_pass {
    uint8_t after[BOUGH_REF_BYTES_MAX + 1u];
    size_t after_len;
    bool done;
};

/* Drops what is older than the window from the logs of the next few refs, in one root move. */
BOUGH_MUST_CHECK enum bough_err ref_log_expire(struct bough_store *store,
                                               struct ref_log_pass *pass);

#endif
