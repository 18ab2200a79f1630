/* SPDX-License-Identifier: ISC
 *
 * upload_v0.h - the request of a fetch in protocol 0 or 1.
 */
#ifndef UPLOAD_V0_H
#define UPLOAD_V0_H

#include "upload.h"

/* Takes the next packet of the request and appends what it calls for to the answer. */
BOUGH_MUST_CHECK enum bough_err upload_v0_packet(struct upload *upload,
                                                 const struct pkt_line *packet);

/* The request is complete: begins the pack if the negotiation is over. */
BOUGH_MUST_CHECK enum bough_err upload_v0_end(struct upload *upload);

#endif
