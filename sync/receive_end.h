/* SPDX-License-Identifier: ISC
 *
 * receive_end.h - a push is complete: check it, store it, move the refs, report.
 */
#ifndef RECEIVE_END_H
#define RECEIVE_END_H

#include "receive.h"

/* Does all of that; the report is then in receive->out.  What is wrong with the push is in the
 * report; only the world's and the data's errors come back (BOUGH_NO_MEMORY, BOUGH_IO,
 * BOUGH_FULL, BOUGH_READ_ONLY, BOUGH_CORRUPT), and then no ref was moved durably. */
BOUGH_MUST_CHECK enum bough_err receive_end(struct receive *receive);

#endif
