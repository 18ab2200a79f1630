/* SPDX-License-Identifier: ISC
 *
 * decode.c - the way back from encode.c's bytes, which may be anything.
 *
 * Nothing is read past the end; after the first fault every answer is zero or empty, so a caller
 * may check `bad` once at the end of a record.
 */
#include "decode.h"

struct decode decode_from(struct bough_bytes bytes)
{
    return (struct decode){.at = bytes.at, .left = bytes.len};
}

struct bough_bytes decode_raw(struct decode *in, uint64_t len)
{
    struct bough_bytes bytes = {0};

    if (in->bad || len > in->left) {
        in->bad = true;
        return bytes;
    }
    bytes = bough_bytes_of(in->at, (size_t)len);
    in->at += len;
    in->left -= (size_t)len;
    return bytes;
}

/* A number of `count` bytes, lowest first. */
static uint64_t take_number(struct decode *in, size_t count)
{
    struct bough_bytes bytes = decode_raw(in, count);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len; i++)
        number |= (uint64_t)bytes.at[i] << (8 * i);
    return number;
}

uint8_t decode_u8(struct decode *in)
{
    if (in->bad || in->left == 0) {
        in->bad = true;
        return 0;
    }
    in->left--;
    return *in->at++;
}

uint16_t decode_u16(struct decode *in)
{
    return (uint16_t)take_number(in, 2);
}

uint32_t decode_u32(struct decode *in)
{
    return (uint32_t)take_number(in, 4);
}

uint64_t decode_u64(struct decode *in)
{
    return take_number(in, 8);
}

uint64_t decode_varint(struct decode *in)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = decode_u8(in);
        bool too_long = (byte == 0 && shift > 0) || (shift == 63 && byte > 1);

        if (in->bad || too_long)
            break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    in->bad = true;
    return 0;
}

int64_t decode_signed(struct decode *in)
{
    uint64_t number = decode_varint(in);

    return (int64_t)((number >> 1) ^ (0 - (number & 1)));
}

struct bough_bytes decode_bytes(struct decode *in)
{
    return decode_raw(in, decode_varint(in));
}

struct bough_hash decode_hash(struct decode *in)
{
    struct bough_hash hash = {0};
    struct bough_bytes bytes = decode_raw(in, BOUGH_HASH_BYTES);

    if (bytes.len == BOUGH_HASH_BYTES)
        memcpy(hash.at, bytes.at, BOUGH_HASH_BYTES);
    return hash;
}
