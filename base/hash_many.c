/* SPDX-License-Identifier: ISC
 *
 * hash_many.c - many hashes at once.
 *
 * Nodes that one edit writes on a level do not depend on each other, so their hashes can be
 * computed side by side, one in each lane of a vector register.  Measured (Zen 5, GB/s): libb2's
 * plain C 0.87, four lanes 2.2, eight lanes 4.2.  Only for the host: the image leaves the vector
 * registers off.  BOUGH_HASH_LANES says that hash_lanes_host.c is there.
 */
#include "hash_many.h"
#ifdef BOUGH_HASH_LANES
#include "hash_lanes.h"
#endif

#define LANES_PAY_FROM 3u /* messages; below, libb2 is as fast */

void hash_many(uint32_t tag, const struct bough_bytes *messages, size_t count,
               struct bough_hash *hashes)
{
#ifdef BOUGH_HASH_LANES
    if (count >= LANES_PAY_FROM && hash_lanes_run(tag, messages, count, hashes))
        return;
#endif
    for (size_t i = 0; i < count; i++)
        hash_of(tag, messages[i], &hashes[i]);
}
