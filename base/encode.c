/* SPDX-License-Identifier: ISC
 *
 * encode.c - numbers and byte runs into a bounded buffer.  decode.c is the way back; the test
 * checks that each undoes the other.
 */
#include "encode.h"

struct encode encode_into(void *at, size_t max)
{
    return (struct encode){.at = at, .max = max};
}

void encode_raw(struct encode *out, struct bough_bytes bytes)
{
    if (out->overflow || bytes.len > out->max - out->len) {
        out->overflow = true;
        return;
    }
    if (bytes.len > 0)
        memcpy(out->at + out->len, bytes.at, bytes.len);
    out->len += bytes.len;
}

/* The low `count` bytes of `number`, lowest first. */
static void put_number(struct encode *out, uint64_t number, size_t count)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    encode_raw(out, bough_bytes_of(bytes, count));
}

void encode_u8(struct encode *out, uint8_t number)
{
    put_number(out, number, 1);
}

void encode_u16(struct encode *out, uint16_t number)
{
    put_number(out, number, 2);
}

void encode_u32(struct encode *out, uint32_t number)
{
    put_number(out, number, 4);
}

void encode_u64(struct encode *out, uint64_t number)
{
    put_number(out, number, 8);
}

void encode_varint(struct encode *out, uint64_t number)
{
    uint8_t bytes[10];
    size_t count = 0;

    while (number >= 0x80) {
        bytes[count++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    bytes[count++] = (uint8_t)number;
    encode_raw(out, bough_bytes_of(bytes, count));
}

void encode_signed(struct encode *out, int64_t number)
{
    encode_varint(out, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

void encode_bytes(struct encode *out, struct bough_bytes bytes)
{
    encode_varint(out, bytes.len);
    encode_raw(out, bytes);
}

void encode_hash(struct encode *out, const struct bough_hash *hash)
{
    encode_raw(out, bough_bytes_of(hash->at, BOUGH_HASH_BYTES));
}

size_t encode_varint_size(uint64_t number)
{
    size_t count = 1;

    while (number >= 0x80) {
        number >>= 7;
        count++;
    }
    return count;
}
