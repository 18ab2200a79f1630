/* SPDX-License-Identifier: ISC
 *
 * upload_info.h - how large objects are (gitprotocol-v2, "object-info").
 */
#ifndef UPLOAD_INFO_H
#define UPLOAD_INFO_H

#include "upload.h"

/* Takes an argument of the command: `size`, or `oid ID`; false in *taken if it is neither. */
BOUGH_MUST_CHECK enum bough_err upload_info_argument(struct upload *upload, struct bough_bytes line,
                                                     bool *taken);

/* The request is complete: what was asked for of each object, of one that is not here nothing. */
BOUGH_MUST_CHECK enum bough_err upload_info_answer(struct upload *upload);

#endif
