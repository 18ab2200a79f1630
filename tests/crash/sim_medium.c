/* SPDX-License-Identifier: ISC
 *
 * sim_medium.c - what stands on a simulated disk, sector by sector.
 *
 *   (1) hash is the XOR of sim_mix(place, hash of the sector) over all places, kept up to date by
 *       sim_medium_set: so a state is known by its hash without reading the disk.
 */
#include "sim_medium.h"

static const struct sim_sector zero_sector;

void *sim_medium_take(struct bough_arena *arena, size_t bytes)
{
    void *at = bough_arena_take(arena, bytes);

    if (at == NULL) {
        fprintf(stderr, "crash: the simulator is out of memory\n");
        exit(2);
    }
    return at;
}

const struct sim_sector *sim_medium_sector(struct bough_arena *arena, const uint8_t *bytes)
{
    struct sim_sector *sector;
    uint64_t hash = 0x9e3779b97f4a7c15u;
    uint64_t any = 0;

    for (size_t i = 0; i < SIM_SECTOR_BYTES; i += 8) {
        uint64_t word;

        memcpy(&word, bytes + i, 8);
        any |= word;
        hash = (hash ^ word) * 0xff51afd7ed558ccdu; /* a multiplier of MurmurHash3's mixer */
        hash ^= hash >> 32;
    }
    if (any == 0)
        return &zero_sector;
    sector = sim_medium_take(arena, sizeof(*sector));
    sector->hash = hash;
    memcpy(sector->bytes, bytes, SIM_SECTOR_BYTES);
    return sector;
}

struct sim_medium sim_medium_zeros(struct bough_arena *arena, uint32_t sector_count)
{
    struct sim_medium medium = {.sector_count = sector_count};

    medium.sectors = sim_medium_take(arena, sector_count * sizeof(*medium.sectors));
    for (uint32_t i = 0; i < sector_count; i++) {
        medium.sectors[i] = &zero_sector;
        medium.hash ^= sim_mix(i, zero_sector.hash);
    }
    return medium;
}

struct sim_medium sim_medium_copy(struct bough_arena *arena, const struct sim_medium *from)
{
    struct sim_medium medium = *from;

    medium.sectors = sim_medium_take(arena, from->sector_count * sizeof(*medium.sectors));
    sim_medium_assign(&medium, from);
    return medium;
}

void sim_medium_assign(struct sim_medium *into, const struct sim_medium *from)
{
    assert(into->sector_count == from->sector_count);
    memcpy(into->sectors, from->sectors, from->sector_count * sizeof(*from->sectors));
    into->hash = from->hash;
}

void sim_medium_set(struct sim_medium *medium, uint32_t at, const struct sim_sector *sector)
{
    assert(at < medium->sector_count);
    if (medium->sectors[at]->hash == sector->hash)
        return;
    medium->hash ^= sim_mix(at, medium->sectors[at]->hash) ^ sim_mix(at, sector->hash);
    medium->sectors[at] = sector;
}

void sim_medium_flip(struct bough_arena *arena, struct sim_medium *medium, uint64_t byte,
                     uint8_t with)
{
    uint32_t at = (uint32_t)(byte / SIM_SECTOR_BYTES);
    uint8_t bytes[SIM_SECTOR_BYTES];

    memcpy(bytes, medium->sectors[at]->bytes, sizeof(bytes));
    bytes[byte % SIM_SECTOR_BYTES] ^= with;
    sim_medium_set(medium, at, sim_medium_sector(arena, bytes));
}

void sim_medium_dump(const struct sim_medium *medium, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return;
    for (uint32_t i = 0; i < medium->sector_count; i++)
        (void)fwrite(medium->sectors[i]->bytes, 1, SIM_SECTOR_BYTES, file);
    (void)fclose(file);
    printf("the disk is in %s\n", path);
}
