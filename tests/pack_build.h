/* SPDX-License-Identifier: ISC
 *
 * pack_build.h - packs made by hand, right and wrong, for the tests of pack_*.c.
 */
#ifndef PACK_BUILD_H
#define PACK_BUILD_H

#include "host_env.h"
#include "pack_in.h"

struct pack_build {
    struct buffer bytes;
    uint32_t count;
};

/* Compiled in with NDEBUG too: a test whose pack is wrong proves nothing. */
static inline void pack_build_must(bool yes)
{
    if (!yes)
        abort();
}

static inline void pack_build_add(struct pack_build *pack, const void *at, size_t len)
{
    pack_build_must(buffer_add(&pack->bytes, bough_bytes_of(at, len)) == BOUGH_OK);
}

static inline void pack_build_open(struct pack_build *pack)
{
    pack->count = 0;
    buffer_init(&pack->bytes, host_env()->heap, 256u << 20);
    pack_build_add(pack, "PACK\0\0\0\2\0\0\0\0", 12);
}

/* An entry's type and size; its offset is the answer. */
static inline size_t pack_build_head(struct pack_build *pack, unsigned type, uint64_t size)
{
    size_t offset = pack->bytes.len;
    uint8_t byte = (uint8_t)(type << 4 | (size & 15));

    for (size >>= 4; size > 0; size >>= 7) {
        byte |= 0x80;
        pack_build_add(pack, &byte, 1);
        byte = size & 0x7f;
    }
    pack_build_add(pack, &byte, 1);
    pack->count++;
    return offset;
}

/* The zlib stream of an entry. */
static inline void pack_build_data(struct pack_build *pack, struct bough_bytes data)
{
    uLong room = compressBound((uLong)data.len);
    uint8_t *packed = malloc(room);

    pack_build_must(compress(packed, &room, data.at, (uLong)data.len) == Z_OK);
    pack_build_add(pack, packed, room);
    free(packed);
}

static inline size_t pack_build_object(struct pack_build *pack, enum git_kind kind,
                                       struct bough_bytes data)
{
    size_t offset = pack_build_head(pack, (unsigned)kind, data.len);

    pack_build_data(pack, data);
    return offset;
}

/* A delta on the entry at `base`. */
static inline size_t pack_build_ofs(struct pack_build *pack, uint64_t distance,
                                    struct bough_bytes delta)
{
    size_t offset = pack_build_head(pack, PACK_OFS_DELTA, delta.len);
    uint8_t digits[10];
    size_t at = sizeof(digits);

    digits[--at] = distance & 0x7f;
    while (distance >>= 7)
        digits[--at] = (uint8_t)(0x80 | (--distance & 0x7f));
    pack_build_add(pack, digits + at, sizeof(digits) - at);
    pack_build_data(pack, delta);
    return offset;
}

static inline size_t pack_build_ref(struct pack_build *pack, const struct sha1 *base,
                                    struct bough_bytes delta)
{
    size_t offset = pack_build_head(pack, PACK_REF_DELTA, delta.len);

    pack_build_add(pack, base->at, SHA1_BYTES);
    pack_build_data(pack, delta);
    return offset;
}

/* Writes the count and the checksum. */
static inline void pack_build_close(struct pack_build *pack)
{
    struct sha1_state state;
    struct sha1 sum;

    for (unsigned i = 0; i < 4; i++)
        pack->bytes.at[8 + i] = (uint8_t)(pack->count >> (24 - 8 * i));
    sha1_begin(&state);
    sha1_add(&state, buffer_bytes(&pack->bytes));
    sha1_end(&state, &sum);
    pack_build_add(pack, sum.at, SHA1_BYTES);
}

#endif
