/* SPDX-License-Identifier: ISC
 *
 * hash_lanes8_host.c - BLAKE2b-256 of many messages, eight at a time.
 *
 * Compiled for AVX-512F; called only where that is there.
 */
#define LANES 8
#include "hash_lanes_body.h"

void hash_lanes8(uint32_t tag, const struct bough_bytes *messages, size_t count,
                 struct bough_hash *hashes)
{
    run(tag, messages, count, hashes);
}
