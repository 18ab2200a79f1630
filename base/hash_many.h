/* SPDX-License-Identifier: ISC
 *
 * hash_many.h - many hashes at once, which is faster than one after the other where the processor
 * can do it.
 */
#ifndef HASH_MANY_H
#define HASH_MANY_H

#include "hash.h"

/* What hash_of gives for each of `count` messages.  Pays from about eight messages on. */
void hash_many(uint32_t tag, const struct bough_bytes *messages, size_t count,
               struct bough_hash *hashes);

#endif
