/* SPDX-License-Identifier: ISC
 *
 * journal_address.c - addresses and size classes.
 *
 * Lengths are counted in steps of 8 bytes.  Classes 0 to 15 are these numbers themselves; behind
 * them there are 8 for each power of two, each the next multiple of an eighth of it:
 *   class 16 + 8 * e + m  =  (8 + m) * 2^(e + 1) steps, m of 0 to 7.
 */
#include "journal_address.h"

#define STEP_BYTES  8u
#define EXACT_COUNT 16u

/* The steps of a class. */
static uint64_t steps_of(uint8_t class)
{
    unsigned behind = class - EXACT_COUNT;

    return class < EXACT_COUNT ? class : (uint64_t)(8 + behind % 8) << (behind / 8 + 1);
}

static uint8_t class_of(uint64_t steps)
{
    unsigned power = 0;
    uint64_t eighths;

    if (steps < EXACT_COUNT)
        return (uint8_t)steps;
    while (steps >> power >= 16)
        power++;
    eighths = (steps + ((uint64_t)1 << power) - 1) >> power;
    if (eighths == 16) { /* rounded up to the next power of two */
        eighths = 8;
        power++;
    }
    return (uint8_t)(EXACT_COUNT + 8 * (power - 1) + (unsigned)(eighths - 8));
}

uint64_t journal_address(uint64_t position, uint64_t record_bytes)
{
    uint8_t class = class_of(record_bytes / STEP_BYTES);

    assert(position % STEP_BYTES == 0 && record_bytes % STEP_BYTES == 0);
    assert(position < JOURNAL_ADDRESS_POSITION_MAX);
    assert(steps_of(class) * STEP_BYTES >= record_bytes);
    return position / STEP_BYTES << JOURNAL_ADDRESS_CLASS_BITS | class;
}

uint64_t journal_address_position(uint64_t address)
{
    return (address >> JOURNAL_ADDRESS_CLASS_BITS) * STEP_BYTES;
}

uint64_t journal_address_bytes_max(uint64_t address)
{
    return steps_of((uint8_t)address) * STEP_BYTES;
}
