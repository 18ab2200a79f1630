/* SPDX-License-Identifier: ISC
 *
 * bytes.h - a borrowed run of bytes, and the 256-bit name of an object.
 */
#ifndef BOUGH_BYTES_H
#define BOUGH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed: whoever hands it out says how long the bytes live.  `at` may be NULL iff len is 0. */
struct bough_bytes {
    const uint8_t *at;
    size_t len;
};

#define BOUGH_HASH_BYTES 32

/* BLAKE2b-256 (RFC 7693) with the object's kind in the personalisation field; all zero = none. */
struct bough_hash {
    uint8_t at[BOUGH_HASH_BYTES];
};

static inline struct bough_bytes bough_bytes_of(const void *at, size_t len)
{
    return (struct bough_bytes){.at = at, .len = len};
}

/* The bytes of a C string without its NUL; borrowed from `text`. */
static inline struct bough_bytes bough_bytes_text(const char *text)
{
    return (struct bough_bytes){.at = (const uint8_t *)text, .len = strlen(text)};
}

static inline bool bough_bytes_equal(struct bough_bytes a, struct bough_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Unsigned bytewise order, shorter first: < 0, 0, > 0. */
static inline int bough_bytes_compare(struct bough_bytes a, struct bough_bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool bough_bytes_starts(struct bough_bytes all, struct bough_bytes prefix)
{
    return all.len >= prefix.len && (prefix.len == 0 || memcmp(all.at, prefix.at, prefix.len) == 0);
}

/* Drops what `bytes` starts with; false, and nothing has changed, when that is not `prefix`. */
static inline bool bough_bytes_drop(struct bough_bytes *bytes, struct bough_bytes prefix)
{
    if (!bough_bytes_starts(*bytes, prefix))
        return false;
    *bytes = bough_bytes_of(bytes->at + prefix.len, bytes->len - prefix.len);
    return true;
}

static inline bool bough_hash_equal(const struct bough_hash *a, const struct bough_hash *b)
{
    return memcmp(a->at, b->at, BOUGH_HASH_BYTES) == 0;
}

static inline bool bough_hash_is_none(const struct bough_hash *hash)
{
    static const struct bough_hash none;

    return bough_hash_equal(hash, &none);
}

#endif
