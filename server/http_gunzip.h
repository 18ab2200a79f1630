/* SPDX-License-Identifier: ISC
 *
 * http_gunzip.h - a body that travels compressed (Content-Encoding: gzip), unpacked as it arrives.
 */
#ifndef HTTP_GUNZIP_H
#define HTTP_GUNZIP_H

#include "bough/arena.h"
#include "bough/err.h"

struct http_gunzip;

/* Begins a body.  All memory (about 50 KiB) comes from `arena`, so there is no close. */
BOUGH_MUST_CHECK enum bough_err http_gunzip_open(struct bough_arena *arena,
                                                 struct http_gunzip **gunzip);

/* Takes bytes off the front of *input and puts the next unpacked ones into *data (valid until the
 * next call); no data = all of the input is used up.  BOUGH_INVALID for what is not gzip (RFC
 * 1952), has a wrong checksum, or goes on after its end. */
BOUGH_MUST_CHECK enum bough_err http_gunzip_take(struct http_gunzip *gunzip,
                                                 struct bough_bytes *input,
                                                 struct bough_bytes *data);

/* Whether the packed body is complete. */
bool http_gunzip_is_done(const struct http_gunzip *gunzip);

#endif
