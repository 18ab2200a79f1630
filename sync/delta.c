/* SPDX-License-Identifier: ISC
 *
 * delta.c - git's deltas (gitformat-pack, "Deltified representation"), as hostile input.
 *
 * Owns nothing.
 *   (1) Nothing outside base, delta and the result is read or written, whatever the bytes say.
 *   (2) BOUGH_OK means that exactly the promised number of bytes was made.
 */
#include "delta.h"
#include <assert.h>

#define COPY_BYTES_DEFAULT 0x10000u /* what a copy of size 0 means */

struct reader {
    const uint8_t *at;
    size_t left;
};

/* A little-endian base-128 number of at most 64 bits. */
static enum bough_err read_size(struct reader *in, uint64_t *size)
{
    unsigned shift = 0;
    uint8_t byte;

    *size = 0;
    do {
        if (in->left == 0 || shift > 63)
            return BOUGH_INVALID;
        byte = *in->at++;
        in->left--;
        if (shift == 63 && (byte & 0x7e) != 0)
            return BOUGH_INVALID;
        *size |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0);
    return BOUGH_OK;
}

enum bough_err delta_sizes(struct bough_bytes delta, uint64_t *base_bytes, uint64_t *result_bytes,
                           size_t *head_bytes)
{
    struct reader in = {.at = delta.at, .left = delta.len};

    BOUGH_TRY(read_size(&in, base_bytes));
    BOUGH_TRY(read_size(&in, result_bytes));
    *head_bytes = delta.len - in.left;
    return BOUGH_OK;
}

/* The bytes of a number of which `mask` says which are there; false when they are cut off. */
static bool read_sparse(struct reader *in, unsigned mask, uint32_t *number)
{
    *number = 0;
    for (unsigned shift = 0; mask != 0; mask >>= 1, shift += 8) {
        if ((mask & 1) == 0)
            continue;
        if (in->left == 0)
            return false;
        *number |= (uint32_t)*in->at++ << shift;
        in->left--;
    }
    return true;
}

/* One copy; *into moves on. */
static enum bough_err copy(struct reader *in, uint8_t code, struct bough_bytes base, uint8_t **into,
                           size_t *room)
{
    uint32_t offset;
    uint32_t size;

    if (!read_sparse(in, code & 15u, &offset) || !read_sparse(in, code >> 4 & 7u, &size))
        return BOUGH_INVALID;
    if (size == 0)
        size = COPY_BYTES_DEFAULT;
    if (offset > base.len || size > base.len - offset || size > *room)
        return BOUGH_INVALID;
    memcpy(*into, base.at + offset, size);
    *into += size;
    *room -= size;
    return BOUGH_OK;
}

enum bough_err delta_apply(struct bough_bytes base, struct bough_bytes delta, uint8_t *into,
                           size_t len)
{
    uint64_t base_bytes;
    uint64_t result_bytes;
    size_t head;
    struct reader in;
    size_t room = len;

    BOUGH_TRY(delta_sizes(delta, &base_bytes, &result_bytes, &head));
    if (base_bytes != base.len || result_bytes != len)
        return BOUGH_INVALID;
    in = (struct reader){.at = delta.at + head, .left = delta.len - head};
    while (in.left > 0) {
        uint8_t code = *in.at++;

        in.left--;
        if ((code & 0x80) != 0) {
            BOUGH_TRY(copy(&in, code, base, &into, &room));
        } else {
            if (code == 0 || code > in.left || code > room)
                return BOUGH_INVALID;
            memcpy(into, in.at, code);
            into += code;
            room -= code;
            in.at += code;
            in.left -= code;
        }
    }
    return room == 0 ? BOUGH_OK : BOUGH_INVALID;
}
