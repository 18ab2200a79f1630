/* SPDX-License-Identifier: ISC
 *
 * sim_medium.h - what stands on a simulated disk, sector by sector.
 *
 * Sectors are immutable and shared: a medium is a list of pointers, so a copy of it costs eight
 * bytes a sector, and thousands of states of one disk fit beside each other.
 */
#ifndef SIM_MEDIUM_H
#define SIM_MEDIUM_H

#include "bough/arena.h"
#include <stdio.h>
#include <stdlib.h>

#define SIM_SECTOR_BYTES 512u

struct sim_sector {
    uint64_t hash; /* of the bytes */
    uint8_t bytes[SIM_SECTOR_BYTES];
};

struct sim_medium {
    uint64_t hash; /* of all sectors and their places: equal media have equal hashes */
    uint32_t sector_count;
    const struct sim_sector **sectors;
};

/* splitmix64 (Steele, Lea, Flood 2014): the next number of a state. */
static inline uint64_t sim_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number below `bound` > 0. */
static inline uint32_t sim_below(uint64_t *state, uint64_t bound)
{
    return (uint32_t)(sim_random(state) % bound);
}

/* Two numbers as one. */
static inline uint64_t sim_mix(uint64_t a, uint64_t b)
{
    uint64_t state = a ^ (b * 0xff51afd7ed558ccdu);

    return sim_random(&state);
}

/* Memory of the arena; the program ends where there is none. */
void *sim_medium_take(struct bough_arena *arena, size_t bytes);

/* An immutable sector with these bytes; the one sector of zeros is shared by all. */
const struct sim_sector *sim_medium_sector(struct bough_arena *arena, const uint8_t *bytes);

/* A disk of zeros, in `arena`. */
struct sim_medium sim_medium_zeros(struct bough_arena *arena, uint32_t sector_count);

/* A copy in `arena`. */
struct sim_medium sim_medium_copy(struct bough_arena *arena, const struct sim_medium *from);

/* Makes `into`, of the same size, equal to `from`. */
void sim_medium_assign(struct sim_medium *into, const struct sim_medium *from);

/* Puts a sector at `at`. */
void sim_medium_set(struct sim_medium *medium, uint32_t at, const struct sim_sector *sector);

/* Changes one byte of the medium by XOR; the new sector is in `arena`. */
void sim_medium_flip(struct bough_arena *arena, struct sim_medium *medium, uint64_t byte,
                     uint8_t with);

/* Writes the disk to a file, for a look at it with other tools. */
void sim_medium_dump(const struct sim_medium *medium, const char *path);

#endif
