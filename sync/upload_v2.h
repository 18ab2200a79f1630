/* SPDX-License-Identifier: ISC
 *
 * upload_v2.h - one command of protocol 2.
 */
#ifndef UPLOAD_V2_H
#define UPLOAD_V2_H

#include "upload.h"

/* Takes the next packet of the request. */
BOUGH_MUST_CHECK enum bough_err upload_v2_packet(struct upload *upload,
                                                 const struct pkt_line *packet);

/* The request is complete: does what it asks for and makes the answer. */
BOUGH_MUST_CHECK enum bough_err upload_v2_end(struct upload *upload);

#endif
