/* SPDX-License-Identifier: ISC
 *
 * hash_lanes_host.c - which lanes this processor has.
 *
 * The two variants are one source (hash_lanes_body.h), compiled for one instruction set each by
 * cmake/host.cmake; nothing else of the program may use those instructions.
 */
#include "hash_lanes.h"

bool hash_lanes_run(uint32_t tag, const struct bough_bytes *messages, size_t count,
                    struct bough_hash *hashes)
{
    if (__builtin_cpu_supports("avx512f"))
        hash_lanes8(tag, messages, count, hashes);
    else if (__builtin_cpu_supports("avx2"))
        hash_lanes4(tag, messages, count, hashes);
    else
        return false;
    return true;
}
