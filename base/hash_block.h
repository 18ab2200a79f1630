/* SPDX-License-Identifier: ISC
 *
 * hash_block.h - the compression function of BLAKE2b.
 */
#ifndef HASH_BLOCK_H
#define HASH_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define HASH_BLOCK_BYTES 128u

/* The state before the first block: 32 bytes of result, no key, and a personalisation of "bough"
 * with `tag` in its last four bytes, big-endian. */
void hash_block_begin(uint64_t state[8], uint32_t tag);

/* Takes in the HASH_BLOCK_BYTES at `block`.  `count` is how many bytes of the message there are up
 * to its end, `last` whether that is all; a last block that is not full is filled with zeros. */
void hash_block_add(uint64_t state[8], const uint8_t *block, uint64_t count, bool last);

#endif
