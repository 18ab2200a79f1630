/* SPDX-License-Identifier: ISC
 *
 * bench_keys.h - what the storage benchmarks put: keys of 20 bytes, values of 100 that do not
 * compress.  All of it follows from numbers, and is made before a clock starts.
 */
#ifndef BENCH_KEYS_H
#define BENCH_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_KEY_BYTES   20u
#define BENCH_VALUE_BYTES 100u
#define BENCH_ENTRY_BYTES (BENCH_KEY_BYTES + BENCH_VALUE_BYTES)

struct bench_entry {
    char key[BENCH_KEY_BYTES];
    char value[BENCH_VALUE_BYTES];
};

/* The next random number (SplitMix64) after *state. */
uint64_t bench_keys_random(uint64_t *state);

/* Key number `i`, spread over the key space. */
void bench_keys_make(uint64_t i, char key[BENCH_KEY_BYTES]);

/* `count` entries with the keys first, first + 1...; with random keys below `below`, if it is not
 * 0.  Values are random. */
void bench_keys_fill(struct bench_entry *entries, size_t count, uint64_t first, uint64_t below,
                     uint64_t *state);

/* Ends the program with a line on standard error unless `ok`. */
void bench_keys_must(int ok, const char *what);

#endif
