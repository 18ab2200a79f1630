/* SPDX-License-Identifier: ISC
 *
 * zip.h - zlib whose memory is the heap's.
 */
#ifndef ZIP_H
#define ZIP_H

#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/port/heap.h"
#include <zlib.h>

/* Begins inflating into `stream` (the caller's).  BOUGH_NO_MEMORY; about 40 KiB once data comes. */
BOUGH_MUST_CHECK enum bough_err zip_inflate_open(z_stream *stream, struct bough_heap *heap);

/* Begins deflating.  BOUGH_NO_MEMORY; about 130 KiB. */
BOUGH_MUST_CHECK enum bough_err zip_deflate_open(z_stream *stream, struct bough_heap *heap);

#endif
