/* SPDX-License-Identifier: ISC
 *
 * hash_lanes.h - BLAKE2b-256 of many messages in the lanes of vector registers (x86-64 hosts).
 */
#ifndef HASH_LANES_H
#define HASH_LANES_H

#include "hash.h"

/* What hash_of gives for each of `count` messages; false, and nothing done, where the processor has
 * no wide registers. */
bool hash_lanes_run(uint32_t tag, const struct bough_bytes *messages, size_t count,
                    struct bough_hash *hashes);

/* The same four at a time; needs AVX2. */
void hash_lanes4(uint32_t tag, const struct bough_bytes *messages, size_t count,
                 struct bough_hash *hashes);

/* The same eight at a time; needs AVX-512F. */
void hash_lanes8(uint32_t tag, const struct bough_bytes *messages, size_t count,
                 struct bough_hash *hashes);

#endif
