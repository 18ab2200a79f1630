/* SPDX-License-Identifier: ISC
 *
 * seed.c - the entropy port: a pool that is hashed forward.
 *
 * Owns a key.  Output block n of a call is the hash of key and n; after each call the key becomes
 * the hash of itself, so that what was given out cannot be computed from the key later. (1) Nothing
 * is given out before a real source (RDSEED, RDRAND, virtio-rng) was mixed in: the counter's jitter
 * is mixed in as well, but nobody can say what it is worth. (2) All sources go through BLAKE2b
 * together: a bad one does not spoil a good one.
 */
#include "seed.h"

#include "cpu.h"
#include "hash.h"
#include <string.h>

#define TAG_MIX        100u /* domains of base/hash.h, above 64 */
#define TAG_OUT        101u
#define TAG_NEXT       102u
#define CPUID_RDRAND   (1u << 30) /* leaf 1, ECX */
#define CPUID_RDSEED   (1u << 18) /* leaf 7, EBX */
#define TRIES          64u
#define WORDS          8u
#define JITTER_SAMPLES 64u
#define RESEED_BYTES   (1u << 20)

/* Hashes `bytes` into the key. */
static void stir(struct seed *seed, uint32_t tag, struct bough_bytes bytes)
{
    struct hash_state state;

    hash_begin(&state, tag);
    hash_add(&state, bough_bytes_of(seed->key.at, sizeof(seed->key.at)));
    hash_add(&state, bytes);
    hash_end(&state, &seed->key);
}

void seed_mix(struct seed *seed, const char *name, struct bough_bytes bytes)
{
    size_t used = strlen(seed->names);
    size_t len = strlen(name);

    assert(bytes.len > 0);
    stir(seed, TAG_MIX, bytes);
    seed->good = true;
    if (strstr(seed->names, name) != NULL || used + len + 2 > sizeof(seed->names))
        return;
    if (used > 0)
        seed->names[used++] = ' ';
    memcpy(seed->names + used, name, len + 1);
}

/* `WORDS` words of one of the processor's generators; false when it stays silent. */
static bool draw_words(bool (*draw)(uint64_t *), uint64_t words[WORDS])
{
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t tries = 0;

        while (!draw(&words[i])) {
            if (++tries == TRIES)
                return false;
            cpu_pause();
        }
    }
    /* Some processors have answered the same for ever after a resume. */
    return words[0] != words[1] || words[1] != words[2];
}

static void mix_processor(struct seed *seed)
{
    uint64_t words[WORDS];

    if (cpu_identify(0, 0).a >= 7 && (cpu_identify(7, 0).b & CPUID_RDSEED) != 0 &&
        draw_words(cpu_random_seed, words))
        seed_mix(seed, "rdseed", bough_bytes_of(words, sizeof(words)));
    if ((cpu_identify(1, 0).c & CPUID_RDRAND) != 0 && draw_words(cpu_random, words))
        seed_mix(seed, "rdrand", bough_bytes_of(words, sizeof(words)));
}

static void mix_jitter(struct seed *seed)
{
    uint64_t samples[JITTER_SAMPLES];

    for (uint32_t i = 0; i < JITTER_SAMPLES; i++) {
        samples[i] = cpu_ticks();
        (void)cpu_identify(0, 0); /* leaves the guest: as uneven as it gets */
    }
    stir(seed, TAG_MIX, bough_bytes_of(samples, sizeof(samples)));
}

static enum bough_err seed_fill(struct bough_entropy *base, void *into, size_t len)
{
    struct seed *seed = (struct seed *)base;
    uint8_t *to = into;
    size_t left = len;

    if (!seed->good)
        return BOUGH_NOT_READY;
    if (seed->drawn_bytes > RESEED_BYTES) {
        mix_processor(seed);
        seed->drawn_bytes = 0;
    }
    for (uint64_t block = 0; left > 0; block++) {
        size_t step = left < BOUGH_HASH_BYTES ? left : BOUGH_HASH_BYTES;
        struct hash_state state;
        struct bough_hash out;

        hash_begin(&state, TAG_OUT);
        hash_add(&state, bough_bytes_of(seed->key.at, sizeof(seed->key.at)));
        hash_add(&state, bough_bytes_of(&block, sizeof(block)));
        hash_end(&state, &out);
        memcpy(to, out.at, step);
        to += step;
        left -= step;
    }
    seed->drawn_bytes += len;
    stir(seed, TAG_NEXT, bough_bytes_of(NULL, 0));
    return BOUGH_OK;
}

static const struct bough_entropy_ops seed_ops = {.fill = seed_fill};

void seed_init(struct seed *seed)
{
    *seed = (struct seed){.base = {.ops = &seed_ops}};
    mix_jitter(seed);
    mix_processor(seed);
}
