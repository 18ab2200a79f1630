/* SPDX-License-Identifier: ISC
 *
 * sha1.h - git's names: the SHA-1 of "kind length NUL bytes", computed by BearSSL.
 *
 * A SHA-1 is how git calls an object; it never decides identity inside (design: lossless git).
 */
#ifndef SHA1_H
#define SHA1_H

#include "bough/bytes.h"
#include <bearssl.h>

#define SHA1_BYTES 20u
#define SHA1_HEX   (2u * SHA1_BYTES)

struct sha1 {
    uint8_t at[SHA1_BYTES];
};

/* The kinds of git objects; the numbers are those of pack entries (gitformat-pack). */
enum git_kind { GIT_NONE = 0, GIT_COMMIT = 1, GIT_TREE = 2, GIT_BLOB = 3, GIT_TAG = 4 };

struct sha1_state {
    br_sha1_context context;
};

/* Begins a plain SHA-1. */
void sha1_begin(struct sha1_state *state);

/* Begins the name of an object of `size_bytes` bytes, which are then added. */
void sha1_begin_object(struct sha1_state *state, enum git_kind kind, uint64_t size_bytes);

/* Adds bytes. */
void sha1_add(struct sha1_state *state, struct bough_bytes bytes);

/* Ends it. */
void sha1_end(struct sha1_state *state, struct sha1 *id);

/* The name of an object whose bytes are at hand. */
void sha1_object(enum git_kind kind, struct bough_bytes bytes, struct sha1 *id);

/* git's word for the kind: "commit", "tree", "blob", "tag".  Static. */
const char *sha1_kind_name(enum git_kind kind);

/* 40 lower-case hexadecimal digits and a NUL. */
void sha1_hex(const struct sha1 *id, char text[SHA1_HEX + 1]);

/* The reverse, lower case only (as git writes it); false when `text` is not exactly 40 digits. */
bool sha1_parse(struct bough_bytes text, struct sha1 *id);

static inline bool sha1_equal(const struct sha1 *a, const struct sha1 *b)
{
    return memcmp(a->at, b->at, SHA1_BYTES) == 0;
}

static inline bool sha1_is_zero(const struct sha1 *id)
{
    static const struct sha1 zero;

    return sha1_equal(id, &zero);
}

#endif
