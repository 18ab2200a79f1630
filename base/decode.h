/* SPDX-License-Identifier: ISC
 *
 * decode.h - what encode.h writes, read back from bytes that may be anything.
 */
#ifndef DECODE_H
#define DECODE_H

#include "bough/bytes.h"

/* Where to read.  After the first fault everything reads as zero and `bad` stays set. */
struct decode {
    const uint8_t *at;
    size_t left;
    bool bad;
};

/* A reader of `bytes` (borrowed). */
struct decode decode_from(struct bough_bytes bytes);

/* One byte. */
uint8_t decode_u8(struct decode *in);
/* Two bytes. */
uint16_t decode_u16(struct decode *in);
/* Four bytes. */
uint32_t decode_u32(struct decode *in);
/* Eight bytes. */
uint64_t decode_u64(struct decode *in);
/* A varint; a longer form than needed is a fault. */
uint64_t decode_varint(struct decode *in);
/* A zigzag varint. */
int64_t decode_signed(struct decode *in);
/* `len` bytes, borrowed from what is read. */
struct bough_bytes decode_raw(struct decode *in, uint64_t len);
/* A varint length and that many bytes, borrowed from what is read. */
struct bough_bytes decode_bytes(struct decode *in);
/* A hash. */
struct bough_hash decode_hash(struct decode *in);

#endif
