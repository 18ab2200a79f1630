/* SPDX-License-Identifier: ISC
 *
 * encode.h - numbers and byte runs into a bounded buffer; decode.h is the way back.
 *
 * Fixed numbers are little-endian; a varint is little-endian base 128, at most ten bytes and never
 * longer than needed (so that equal contents have equal encodings).
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "bough/bytes.h"

/* Where to write.  Past the end nothing is written and `overflow` stays set: check it once, at the
 * end. */
struct encode {
    uint8_t *at;
    size_t len;
    size_t max;
    bool overflow;
};

/* A writer into `max` bytes at `at` (borrowed). */
struct encode encode_into(void *at, size_t max);

/* One byte. */
void encode_u8(struct encode *out, uint8_t number);
/* Two bytes. */
void encode_u16(struct encode *out, uint16_t number);
/* Four bytes. */
void encode_u32(struct encode *out, uint32_t number);
/* Eight bytes. */
void encode_u64(struct encode *out, uint64_t number);
/* One to ten bytes. */
void encode_varint(struct encode *out, uint64_t number);
/* A signed number as a zigzag varint. */
void encode_signed(struct encode *out, int64_t number);
/* The bytes as they are. */
void encode_raw(struct encode *out, struct bough_bytes bytes);
/* A varint length, then the bytes. */
void encode_bytes(struct encode *out, struct bough_bytes bytes);
/* The 32 bytes of a hash. */
void encode_hash(struct encode *out, const struct bough_hash *hash);

/* How many bytes encode_varint writes. */
size_t encode_varint_size(uint64_t number);

#endif
