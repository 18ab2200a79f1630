/* SPDX-License-Identifier: ISC
 *
 * bench_keys.c - what the storage benchmarks put.
 *
 * The constants are those of SplitMix64 (Steele, Lea, Flood 2014) and of Knuth's MMIX generator.
 */
#include "bench_keys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t bench_keys_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void bench_keys_make(uint64_t i, char key[BENCH_KEY_BYTES])
{
    uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15u >> 1; /* odd factor: no two are equal */

    key[0] = 'k';
    for (unsigned at = BENCH_KEY_BYTES - 1; at > 0; at--) {
        key[at] = (char)('0' + mixed % 10);
        mixed /= 10;
    }
}

static void make_value(uint64_t seed, char value[BENCH_VALUE_BYTES])
{
    for (size_t i = 0; i < BENCH_VALUE_BYTES; i += 4) {
        uint32_t word;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        word = (uint32_t)(seed >> 32);
        memcpy(value + i, &word, sizeof(word));
    }
}

void bench_keys_fill(struct bench_entry *entries, size_t count, uint64_t first, uint64_t below,
                     uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        bench_keys_make(below == 0 ? first + i : bench_keys_random(state) % below, entries[i].key);
        make_value(bench_keys_random(state), entries[i].value);
    }
}

void bench_keys_must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_storage: %s failed\n", what);
        exit(1);
    }
}
