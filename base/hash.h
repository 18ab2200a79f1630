/* SPDX-License-Identifier: ISC
 *
 * hash.h - BLAKE2b-256 with the kind of what is hashed in its personalisation field.
 *
 * Computed by libb2's plain C code: its dispatching entry picks a variant that is half as fast on
 * the processors measured.
 */
#ifndef HASH_H
#define HASH_H

#include "bough/bytes.h"

struct hash_state {
    _Alignas(64) uint8_t opaque[512];
};

/* Begins a hash in the domain `tag` (an enum bough_kind, or a number above 64 for other uses). */
void hash_begin(struct hash_state *state, uint32_t tag);

/* Adds bytes. */
void hash_add(struct hash_state *state, struct bough_bytes bytes);

/* Ends it. */
void hash_end(struct hash_state *state, struct bough_hash *hash);

/* All at once. */
void hash_of(uint32_t tag, struct bough_bytes bytes, struct bough_hash *hash);

/* The hash as 64 lower-case hexadecimal digits and a NUL. */
void hash_hex(const struct bough_hash *hash, char text[2 * BOUGH_HASH_BYTES + 1]);

/* The reverse of hash_hex (either case); false when `text` is not 64 digits. */
bool hash_parse(struct bough_bytes text, struct bough_hash *hash);

/* A 64-bit keyed hash of short input (SipHash-1-3, 16-byte key): fast, and not to be predicted
 * without the key.  Used for the boundary rule and for tables in memory. */
uint64_t hash_keyed(const uint8_t key[16], const void *at, size_t len);

#endif
