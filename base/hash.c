/* SPDX-License-Identifier: ISC
 *
 * hash.c - BLAKE2b-256 over libb2, hexadecimal names, and SipHash-1-3.
 *
 * SipHash follows the description by Aumasson and Bernstein (2012) with one compression and three
 * finalisation rounds.
 */
#include "hash.h"
#include "hex.h"
#include <assert.h>
#include <blake2.h>

/* libb2 exports its portable variant without declaring it. */
int blake2b_init_param_ref(blake2b_state *state, const blake2b_param *param);
int blake2b_update_ref(blake2b_state *state, const uint8_t *at, size_t len);
int blake2b_final_ref(blake2b_state *state, uint8_t *into, size_t len);

_Static_assert(sizeof(blake2b_state) <= sizeof(((struct hash_state *)0)->opaque),
               "hash_state is too small for libb2's state");

static blake2b_state *state_of(struct hash_state *state)
{
    return (blake2b_state *)(void *)state->opaque;
}

void hash_begin(struct hash_state *state, uint32_t tag)
{
    blake2b_param param = {.digest_length = BOUGH_HASH_BYTES, .fanout = 1, .depth = 1};

    memcpy(param.personal, "bough", 5);
    param.personal[12] = (uint8_t)(tag >> 24);
    param.personal[13] = (uint8_t)(tag >> 16);
    param.personal[14] = (uint8_t)(tag >> 8);
    param.personal[15] = (uint8_t)tag;
    int status = blake2b_init_param_ref(state_of(state), &param);
    assert(status == 0);
    (void)status;
}

void hash_add(struct hash_state *state, struct bough_bytes bytes)
{
    if (bytes.len > 0)
        (void)blake2b_update_ref(state_of(state), bytes.at, bytes.len);
}

void hash_end(struct hash_state *state, struct bough_hash *hash)
{
    int status = blake2b_final_ref(state_of(state), hash->at, BOUGH_HASH_BYTES);

    assert(status == 0);
    (void)status;
}

void hash_of(uint32_t tag, struct bough_bytes bytes, struct bough_hash *hash)
{
    struct hash_state state;

    hash_begin(&state, tag);
    hash_add(&state, bytes);
    hash_end(&state, hash);
}

void hash_hex(const struct bough_hash *hash, char text[2 * BOUGH_HASH_BYTES + 1])
{
    hex_print(hash->at, BOUGH_HASH_BYTES, text);
}

bool hash_parse(struct bough_bytes text, struct bough_hash *hash)
{
    return hex_parse(text, hash->at, BOUGH_HASH_BYTES);
}

/* Written out so that compilers see one load. */
static inline uint64_t load64(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* By value, so that the state stays in registers. */
struct sip {
    uint64_t a, b, c, d;
};

static inline struct sip sip_round(struct sip v)
{
    v.a += v.b;
    v.b = rotate(v.b, 13) ^ v.a;
    v.a = rotate(v.a, 32);
    v.c += v.d;
    v.d = rotate(v.d, 16) ^ v.c;
    v.a += v.d;
    v.d = rotate(v.d, 21) ^ v.a;
    v.c += v.b;
    v.b = rotate(v.b, 17) ^ v.c;
    v.c = rotate(v.c, 32);
    return v;
}

static inline struct sip sip_word(struct sip v, uint64_t word)
{
    v.d ^= word;
    v = sip_round(v);
    v.a ^= word;
    return v;
}

uint64_t hash_keyed(const uint8_t key[16], const void *at, size_t len)
{
    const uint8_t *bytes = at;
    uint64_t k0 = load64(key);
    uint64_t k1 = load64(key + 8);
    struct sip v = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                    k1 ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)len << 56;
    size_t whole = len & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8)
        v = sip_word(v, load64(bytes + i));
    for (size_t i = whole; i < len; i++)
        last |= (uint64_t)bytes[i] << (8 * (i & 7));
    v = sip_word(v, last);
    v.c ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        v = sip_round(v);
    return v.a ^ v.b ^ v.c ^ v.d;
}
