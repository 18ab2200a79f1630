/* SPDX-License-Identifier: ISC
 *
 * receive_check.h - which commands of a push may be carried out.
 */
#ifndef RECEIVE_CHECK_H
#define RECEIVE_CHECK_H

#include "receive.h"

/* Before the pack is looked at: sets `refused` of each command that is out of order by itself, and
 * what its ref is now.  What reading the store may answer. */
BOUGH_MUST_CHECK enum bough_err receive_check_commands(struct receive *receive);

/* After the objects are native: refuses what a ref may not become (no commit on a branch, an update
 * that would lose commits). */
BOUGH_MUST_CHECK enum bough_err receive_check_next(struct receive *receive,
                                                   struct receive_command *command);

#endif
