/* SPDX-License-Identifier: ISC
 *
 * hash_lanes4_host.c - BLAKE2b-256 of many messages, four at a time.
 *
 * Compiled for AVX2; called only where that is there.
 */
#define LANES 4
#include "hash_lanes_body.h"

void hash_lanes4(uint32_t tag, const struct bough_bytes *messages, size_t count,
                 struct bough_hash *hashes)
{
    run(tag, messages, count, hashes);
}
