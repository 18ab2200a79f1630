/* SPDX-License-Identifier: ISC
 *
 * journal_address.h - what a link carries: where a record was written, for ever.
 *
 *   address  := position / 8 << 8 | size class          56 and 8 bits
 *   position := opening of the segment * segment_bytes + offset in the segment
 *
 * A segment gets a new opening each time the log goes into it, so no position is ever used twice,
 * and an address means the same record after that was moved, too (journal_place.h).  The size class
 * says how much to read at once: the record is no longer than its class, and longer than 7/8 of it.
 */
#ifndef JOURNAL_ADDRESS_H
#define JOURNAL_ADDRESS_H

#include "bough/err.h"
#include <assert.h>
#include <stdint.h>

#define JOURNAL_ADDRESS_CLASS_BITS   8u
#define JOURNAL_ADDRESS_POSITION_MAX ((uint64_t)1 << 59)

/* The address of a record of `record_bytes` at a position, both multiples of 8. */
uint64_t journal_address(uint64_t position, uint64_t record_bytes);

/* The position in an address. */
uint64_t journal_address_position(uint64_t address);

/* As many bytes as the record may have, at least. */
uint64_t journal_address_bytes_max(uint64_t address);

#endif
