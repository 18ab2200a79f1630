/* SPDX-License-Identifier: ISC
 *
 * upload_pack.h - the answer to a fetch on its way out: its head, then the pack in frames.
 */
#ifndef UPLOAD_PACK_H
#define UPLOAD_PACK_H

#include "upload.h"

/* Begins to choose what to send for the wants and haves, which are complete.  BOUGH_NO_MEMORY,
 * BOUGH_TOO_BIG, and what reading may answer. */
BOUGH_MUST_CHECK enum bough_err upload_pack_begin(struct upload *upload);

/* Goes on with that by about `commits` commits.  BOUGH_NOT_READY: there is more to do.  BOUGH_OK:
 * the answer goes on with the pack.  Errors as above. */
BOUGH_MUST_CHECK enum bough_err upload_pack_step(struct upload *upload, uint32_t commits);

/* The next up to `max` bytes of the answer; *got is 0 only at its end.  An error that comes up in
 * the middle of a pack is told in the error band, if there is one, and the answer ends well-formed;
 * else it comes back. */
BOUGH_MUST_CHECK enum bough_err upload_pack_read(struct upload *upload, uint8_t *into, size_t max,
                                                 size_t *got);

#endif
