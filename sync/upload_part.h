/* SPDX-License-Identifier: ISC
 *
 * upload_part.h - a fetch of a part of what there is: less history, or fewer objects.
 */
#ifndef UPLOAD_PART_H
#define UPLOAD_PART_H

#include "upload.h"

/* Takes an argument that makes the fetch one of a part: `shallow ID`, `deepen N`, `deepen-since T`,
 * `deepen-not REF`, `deepen-relative`, `filter SPEC`; false in *taken if it is none of them.  What
 * is wrong with it makes the answer an error. */
BOUGH_MUST_CHECK enum bough_err upload_part_argument(struct upload *upload, struct bough_bytes line,
                                                     bool *taken);

/* The wants are complete: finds those that are not known by their ids, or makes the answer an
 * error. Once for a request. */
BOUGH_MUST_CHECK enum bough_err upload_part_find(struct upload *upload);

/* The wants are complete and found: works out where the client's history will end, and, if the
 * client asked for that, adds it to the answer, a packet for each commit.  What the client now
 * lacks behind commits that it had is wanted, too.  Once for a request. */
BOUGH_MUST_CHECK enum bough_err upload_part_settle(struct upload *upload);

/* Whether all that the wants lead to is asked for, by somebody to whom it is of no matter what
 * others were sent. */
bool upload_part_is_whole(const struct upload *upload);

#endif
