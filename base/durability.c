/* SPDX-License-Identifier: ISC
 *
 * durability.c - the levels of durability in the words that clients see.
 *
 * One switch without default: the compiler names a forgotten level.
 */
#include "bough/port/block.h"

const char *bough_durability_name(enum bough_durability level)
{
    switch (level) {
    case BOUGH_SURVIVES_NOTHING:
        return "process";
    case BOUGH_SURVIVES_GUEST:
        return "host";
    case BOUGH_SURVIVES_POWER:
        return "power";
    }
    return "unknown";
}
