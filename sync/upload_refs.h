/* SPDX-License-Identifier: ISC
 *
 * upload_refs.h - which refs there are, in the forms of protocols 0, 1 and 2.
 */
#ifndef UPLOAD_REFS_H
#define UPLOAD_REFS_H

#include "git_history.h"
#include "pkt_line.h"
#include "upload.h"

/* Appends the advertisement that begins an exchange of protocol `version` (0, 1 or 2), for a push
 * if `receive` (then 0 or 1).  BOUGH_NO_MEMORY, BOUGH_TOO_BIG, and what reading may answer. */
BOUGH_MUST_CHECK enum bough_err upload_refs_advertise(struct git_view *view, unsigned version,
                                                      bool receive, struct buffer *out);

/* Appends the answer to protocol 2's ls-refs. */
BOUGH_MUST_CHECK enum bough_err upload_refs_list(struct upload *upload);

/* The version that a Git-Protocol header asks for: the highest known one of its colon-separated
 * words, else 0. */
unsigned upload_refs_version(struct bough_bytes protocol);

/* The default branch: its git name, which lives in `arena`, and the rest of *head if the branch
 * exists and git sees it (*born). */
BOUGH_MUST_CHECK enum bough_err upload_refs_head(struct git_view *view, struct bough_arena *arena,
                                                 struct git_ref *head, bool *born);

#endif
